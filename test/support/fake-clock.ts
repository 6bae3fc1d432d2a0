// A clock that stands still until a test moves it: timers and ends of turns run in order, without waiting.
import type { Clock, Timer } from '../../protocol/support/clock.ts'

interface Entry {
  readonly due: number
  readonly task: () => void
}

export class FakeClock implements Clock {
  #now = 1_000_000
  #timers: Entry[] = []
  #deferred: (() => void)[] = []
  #input: (() => void)[] = []

  now(): number {
    return this.#now
  }

  schedule(ms: number, task: () => void): Timer {
    const entry = { due: this.#now + Math.max(0, ms), task }
    this.#timers.push(entry)
    return {
      cancel: () => {
        this.#timers = this.#timers.filter(other => other !== entry)
      },
    }
  }

  defer(task: () => void): void {
    this.#deferred.push(task)
  }

  /** What is still going to happen: timers, and tasks for the end of this turn. */
  get scheduled(): number {
    return this.#timers.length + this.#deferred.length
  }

  /** Milliseconds until the next timer; undefined without one. */
  get nextTimer(): number | undefined {
    return this.#timers.length === 0 ? undefined : Math.min(...this.#timers.map(({ due }) => due)) - this.#now
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
    for (let timer = this.#take(end); timer !== undefined; timer = this.#take(end)) {
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

  /** Removes and returns the earliest timer that is due by `end`; of equal ones, the one scheduled first. */
  #take(end: number): Entry | undefined {
    let first: Entry | undefined
    for (const entry of this.#timers) {
      if (entry.due <= end && (first === undefined || entry.due < first.due)) first = entry
    }
    if (first !== undefined) this.#timers = this.#timers.filter(entry => entry !== first)
    return first
  }
}

/** Lets every promise that can settle do so: a macrotask begins only when no microtask is left. */
export function microtasks(): Promise<void> {
  return new Promise(resolve => {
    setImmediate(resolve)
  })
}
