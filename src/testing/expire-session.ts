// Expires a session on purpose: a second connection takes it over and closes it, as only its owner can.
import type { SessionCredentials } from '../../protocol/index.ts'
import { formatSessionId, ZooKeeper, ZooKeeperError } from '../../protocol/index.ts'

const MOST_ROUNDS = 10
const PATIENCE = 10_000

/**
 * Resolves when the server has ended the session. The client that holds it is told at its next reconnect, which
 * follows at once. `servers` must lead to the same ensemble. Rejects when the servers do not answer.
 */
export async function expireSession(servers: string, session: SessionCredentials): Promise<void> {
  for (let round = 1; round <= MOST_ROUNDS; round++) {
    const taker = new ZooKeeper(servers, { session, onExpired: 'close' })
    try {
      await taker.connect({ timeout: PATIENCE })
    } catch (error) {
      if (ZooKeeperError.is(error, 'SESSION_EXPIRED')) return
      throw error
    } finally {
      // The owner may take it back before the close is through: then the next round finds it alive.
      await taker.close()
    }
  }
  throw new Error(`session ${formatSessionId(session.id)} is taken back faster than it can be closed`)
}
