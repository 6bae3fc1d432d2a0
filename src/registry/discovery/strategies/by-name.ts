// The strategies by their names, as callers give them.
import { ServiceRegistryError } from '../../errors.ts'
import { LeastUsed } from './least-used.ts'
import { RandomPick } from './random.ts'
import { RoundRobin } from './round-robin.ts'
import { Sticky } from './sticky.ts'
import type { PickStrategy } from './strategy.ts'
import { Weighted } from './weighted.ts'

export type StrategyName = 'roundRobin' | 'random' | 'leastUsed' | 'sticky' | 'weighted'

const STRATEGIES: Readonly<Record<StrategyName, () => PickStrategy>> = {
  roundRobin: () => new RoundRobin(),
  random: () => new RandomPick(),
  leastUsed: () => new LeastUsed(),
  sticky: () => new Sticky(),
  weighted: () => new Weighted(),
}

/** A name, or a strategy of the caller's own. Throws INVALID_OPTION. */
export function strategyOf(strategy: StrategyName | PickStrategy = 'roundRobin'): PickStrategy {
  if (typeof strategy === 'string' && Object.hasOwn(STRATEGIES, strategy)) return STRATEGIES[strategy]()
  if (typeof strategy === 'object' && strategy !== null && typeof strategy.pick === 'function')
    return strategy
  const names = Object.keys(STRATEGIES).join(', ')
  throw new ServiceRegistryError('INVALID_OPTION', `strategy must be one of ${names}, or a PickStrategy`)
}
