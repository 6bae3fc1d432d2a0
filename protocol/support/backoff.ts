// Exponential back-off with full jitter, so that many clients do not come back in step.

export interface BackoffOptions {
  /** Upper bound of the first delay, in milliseconds. */
  base: number
  /** Upper bound of every delay, in milliseconds. */
  cap: number
  /** Uniform in [0, 1). */
  random?: () => number
}

export class Backoff {
  readonly #base: number
  readonly #random: () => number
  #cap: number
  #failures = 0

  constructor({ base, cap, random = Math.random }: BackoffOptions) {
    this.#base = base
    this.#cap = cap
    this.#random = random
  }

  set cap(cap: number) {
    this.#cap = cap
  }

  /** The next delay in milliseconds: uniform below min(cap, base * 2^failures). */
  next(): number {
    const bound = Math.min(this.#cap, this.#base * 2 ** this.#failures)
    this.#failures++
    return this.#random() * bound
  }

  reset(): void {
    this.#failures = 0
  }
}
