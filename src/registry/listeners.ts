// The listeners of a source, in the order in which they came.

export class Listeners {
  readonly #all = new Set<() => void>()

  add(listener: () => void): () => void {
    const entry = (): void => listener()
    this.#all.add(entry)
    return () => void this.#all.delete(entry)
  }

  /** One that is removed on the way is not called any more. */
  call(): void {
    for (const listener of [...this.#all]) if (this.#all.has(listener)) listener()
  }

  clear(): void {
    this.#all.clear()
  }
}
