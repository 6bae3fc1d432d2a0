// Typed events whose listeners cannot hurt each other: what one throws goes to the owner's hook, and all hear the same order.
import { isolated } from './isolated.ts'

type Listener<T> = (value: T) => void

export class Emitter<Events extends object> {
  readonly #listeners = new Map<keyof Events, Set<Listener<never>>>()
  readonly #onThrow: (error: unknown, event: keyof Events) => void
  /** What happens while listeners hear of something else, such as by what one of them does; null: they hear of nothing. */
  #waiting: (() => void)[] | null = null

  constructor(onThrow: (error: unknown, event: keyof Events) => void) {
    this.#onThrow = onThrow
  }

  /** Adds a listener; the returned function removes it. */
  on<Name extends keyof Events>(name: Name, listener: Listener<Events[Name]>): () => void {
    const entry: Listener<Events[Name]> = value => listener(value)
    const set = this.#listeners.get(name) ?? new Set()
    this.#listeners.set(name, set)
    set.add(entry)
    return () => {
      set.delete(entry)
    }
  }

  /** Tells it to all listeners, or, called by one of them, as soon as all have heard what this one is hearing. */
  emit<Name extends keyof Events>(name: Name, value: Events[Name]): void {
    if (this.#waiting !== null) {
      this.#waiting.push(() => this.#tell(name, value))
      return
    }
    const waiting: (() => void)[] = []
    this.#waiting = waiting
    try {
      this.#tell(name, value)
      // Grows on the way.
      for (const next of waiting) next()
    } finally {
      this.#waiting = null
    }
  }

  count(name: keyof Events): number {
    return this.#listeners.get(name)?.size ?? 0
  }

  #tell<Name extends keyof Events>(name: Name, value: Events[Name]): void {
    const set = this.#listeners.get(name)
    if (set === undefined) return
    for (const listener of [...set] as Listener<Events[Name]>[]) {
      isolated(
        () => listener(value),
        error => this.#onThrow(error, name),
      )
    }
  }
}
