// A clock that stands still until somebody moves it, for a server or a client under test.
import type { Clock, Timer } from '../../protocol/support/clock.ts'
import { TimerList } from './timer-list.ts'

/**
 * ```ts
 * import { EmbeddedZooKeeper } from 'nd-service-registry/embedded'
 * import { ManualClock } from 'nd-service-registry/testing'
 *
 * const clock = new ManualClock()
 * await using server = await EmbeddedZooKeeper.start({ clock })
 * clock.advance(60_000)   // sessions expire that were not heard of, znodes with a time to live are reaped
 * ```
 * Its time moves with `advance` only; sockets and promises go on as ever. Its timers do not keep the process from ending.
 */
export class ManualClock implements Clock {
  readonly #timers = new TimerList()
  #now = 0

  /** Milliseconds since the clock was made, as far as it was moved. */
  now(): number {
    return this.#now
  }

  schedule(ms: number, task: () => void): Timer {
    return this.#timers.add(this.#now + Math.max(0, ms), task)
  }

  defer(task: () => void): void {
    setImmediate(task)
  }

  /** How many timers wait. */
  get scheduled(): number {
    return this.#timers.size
  }

  /**
   * Moves the time by so many milliseconds, and calls what falls due on the way, each at its time and in order.
   * What a timer throws comes out here, and leaves the clock at that timer's time. Throws RangeError for a negative number.
   */
  advance(ms: number): void {
    if (!(ms >= 0)) throw new RangeError(`time does not go back: ${ms} ms`)
    const end = this.#now + ms
    for (let next = this.#timers.takeDue(end); next !== undefined; next = this.#timers.takeDue(end)) {
      this.#now = Math.max(this.#now, next.due)
      next.task()
    }
    this.#now = end
  }
}
