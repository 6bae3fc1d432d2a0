// Typed events whose listeners cannot hurt each other: what one throws goes to the owner's hook, and all hear the same order.
import { isolated } from './isolated.ts'

type Listener<T> = (value: T) => void

export class Emitter<Events extends object> {
  readonly #listeners = new Map<keyof Events, Set<Listener<never>>>()
  readonly #onThrow: (error: unknown, event: keyof Events) => void
  /** What comes while listeners hear of something else, such as by what one of them does; null: they hear of nothing. */
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

  /**
   * Tells it to all who listen now: at once, or, called by a listener, as soon as all have heard what this one is hearing.
   */
  emit<Name extends keyof Events>(name: Name, value: Events[Name]): void {
    const set = this.#listeners.get(name)
    if (set === undefined) return
    // Who begins to listen while this waits was not there when it happened.
    const listeners = [...set] as Listener<Events[Name]>[]
    const tell = (): void => this.#tell(name, value, listeners)
    if (this.#waiting === null) this.#run([tell])
    else this.#waiting.push(tell)
  }

  /** All that the task emits is told in a row: what a listener does about the first comes behind the last. */
  together(task: () => void): void {
    if (this.#waiting === null) this.#run([task])
    else task()
  }

  /** Runs the task when all have heard what was told before: at once, unless a listener is hearing of something. */
  afterwards(task: () => void): void {
    if (this.#waiting === null) task()
    else this.#waiting.push(task)
  }

  /** True while listeners hear of something: who calls may be one of them. */
  get telling(): boolean {
    return this.#waiting !== null
  }

  count(name: keyof Events): number {
    return this.#listeners.get(name)?.size ?? 0
  }

  /** Runs the tasks, and those that come on the way. */
  #run(tasks: (() => void)[]): void {
    this.#waiting = tasks
    try {
      for (const task of tasks) task()
    } finally {
      this.#waiting = null
    }
  }

  #tell<Name extends keyof Events>(
    name: Name,
    value: Events[Name],
    listeners: readonly Listener<Events[Name]>[],
  ): void {
    for (const listener of listeners) {
      if (!this.#listeners.get(name)?.has(listener)) continue
      isolated(
        () => listener(value),
        error => this.#onThrow(error, name),
      )
    }
  }
}
