// A first-in, first-out queue over a growing ring: constant time at both ends, no allocation per item.

const SMALLEST = 16

export class Fifo<T> {
  #slots: (T | undefined)[] = new Array(SMALLEST).fill(undefined)
  #head = 0
  #size = 0

  get size(): number {
    return this.#size
  }

  push(item: T): void {
    if (this.#size === this.#slots.length) this.#resize(this.#size * 2)
    this.#slots[(this.#head + this.#size) & (this.#slots.length - 1)] = item
    this.#size++
  }

  /** Puts an item back in front of the others. */
  unshift(item: T): void {
    if (this.#size === this.#slots.length) this.#resize(this.#size * 2)
    this.#head = (this.#head - 1) & (this.#slots.length - 1)
    this.#slots[this.#head] = item
    this.#size++
  }

  shift(): T | undefined {
    if (this.#size === 0) return undefined
    const item = this.#slots[this.#head]
    this.#slots[this.#head] = undefined
    this.#head = (this.#head + 1) & (this.#slots.length - 1)
    this.#size--
    return item
  }

  peek(): T | undefined {
    return this.#size === 0 ? undefined : this.#slots[this.#head]
  }

  /** Empties the queue and returns what was in it, oldest first. */
  drain(): T[] {
    const items = [...this]
    this.#slots = new Array(SMALLEST).fill(undefined)
    this.#head = 0
    this.#size = 0
    return items
  }

  *[Symbol.iterator](): IterableIterator<T> {
    for (let i = 0; i < this.#size; i++) {
      yield this.#slots[(this.#head + i) & (this.#slots.length - 1)] as T
    }
  }

  #resize(length: number): void {
    const slots: (T | undefined)[] = new Array(length).fill(undefined)
    let i = 0
    for (const item of this) slots[i++] = item
    this.#slots = slots
    this.#head = 0
  }
}
