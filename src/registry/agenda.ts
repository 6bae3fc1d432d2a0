// Many appointments on one timer: ten thousand registrations would otherwise keep ten thousand timers.
import type { Clock, Timer } from '../../protocol/support/clock.ts'

/** A heap of alarms, the earliest first; each knows its place, so that it can be moved and taken out. */
export class Agenda {
  readonly #clock: Clock
  readonly #heap: Alarm[] = []
  #timer: Timer | null = null
  #timerDue = Number.POSITIVE_INFINITY

  constructor(clock: Clock) {
    this.#clock = clock
  }

  get clock(): Clock {
    return this.#clock
  }

  get size(): number {
    return this.#heap.length
  }

  /** For alarms only. */
  place(alarm: Alarm): void {
    if (alarm.index < 0) {
      alarm.index = this.#heap.length
      this.#heap.push(alarm)
    }
    this.#sink(this.#rise(alarm.index))
    this.#arm()
  }

  /** For alarms only. */
  remove(alarm: Alarm): void {
    const { index } = alarm
    if (index < 0) return
    alarm.index = -1
    const last = this.#heap.pop() as Alarm
    if (last !== alarm) {
      this.#put(last, index)
      this.#sink(this.#rise(index))
    }
    this.#arm()
  }

  /** A timer that is too early finds nothing due and is set again: cheaper than to move it at every change. */
  #arm(): void {
    const first = this.#heap[0]
    if (first === undefined) {
      this.#timer?.cancel()
      this.#timer = null
      this.#timerDue = Number.POSITIVE_INFINITY
    } else if (first.due < this.#timerDue) {
      this.#timer?.cancel()
      this.#timerDue = first.due
      this.#timer = this.#clock.schedule(first.due - this.#clock.now(), () => this.#ring())
    }
  }

  #ring(): void {
    this.#timer = null
    this.#timerDue = Number.POSITIVE_INFINITY
    const now = this.#clock.now()
    // Whatever they ask for next is due later than now, or waits for the next timer.
    const due: Alarm[] = []
    for (let first = this.#heap[0]; first !== undefined && first.due <= now; first = this.#heap[0]) {
      due.push(first)
      this.remove(first)
    }
    for (const alarm of due) alarm.ring()
    this.#arm()
  }

  #put(alarm: Alarm, index: number): void {
    this.#heap[index] = alarm
    alarm.index = index
  }

  #rise(from: number): number {
    const alarm = this.#heap[from] as Alarm
    let index = from
    while (index > 0) {
      const above = (index - 1) >> 1
      const parent = this.#heap[above] as Alarm
      if (parent.due <= alarm.due) break
      this.#put(parent, index)
      index = above
    }
    this.#put(alarm, index)
    return index
  }

  #sink(from: number): void {
    const alarm = this.#heap[from] as Alarm
    let index = from
    for (;;) {
      const left = 2 * index + 1
      const [one, other] = [this.#heap[left], this.#heap[left + 1]]
      if (one === undefined) break
      const below = other !== undefined && other.due < one.due ? left + 1 : left
      const child = this.#heap[below] as Alarm
      if (child.due >= alarm.due) break
      this.#put(child, index)
      index = below
    }
    this.#put(alarm, index)
  }
}

/** One appointment, used again and again. */
export class Alarm {
  /** Place in the heap; -1 outside. Of no concern to owners. */
  index = -1
  #due = Number.POSITIVE_INFINITY
  readonly #agenda: Agenda
  readonly #task: () => void

  constructor(agenda: Agenda, task: () => void) {
    this.#agenda = agenda
    this.#task = task
  }

  /** When it rings, by the agenda's clock; Infinity while it is not set. */
  get due(): number {
    return this.#due
  }

  /** Moves it to another time. */
  set(due: number): void {
    if (due === this.#due) return
    this.#due = due
    if (due === Number.POSITIVE_INFINITY) this.#agenda.remove(this)
    else this.#agenda.place(this)
  }

  clear(): void {
    this.set(Number.POSITIVE_INFINITY)
  }

  /** For the agenda only. */
  ring(): void {
    // Cleared, or set anew, by one that rang just before it.
    if (this.#due === Number.POSITIVE_INFINITY || this.index >= 0) return
    this.#due = Number.POSITIVE_INFINITY
    this.#task()
  }
}
