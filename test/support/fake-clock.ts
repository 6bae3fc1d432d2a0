// A clock that stands still until a test moves it: timers and ends of turns run in order, without waiting.
import type { Clock, Timer } from '../../protocol/support/clock.ts'
import { TimerList } from '../../src/testing/timer-list.ts'

export class FakeClock implements Clock {
  #now = 1_000_000
  readonly #timers = new TimerList()
  #deferred: (() => void)[] = []
  #input: (() => void)[] = []

  now(): number {
    return this.#now
  }

  schedule(ms: number, task: () => void): Timer {
    return this.#timers.add(this.#now + Math.max(0, ms), task)
  }

  defer(task: () => void): void {
    this.#deferred.push(task)
  }

  /** What is still going to happen: timers, and tasks for the end of this turn. */
  get scheduled(): number {
    return this.#timers.size + this.#deferred.length
  }

  /** Milliseconds until the next timer; undefined without one. */
  get nextTimer(): number | undefined {
    const { next } = this.#timers
    return next === undefined ? undefined : next - this.#now
  }

  /** Ends turns of the event loop until nothing happens any more. Time stands still. */
  async settle(): Promise<void> {
    await microtasks()
    while (this.#deferred.length > 0) {
      await this.endTurn()
    }
  }

  /** Runs what waits for the end of this turn, and the microtasks that follow from it. */
  async endTurn(): Promise<void> {
    for (const task of this.#deferred.splice(0)) task()
    await microtasks()
  }

  /** Moves the time, stopping at each timer on the way. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms
    await this.settle()
    for (let timer = this.#timers.takeDue(end); timer !== undefined; timer = this.#timers.takeDue(end)) {
      this.#now = Math.max(this.#now, timer.due)
      timer.task()
      for (const task of this.#input.splice(0)) task()
      await this.settle()
    }
    this.#now = end
    await this.settle()
  }

  /** Moves the time while the process stands still, as after SIGSTOP: no timer runs until the next `advance`. */
  stall(ms: number): void {
    this.#now += ms
  }

  /** Runs `task` where an event loop reads its sockets: after the next timer, before the end of its turn. */
  afterNextTimer(task: () => void): void {
    this.#input.push(task)
  }
}

/** Lets every promise that can settle do so: a macrotask begins only when no microtask is left. */
export function microtasks(): Promise<void> {
  return new Promise(resolve => {
    setImmediate(resolve)
  })
}
