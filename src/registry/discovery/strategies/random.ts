// Any of them, with equal chances.
import type { Instance } from '../../formats/instance.ts'
import type { PickStrategy } from './strategy.ts'

export class RandomPick implements PickStrategy {
  readonly #random: () => number

  /** `random` returns numbers from 0 up to, and without, 1. */
  constructor(random: () => number = Math.random) {
    this.#random = random
  }

  pick(candidates: readonly Instance[]): Instance | null {
    return candidates[Math.floor(this.#random() * candidates.length)] ?? null
  }
}
