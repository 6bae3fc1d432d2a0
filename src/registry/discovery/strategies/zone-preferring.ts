// The own zone first, as long as enough instances are there; then everybody.
import type { Instance } from '../../formats/instance.ts'
import { RoundRobin } from './round-robin.ts'
import type { PickContext, PickStrategy } from './strategy.ts'

export interface ZoneOptions {
  readonly zone: string
  /** With fewer instances than this in the zone, the load spills over to all zones. Default 1. */
  readonly minimum?: number
  /** Decides among those that are left. Default: round robin. */
  readonly among?: PickStrategy
}

export class ZonePreferring implements PickStrategy {
  readonly #zone: string
  readonly #minimum: number
  readonly #among: PickStrategy

  constructor({ zone, minimum = 1, among = new RoundRobin() }: ZoneOptions) {
    this.#zone = zone
    this.#minimum = minimum
    this.#among = among
  }

  pick(candidates: readonly Instance[], context: PickContext): Instance | null {
    const near = candidates.filter(({ zone, weight }) => zone === this.#zone && weight > 0)
    return this.#among.pick(near.length >= this.#minimum ? near : candidates, context)
  }
}
