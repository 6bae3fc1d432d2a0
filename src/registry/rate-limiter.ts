// Slows a registry's calls down to an average, by the formula of the Python package, without blocking the process.
import { abortable, delay, onAbort } from '../../protocol/support/abort.ts'
import type { Clock } from '../../protocol/support/clock.ts'

export interface RateLimit {
  /** Over how many calls the average is taken; fractions are cut off, and 0 means no limit. Default 50. */
  calls?: number
  /** Milliseconds that a call may take on average. Default 2000. */
  interval?: number
}

/** When a call was let through, and from its end on, when it ended. */
interface Mark {
  at: number
}

/**
 * Once more than `calls` calls are known: average = time since the end of the call that is `calls` calls back, divided
 * by `calls`. An average below `interval` costs one pause of the difference. Callers go through one after the other,
 * in the order in which they came; those who are through may be under way together.
 */
export class RateLimiter {
  readonly #clock: Clock
  readonly #calls: number
  readonly #interval: number
  readonly #marks: Mark[] = []
  #last: Promise<unknown> = Promise.resolve()
  /** Aborts with the next `cancel`. */
  #cancelled = new AbortController()

  constructor(clock: Clock, { calls, interval }: Required<RateLimit>) {
    this.#clock = clock
    this.#calls = Math.floor(calls)
    this.#interval = interval
  }

  /** Runs the task when its turn has come. Rejects with the signal's reason at once; the next one moves up. */
  async run<T>(signal: AbortSignal | undefined, task: () => Promise<T>): Promise<T> {
    if (this.#calls === 0) return task()
    const mark = await this.#turn(signal)
    try {
      return await task()
    } finally {
      mark.at = this.#clock.now()
    }
  }

  /** Rejects everybody who waits for his turn. */
  cancel(reason: unknown): void {
    this.#cancelled.abort(reason)
    this.#cancelled = new AbortController()
  }

  async #turn(signal: AbortSignal | undefined): Promise<Mark> {
    const given = new AbortController()
    const offs = [signal, this.#cancelled.signal].map(each => onAbort(each, reason => given.abort(reason)))
    const turn = this.#last.then(() => this.#pass(given.signal))
    this.#last = turn.catch(() => {})
    try {
      return await abortable(turn, given.signal)
    } finally {
      for (const off of offs) off()
    }
  }

  async #pass(signal: AbortSignal): Promise<Mark> {
    signal.throwIfAborted()
    const pause = this.#pause()
    if (pause > 0) await delay(this.#clock, pause, signal)
    const mark = { at: this.#clock.now() }
    this.#marks.push(mark)
    if (this.#marks.length > this.#calls + 1) this.#marks.shift()
    return mark
  }

  #pause(): number {
    if (this.#marks.length <= this.#calls) return 0
    const since = this.#marks.at(-this.#calls) as Mark
    return Math.max(0, this.#interval - (this.#clock.now() - since.at) / this.#calls)
  }
}
