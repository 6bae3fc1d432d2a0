// How the registry's connections are secured: the options of the client, checked before there is one.
import type { SaslMechanism, TlsSource, ZooKeeperOptions } from '../../protocol/index.ts'
import { ServiceRegistryError } from './errors.ts'

export interface SecurityOptions {
  /**
   * Encrypts each connection from its first byte: what `node:tls` takes, and `caFile`, `certFile`, `keyFile`, read for
   * each connection; or a function that is asked before each. Certificates that do not fit, and files that cannot
   * be read, are failed attempts like others: the registry goes on trying. Default none.
   */
  tls?: TlsSource | null
  /**
   * Authenticates each connection with SASL before anything else, as `digestMd5({ username, password })` does. Refused
   * credentials are AUTH_FAILED. What is created stays open, unless `acl` says otherwise. Default none.
   */
  sasl?: SaslMechanism | null
}

export interface Security {
  readonly tls: TlsSource | null
  readonly sasl: SaslMechanism | null
}

/** Throws INVALID_OPTION that names the option; its value, which holds secrets, is never shown. */
export function securityOf({ tls, sasl }: SecurityOptions): Security {
  if (tls != null && typeof tls !== 'object' && typeof tls !== 'function')
    throw refusal('tls must be an object or a function')
  if (sasl != null && (typeof sasl.name !== 'string' || typeof sasl.begin !== 'function'))
    throw refusal('sasl must be a mechanism, such as digestMd5 makes')
  return { tls: tls ?? null, sasl: sasl ?? null }
}

/** What the client is made with. */
export function secured({ tls, sasl }: Security): Pick<ZooKeeperOptions, 'tls' | 'sasl'> {
  return { ...(tls !== null && { tls }), ...(sasl !== null && { sasl }) }
}

function refusal(message: string): ServiceRegistryError {
  return new ServiceRegistryError('INVALID_OPTION', message)
}
