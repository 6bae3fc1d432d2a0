// The options of the shared registry that nobody gave: from the environment, or else as in the Python package.
import { ServiceRegistryError } from './errors.ts'
import type { ServiceRegistryOptions } from './options.ts'

type Environment = Readonly<Record<string, string | undefined>>

/**
 * - `NDSR_SERVERS`: connect string. `NDSR_TIMEOUT`: milliseconds. `NDSR_READ_ONLY`, `NDSR_LAZY`: `true` or `false`.
 * - `NDSR_USERNAME`, `NDSR_PASSWORD`: digest credentials. `NDSR_CACHE_FILE`: the cache file; without it there is none.
 *
 * An empty variable is none. Throws INVALID_OPTION that names the variable.
 */
export function sharedDefaults(env: Environment): ServiceRegistryOptions {
  return {
    servers: env.NDSR_SERVERS || '127.0.0.1:2181',
    timeout: milliseconds('NDSR_TIMEOUT', env.NDSR_TIMEOUT, 15_000),
    readOnly: flag('NDSR_READ_ONLY', env.NDSR_READ_ONLY),
    lazy: flag('NDSR_LAZY', env.NDSR_LAZY),
    username: env.NDSR_USERNAME || null,
    password: env.NDSR_PASSWORD || null,
    cacheFile: env.NDSR_CACHE_FILE || null,
  }
}

function milliseconds(name: string, text: string | undefined, otherwise: number): number {
  if (!text) return otherwise
  if (/^\d+$/.test(text) && Number(text) > 0) return Number(text)
  throw new ServiceRegistryError('INVALID_OPTION', `${name} must be a positive number of milliseconds`)
}

/** Default true. */
function flag(name: string, text: string | undefined): boolean {
  if (!text || text === 'true') return true
  if (text === 'false') return false
  throw new ServiceRegistryError('INVALID_OPTION', `${name} must be true or false`)
}
