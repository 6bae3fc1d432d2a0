// What a caller may ask of the embedded server, and what it does when not asked.
import type { TlsOptions as NodeTlsOptions } from 'node:tls'
import type { Clock } from '../../protocol/support/clock.ts'
import { systemClock } from '../../protocol/support/clock.ts'

/** Certificates as node:tls takes them. With `requestCert`, clients that show one get an x509 identity. */
export interface EmbeddedTlsOptions
  extends Pick<
    NodeTlsOptions,
    | 'ca'
    | 'cert'
    | 'key'
    | 'passphrase'
    | 'pfx'
    | 'ciphers'
    | 'minVersion'
    | 'maxVersion'
    | 'requestCert'
    | 'rejectUnauthorized'
  > {}

export interface EmbeddedOptions {
  /** Default: 0, a free port. */
  readonly port?: number
  /** Default: 127.0.0.1. The server trusts its network: think before you listen on more. */
  readonly host?: string
  /** Milliseconds of a tick, the grain of session expiry. Default: 2000. */
  readonly tickTime?: number
  /** Default: 2 ticks. */
  readonly minSessionTimeout?: number
  /** Default: 20 ticks. */
  readonly maxSessionTimeout?: number
  /** Largest frame that is taken, as `jute.maxbuffer`. Default: 1048575. */
  readonly maxFrameSize?: number
  /** Connections from one address; 0 for any number, the default. ZooKeeper's own default is 60. */
  readonly maxClientCnxns?: number
  /** Four-letter words that are answered, separated by commas; `*` for all, the default. ZooKeeper's is `srvr`. */
  readonly fourLetterWords?: string
  /** Whether znodes may have a time to live. Default: true. In ZooKeeper it is off until switched on. */
  readonly ttl?: boolean
  /** Whether hard quotas are enforced. Default: false, as in ZooKeeper. */
  readonly enforceQuota?: boolean
  /** Milliseconds between two looks for containers and TTL znodes to delete. Default: 60000. */
  readonly containerCheckInterval?: number
  /** Milliseconds until a container that never had a child is deleted; 0 for never, the default. */
  readonly containerMaxNeverUsed?: number
  /** `super:` and the base64 of the SHA-1 of `super:password`: this login may do everything. */
  readonly superDigest?: string
  /** Starts as a server that lost its quorum: clients that allow it read, nobody writes. */
  readonly readOnly?: boolean
  /** Clients speak TLS from the first byte. */
  readonly tls?: EmbeddedTlsOptions
  /** Time for session expiry, for reaping and for the times of znodes. */
  readonly clock?: Clock
}

export interface Settings {
  readonly tickTime: number
  readonly minSessionTimeout: number
  readonly maxSessionTimeout: number
  readonly maxFrameSize: number
  readonly maxClientCnxns: number
  readonly fourLetterWords: ReadonlySet<string> | 'all'
  readonly ttl: boolean
  readonly enforceQuota: boolean
  readonly containerCheckInterval: number
  readonly containerMaxNeverUsed: number
  readonly superDigest: string | null
  readonly clock: Clock
}

export function settingsOf(options: EmbeddedOptions): Settings {
  const tickTime = atLeast('tickTime', options.tickTime ?? 2000, 1)
  const minSessionTimeout = atLeast('minSessionTimeout', options.minSessionTimeout ?? tickTime * 2, 1)
  return {
    tickTime,
    minSessionTimeout,
    maxSessionTimeout: atLeast(
      'maxSessionTimeout',
      options.maxSessionTimeout ?? Math.max(tickTime * 20, minSessionTimeout),
      minSessionTimeout,
    ),
    maxFrameSize: atLeast('maxFrameSize', options.maxFrameSize ?? 0xfffff, 64),
    maxClientCnxns: atLeast('maxClientCnxns', options.maxClientCnxns ?? 0, 0),
    fourLetterWords: whitelist(options.fourLetterWords ?? '*'),
    ttl: options.ttl ?? true,
    enforceQuota: options.enforceQuota ?? false,
    containerCheckInterval: atLeast('containerCheckInterval', options.containerCheckInterval ?? 60_000, 1),
    containerMaxNeverUsed: atLeast('containerMaxNeverUsed', options.containerMaxNeverUsed ?? 0, 0),
    superDigest: options.superDigest ?? null,
    clock: options.clock ?? systemClock,
  }
}

function atLeast(name: string, value: number, least: number): number {
  if (!Number.isSafeInteger(value) || value < least || value > 2 ** 31 - 1) {
    throw new RangeError(`${name} must be a whole number from ${least}, not ${value}`)
  }
  return value
}

function whitelist(words: string): ReadonlySet<string> | 'all' {
  const listed = words.split(',').map(word => word.trim())
  return listed.includes('*') ? 'all' : new Set(listed.filter(word => word !== ''))
}
