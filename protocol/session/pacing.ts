// When the next attempt to connect may be made. It outlives sessions: one that is lost at once must not begin anew.
import { delay } from '../support/abort.ts'
import { Backoff } from '../support/backoff.ts'
import type { Clock } from '../support/clock.ts'

const SHORTEST_BACKOFF = 50
const LONGEST_BACKOFF = 30_000
/** So often, in milliseconds, a restart takes a pause away. */
const RESTART_INTERVAL = 1000

export interface AttemptOver {
  /** When, on the monotonic clock. */
  readonly at: number
  /** True when the list of servers was gone through to its end. */
  readonly lap?: boolean
  /** Addresses in the list. */
  readonly servers: number
  /** Session timeout while there is a session to save, in milliseconds; null when there is none. */
  readonly saving?: number | null
}

export class Pacing {
  readonly #backoff: Backoff
  /** Short connections in a row. */
  short = 0
  /** No attempt is made before this time, on the monotonic clock. */
  #due: number = Number.NEGATIVE_INFINITY
  /** Attempts since the newest pause. */
  #tried = 0
  /** True while an attempt is made, or its connection lives. */
  #isUnderWay = false
  /** When a restart began at once for the last time. */
  #hurriedAt: number = Number.NEGATIVE_INFINITY

  /** `random`: uniform in [0, 1). */
  constructor(random: () => number) {
    this.#backoff = new Backoff({ base: SHORTEST_BACKOFF, cap: LONGEST_BACKOFF, random })
  }

  /** Waits until an attempt may be made, or the signal aborts. */
  async turn(clock: Clock, signal: AbortSignal): Promise<void> {
    const pause = this.#due - clock.now()
    if (pause > 0) await delay(clock, pause, signal).catch(() => {})
    if (!signal.aborted) this.#isUnderWay = true
  }

  /** A connection has lasted: the trouble is over, and the next pauses are short. */
  proven(): void {
    this.#backoff.reset()
    this.#tried = 0
  }

  /** An attempt failed, or its connection ended. To be called before anybody hears of it: a listener may restart. */
  over({ at, servers, lap = false, saving = null }: AttemptOver): void {
    this.#isUnderWay = false
    this.#tried++
    // While a server is left to try, there is nothing to wait for. A list that is replaced on the way has no end.
    if (!lap && this.#tried < servers) return
    this.#tried = 0
    // While there is a session to save, the next attempt must come before it expires.
    this.#backoff.cap = saving === null ? LONGEST_BACKOFF : Math.max(saving / 4, 1)
    this.#due = at + this.#backoff.next()
  }

  /**
   * A restart tries at once, but no more than once a second. One by a listener may be the answer to each attempt: it
   * waits as long as the client would have by itself.
   */
  restarted(ended: Pick<AttemptOver, 'at' | 'servers'>, byListener: boolean): void {
    if (this.#isUnderWay) this.over(ended)
    if (byListener) return
    const { at } = ended
    const free = this.#hurriedAt + RESTART_INTERVAL
    if (at >= free) this.#hurriedAt = at
    this.#due = Math.min(this.#due, Math.max(at, free))
  }
}
