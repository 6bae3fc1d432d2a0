// Whether what was read is known to be true now: only once the watches have told what was missed without a connection.
import type { ZooKeeper, ZooKeeperEvents } from '../../protocol/index.ts'
import { isLinked } from '../../protocol/index.ts'
import { systemClock, unreferencedClock } from '../../protocol/support/clock.ts'
import { logger } from '../../protocol/support/log.ts'
import { isPassing } from '../recipes/persistence.ts'

const log = logger('registry')

/** Milliseconds before the servers are asked again whether they have told all. */
const CONFIRM_AGAIN = 200

export class Confirmation {
  readonly #zk: ZooKeeper
  #confirmed = false
  /** The session lives at least until then. */
  #aliveUntil = 0
  /** Names the connection at hand. */
  #link: symbol | null = null

  constructor(zk: ZooKeeper) {
    this.#zk = zk
    // From then on no change is told any more, though the link stays until the servers have let the session go.
    zk.on('closing', () => {
      this.#confirmed = false
    })
  }

  /** Asks the clock too: right after this process stood still, nothing has told yet that the session is gone. */
  get given(): boolean {
    if (!this.#confirmed || !isLinked(this.#zk.state)) return false
    const now = systemClock.now()
    // Looked up when it is due: every read from memory asks.
    if (now >= this.#aliveUntil) this.#aliveUntil = now + this.#zk.sessionRemaining
    return now < this.#aliveUntil
  }

  follow({ state, previous, generation }: ZooKeeperEvents['state']): void {
    this.#aliveUntil = 0
    if (isLinked(state) && isLinked(previous)) return
    // On the first connection there is no watch yet that could have missed something.
    this.#confirmed = isLinked(state) && generation === 1 && previous === 'connecting'
    if (isLinked(state) && !this.#confirmed) this.#ask()
  }

  /** Whatever is asked behind the re-armed watches is answered behind their events. */
  #ask(): void {
    const link = Symbol('link')
    this.#link = link
    const current = (): boolean => this.#link === link && isLinked(this.#zk.state)
    const told = (): void => {
      if (current()) this.#confirmed = true
    }
    const ask = (): void => {
      if (!current()) return
      this.#zk.exists('/').then(told, error => {
        // A refusal is an answer too; without one, snapshots would be stale for as long as the connection lasts.
        if (!isPassing(error)) return told()
        log('not confirmed: %s', error)
        unreferencedClock.schedule(CONFIRM_AGAIN, ask)
      })
    }
    ask()
  }
}
