// Timers of a clock that is moved by hand.
import type { Timer } from '../../protocol/support/clock.ts'

export interface TimerEntry {
  readonly due: number
  readonly task: () => void
}

export class TimerList {
  // Few at a time: a list that is searched is enough.
  readonly #entries = new Set<TimerEntry>()

  get size(): number {
    return this.#entries.size
  }

  /** When the earliest is due; undefined without any. */
  get next(): number | undefined {
    return this.#earliest(Number.POSITIVE_INFINITY)?.due
  }

  add(due: number, task: () => void): Timer {
    const entry = { due, task }
    this.#entries.add(entry)
    return { cancel: () => this.#entries.delete(entry) }
  }

  /** Removes and returns the earliest that is due by `end`; of equal ones, the one that was added first. */
  takeDue(end: number): TimerEntry | undefined {
    const first = this.#earliest(end)
    if (first !== undefined) this.#entries.delete(first)
    return first
  }

  #earliest(end: number): TimerEntry | undefined {
    let first: TimerEntry | undefined
    for (const entry of this.#entries) {
      if (entry.due <= end && (first === undefined || entry.due < first.due)) first = entry
    }
    return first
  }
}
