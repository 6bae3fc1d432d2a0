// What has to be read, by kind of read: a path is in each kind once, however many events ask for it.

/**
 * - `list`: the names of the children.
 * - `verify`: the Stat only; the rest where it differs from what is known.
 * - `get`: the data.
 */
export type Step = 'list' | 'verify' | 'get'

export class Agenda {
  readonly #paths: Readonly<Record<Step, Set<string>>> = {
    list: new Set(),
    verify: new Set(),
    get: new Set(),
  }

  /** Where `take` is: begun anew each time, it would step over all that was taken before. */
  readonly #cursors = new Map<Step, IterableIterator<string>>()

  get size(): number {
    return this.#paths.list.size + this.#paths.verify.size + this.#paths.get.size
  }

  has(step: Step): boolean {
    return this.#paths[step].size > 0
  }

  add(step: Step, path: string): void {
    this.#paths[step].add(path)
  }

  /** The path that waits longest for this kind of read, removed. */
  take(step: Step): string | undefined {
    const paths = this.#paths[step]
    if (paths.size === 0) return undefined
    const cursor = this.#cursors.get(step) ?? paths.values()
    this.#cursors.set(step, cursor)
    const { value, done } = cursor.next()
    if (done === true) {
      this.#cursors.delete(step)
      return this.take(step)
    }
    paths.delete(value)
    return value
  }

  /** Takes over everything that another one holds. */
  absorb(other: Agenda): void {
    for (const step of ['list', 'verify', 'get'] as const) {
      for (const path of other.#paths[step]) this.#paths[step].add(path)
      other.#paths[step].clear()
    }
  }
}
