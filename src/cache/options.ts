// The options of the caches, and the check of what JavaScript callers pass.
import type { Clock } from '../../protocol/index.ts'
import { InvalidArgumentError } from '../../protocol/index.ts'
import { systemClock } from '../../protocol/support/clock.ts'

export interface CacheOptions {
  /** Reads on their way at a time. Default 64. */
  concurrency?: number
  /** Tests put their own in place of the system's. */
  ports?: CachePorts
}

export interface CachePorts {
  clock?: Clock
  /** Uniform in [0, 1). */
  random?: () => number
}

export interface CacheSettings {
  readonly concurrency: number
  readonly clock: Clock
  readonly random: () => number
}

const DEFAULT_CONCURRENCY = 64

/** Throws an InvalidArgumentError that names the option. */
export function cacheSettings(options: CacheOptions): CacheSettings {
  const { concurrency = DEFAULT_CONCURRENCY, ports = {} } = options
  if (!Number.isInteger(concurrency) || concurrency < 1) {
    throw new InvalidArgumentError('concurrency', 'a positive integer', concurrency)
  }
  return { concurrency, clock: ports.clock ?? systemClock, random: ports.random ?? Math.random }
}
