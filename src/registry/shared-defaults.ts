// The options of the shared registry that nobody gave: from the environment, or else as in the Python package.
import type { TlsOptions } from '../../protocol/index.ts'
import { ServiceRegistryError } from './errors.ts'
import type { ServiceRegistryOptions } from './options.ts'

type Environment = Readonly<Record<string, string | undefined>>

/**
 * - `NDSR_SERVERS`: connect string. `NDSR_TIMEOUT`: milliseconds. `NDSR_READ_ONLY`, `NDSR_LAZY`: `true` or `false`.
 * - `NDSR_USERNAME`, `NDSR_PASSWORD`: digest credentials. `NDSR_CACHE_FILE`: the cache file; without it there is none.
 * - `NDSR_TLS`: `true` or `false`; default: whether there is one of `NDSR_TLS_CA_FILE`, `NDSR_TLS_CERT_FILE` and
 *   `NDSR_TLS_KEY_FILE`, PEM files that are read for each connection. Without a file of its own, the key stands behind the
 *   certificate.
 *
 * An empty variable is none. Throws INVALID_OPTION that names the variable.
 */
export function sharedDefaults(env: Environment): ServiceRegistryOptions {
  return {
    servers: env.NDSR_SERVERS || '127.0.0.1:2181',
    timeout: milliseconds('NDSR_TIMEOUT', env.NDSR_TIMEOUT, 15_000),
    readOnly: flag('NDSR_READ_ONLY', env.NDSR_READ_ONLY, true),
    lazy: flag('NDSR_LAZY', env.NDSR_LAZY, true),
    tls: tlsOf(env),
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

function tlsOf(env: Environment): TlsOptions | null {
  const caFile = env.NDSR_TLS_CA_FILE
  const certFile = env.NDSR_TLS_CERT_FILE
  const keyFile = env.NDSR_TLS_KEY_FILE || certFile
  const tls: TlsOptions = {
    ...(caFile && { caFile }),
    ...(certFile && { certFile }),
    ...(keyFile && { keyFile }),
  }
  if (keyFile && !certFile) {
    const message = 'NDSR_TLS_KEY_FILE is for a certificate, which NDSR_TLS_CERT_FILE names'
    throw new ServiceRegistryError('INVALID_OPTION', message)
  }
  return flag('NDSR_TLS', env.NDSR_TLS, Object.keys(tls).length > 0) ? tls : null
}

function flag(name: string, text: string | undefined, otherwise: boolean): boolean {
  if (!text) return otherwise
  if (text === 'true') return true
  if (text === 'false') return false
  throw new ServiceRegistryError('INVALID_OPTION', `${name} must be true or false`)
}
