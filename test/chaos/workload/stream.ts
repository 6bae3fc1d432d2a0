// Listens to everything below the watched znode as long as the client lives, and reads again where a resync asks for it.
import { isTerminal } from '../../../protocol/index.ts'
import { delay } from '../../../protocol/support/abort.ts'
import { systemClock } from '../../../protocol/support/clock.ts'
import type { Stream, StreamEvent } from '../history.ts'
import { WATCHED, WRITTEN } from './places.ts'
import type { Player } from './player.ts'

/** Milliseconds. */
const AGAIN = 50

/** A stream that could not be armed in time throws, and its reader begins another one. */
export async function listen(player: Player): Promise<void> {
  const { recorder, zk } = player
  while (!isTerminal(zk.state)) {
    const stream: Stream = { client: player.name, path: WATCHED, events: [] }
    recorder.history.streams.push(stream)
    try {
      for await (const { type, path, zxid } of zk.watch(WATCHED, { recursive: true })) {
        const event: StreamEvent = { ...recorder.moment(), type, path, zxid, read: {} }
        stream.events.push(event)
        if (type === 'resync') for (const register of WRITTEN) void read(player, register, event)
      }
    } catch {
      // With events, it would have ended without being asked: the check of streams sees what is missing from then on.
      await delay(systemClock, AGAIN)
    }
  }
}

/** As long as it takes: a reader that gives up knows nothing. */
async function read({ zk }: Player, path: string, { read: versions }: StreamEvent): Promise<void> {
  const stat = await zk.exists(path, { timeout: Number.POSITIVE_INFINITY }).catch(() => null)
  if (stat !== null) versions[path] = stat.version
}
