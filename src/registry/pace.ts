// How fast a registration answers what others do to its znode: never at the speed of the network.

/**
 * This many changes by others are answered at once, and then one per interval: somebody who answers back, as the
 * Python package does, would otherwise be fought as fast as the network allows.
 */
const BURST = 10
export const ANSWER_INTERVAL = 500

/** Answers to foreign changes: a bucket that leaks. */
export class AnswerPace {
  #count = 0
  #at = 0

  /** Counts one change; true if it may be answered at once. */
  allows(now: number): boolean {
    this.#count = Math.max(0, this.#count - (now - this.#at) / ANSWER_INTERVAL) + 1
    this.#at = now
    return this.#count <= BURST
  }
}

const FIRST_PAUSE = 1000
const LONGEST_PAUSE = 60_000
/** Nobody took it back for so long: the next quarrel begins anew. */
const PEACE = 10 * LONGEST_PAUSE

/** Takeovers of one path: the first at once, each one after it twice as late as the one before, up to a minute. */
export class TakeoverPace {
  #count = 0
  #last = Number.NEGATIVE_INFINITY
  #next = Number.NEGATIVE_INFINITY
  readonly #random: () => number

  /** `random` is uniform in [0, 1): two takers must not come back in step. */
  constructor(random: () => number = Math.random) {
    this.#random = random
  }

  /** Milliseconds until the next one is allowed. */
  pause(now: number): number {
    return Math.max(0, this.#next - now)
  }

  took(now: number): void {
    if (now - this.#last > PEACE) this.#count = 0
    const pause = Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** this.#count)
    this.#count++
    this.#last = now
    this.#next = now + pause * (0.5 + 0.5 * this.#random())
  }
}
