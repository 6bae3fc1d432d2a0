// On a read-only server: asks the others, one after the other, until one of them takes writes.
import { fourLetterWord } from '../net/four-letter-word.ts'
import type { ServerList } from '../net/server-list.ts'
import type { Address, Connector } from '../net/transport.ts'
import { delay, withDeadline } from '../support/abort.ts'
import type { Clock } from '../support/clock.ts'
import { logger } from '../support/log.ts'

const log = logger('session')

/** As in Java's ClientCnxn: the pauses double up to a minute. */
const FIRST_PAUSE = 100
const LONGEST_PAUSE = 60_000
const PATIENCE = 1000

export interface SearchInput {
  readonly clock: Clock
  readonly servers: ServerList
  readonly connect: Connector
  /** Ends the search, such as with the connection. */
  readonly signal: AbortSignal
}

/** The address of a server that answers `isro` with `rw`; rejects when the signal aborts. */
export async function findWritable({ clock, servers, connect, signal }: SearchInput): Promise<Address> {
  for (let pause = FIRST_PAUSE; ; pause = Math.min(pause * 2, LONGEST_PAUSE)) {
    await delay(clock, pause, signal)
    const late = (): Error => new Error('no answer to isro')
    try {
      const found = await withDeadline(clock, PATIENCE, late, signal, async inner => {
        const address = await servers.next(inner)
        return (await fourLetterWord(address, connect, 'isro', inner)).trim() === 'rw' ? address : null
      })
      if (found !== null) return found
    } catch (error) {
      signal.throwIfAborted()
      log('search for a writable server: %s', error)
    }
  }
}
