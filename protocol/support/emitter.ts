// Typed events whose listeners cannot hurt each other: what one throws goes to the owner's hook.
import { isolated } from './isolated.ts'

type Listener<T> = (value: T) => void

export class Emitter<Events extends object> {
  readonly #listeners = new Map<keyof Events, Set<Listener<never>>>()
  readonly #onThrow: (error: unknown, event: keyof Events) => void

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

  emit<Name extends keyof Events>(name: Name, value: Events[Name]): void {
    const set = this.#listeners.get(name)
    if (set === undefined) return
    for (const listener of [...set] as Listener<Events[Name]>[]) {
      isolated(
        () => listener(value),
        error => this.#onThrow(error, name),
      )
    }
  }

  count(name: keyof Events): number {
    return this.#listeners.get(name)?.size ?? 0
  }
}
