// Leases: who is using which instance now, and how it went.
import type { Instance } from '../formats/instance.ts'

/** Held while an instance is used: `using lease = view.acquire()`. */
export interface Lease extends Disposable {
  readonly instance: Instance
  /** Notes that the instance works. */
  success(): void
  /** Notes that the instance failed; some in a row eject it. */
  error(): void
  /** Ends the use; a second call does nothing. */
  release(): void
}

export interface LeasePort {
  success(instance: Instance): void
  error(instance: Instance): void
}

export class Leases {
  readonly #counts = new Map<string, number>()
  readonly #port: LeasePort

  constructor(port: LeasePort) {
    this.#port = port
  }

  count(id: string): number {
    return this.#counts.get(id) ?? 0
  }

  open(instance: Instance): Lease {
    const { id } = instance
    this.#counts.set(id, this.count(id) + 1)
    let held = true
    const release = (): void => {
      if (!held) return
      held = false
      const left = this.count(id) - 1
      if (left > 0) this.#counts.set(id, left)
      else this.#counts.delete(id)
    }
    return Object.freeze({
      instance,
      success: () => this.#port.success(instance),
      error: () => this.#port.error(instance),
      release,
      [Symbol.dispose]: release,
    })
  }
}
