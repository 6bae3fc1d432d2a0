// The one with the fewest leases for its weight; among equals, another strategy decides.
import type { Instance } from '../../formats/instance.ts'
import { RoundRobin } from './round-robin.ts'
import type { PickContext, PickStrategy } from './strategy.ts'

export class LeastUsed implements PickStrategy {
  readonly #among: PickStrategy

  constructor(among: PickStrategy = new RoundRobin()) {
    this.#among = among
  }

  pick(candidates: readonly Instance[], context: PickContext): Instance | null {
    let least = Number.POSITIVE_INFINITY
    let equals: Instance[] = []
    for (const candidate of candidates) {
      if (candidate.weight === 0) continue
      const load = context.load(candidate) / candidate.weight
      if (load < least) equals = []
      if (load <= least) equals.push(candidate)
      least = Math.min(least, load)
    }
    return this.#among.pick(equals, context)
  }
}
