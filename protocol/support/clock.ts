// The clock port: monotonic time, timers and "end of this turn", replaced as one by tests.
import { performance } from 'node:perf_hooks'

export interface Timer {
  cancel(): void
}

export interface Clock {
  /** Monotonic milliseconds. Never the wall clock: a changed date must not expire a session. */
  now(): number
  /** Calls `task` once after `ms` milliseconds. */
  schedule(ms: number, task: () => void): Timer
  /** Calls `task` once, after what is ready in this turn of the event loop has run. */
  defer(task: () => void): void
}

/** setTimeout turns a longer delay into 1 ms. */
const LONGEST_DELAY = 2 ** 31 - 1

class SystemTimer implements Timer {
  readonly #handle: ReturnType<typeof setTimeout>

  constructor(ms: number, task: () => void, ref: boolean) {
    this.#handle = setTimeout(task, Math.min(Math.max(0, Math.ceil(ms)), LONGEST_DELAY))
    if (!ref) this.#handle.unref()
  }

  cancel(): void {
    clearTimeout(this.#handle)
  }
}

function clockOf(ref: boolean): Clock {
  return {
    now: () => performance.now(),
    schedule: (ms, task) => new SystemTimer(ms, task, ref),
    defer: task => {
      setImmediate(task)
    },
  }
}

export const systemClock: Clock = clockOf(true)

/** Its timers do not keep the process from ending. */
export const unreferencedClock: Clock = clockOf(false)
