// Expires a session on purpose: a second connection takes it over and closes it, as only its owner can.
import type { SessionCredentials, ZooKeeperOptions } from '../../protocol/index.ts'
import { formatSessionId, ZooKeeper, ZooKeeperError } from '../../protocol/index.ts'
import type { EmbeddedZooKeeper } from '../embedded/index.ts'

const MOST_ROUNDS = 10
const PATIENCE = 10_000

/** What the connection that takes the session over needs beyond the server's address. */
export type TakeoverOptions = Pick<ZooKeeperOptions, 'tls' | 'sasl' | 'auth' | 'readOnly'>

/** Something that holds a client, such as a ServiceRegistry. */
export interface ClientHolder {
  readonly client: ZooKeeper
}

/**
 * Resolves when the server has ended the session. The client that holds it is told at its next reconnect, which
 * follows at once.
 *
 * - `expireSession(client)`: the session of a connected client, or of a registry. Rejects when it has none, or no link.
 * - `expireSession(servers, session)`: by id and password; `servers` must lead to the same ensemble.
 * - `expireSession(server, id)`: on the embedded server, by id alone. Rejects when there is no such session.
 *
 * Rejects when the servers do not answer.
 */
export function expireSession(client: ZooKeeper | ClientHolder, options?: TakeoverOptions): Promise<void>
export function expireSession(
  servers: string,
  session: SessionCredentials,
  options?: TakeoverOptions,
): Promise<void>
export function expireSession(server: EmbeddedZooKeeper, id: bigint): Promise<void>
export async function expireSession(
  target: ZooKeeper | ClientHolder | EmbeddedZooKeeper | string,
  session?: SessionCredentials | TakeoverOptions | bigint,
  options: TakeoverOptions = {},
): Promise<void> {
  if (typeof target === 'string') return takeOver(target, session as SessionCredentials, options)
  if ('expireSession' in target) {
    const id = session as bigint
    if (target.expireSession(id)) return
    throw new Error(`the server has no session ${formatSessionId(id)}`)
  }
  const client = target instanceof ZooKeeper ? target : target.client
  if (client.session === null || client.remote === null) {
    throw new Error('the client has no connection: name the servers and the session')
  }
  await takeOver(client.remote, client.session, session as TakeoverOptions | undefined)
}

async function takeOver(
  servers: string,
  session: SessionCredentials,
  options: TakeoverOptions = {},
): Promise<void> {
  for (let round = 1; round <= MOST_ROUNDS; round++) {
    const taker = new ZooKeeper(servers, { ...options, session, onExpired: 'close' })
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
