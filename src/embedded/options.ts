// What a caller may ask of the embedded server, and what it does when not asked.
import type { TlsOptions as NodeTlsOptions } from 'node:tls'
import type { Clock } from '../../protocol/support/clock.ts'
import { systemClock } from '../../protocol/support/clock.ts'
import { BASIC_SCHEMES } from './schemes.ts'

/**
 * Certificates as node:tls takes them. With `requestCert`, a client that shows one gets an x509 identity, or no connection
 * when it is not trusted; `rejectUnauthorized: false` lets in those who show none (ZooKeeper's `clientAuth=want`).
 */
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
  > {
  /** The subject of a certificate whose holder may do everything, as `CN=admin,O=Example`. */
  readonly superUser?: string
}

/** DIGEST-MD5, the mechanism that ZooKeeper itself keeps passwords for. */
export interface EmbeddedSaslOptions {
  /** Passwords by user. */
  readonly users: Readonly<Record<string, string>>
  /** The user who may do everything. */
  readonly superUser?: string
}

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
  /** Connections in all; 0 for any number, the default. */
  readonly maxCnxns?: number
  /**
   * Milliseconds that a connection may take for its TLS handshake, and as many until it has a session or has said a
   * four-letter word: then it is cut. Default: 10000.
   */
  readonly handshakeTimeout?: number
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
  /** Lets clients log in by SASL; without it they are answered with a null token. */
  readonly sasl?: EmbeddedSaslOptions
  /**
   * Schemes of which a client must have one, as `['digest', 'sasl']`, before it may ask for anything; one that has none
   * is told SESSION_CLOSED_REQUIRE_SASL_AUTH and cut off.
   */
  readonly enforceAuth?: readonly string[]
  /**
   * Whether reconfiguration is enabled. Default: false, RECONFIG_DISABLED. A server without an ensemble then still
   * answers UNIMPLEMENTED.
   */
  readonly reconfig?: boolean
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
  readonly maxCnxns: number
  readonly handshakeTimeout: number
  readonly fourLetterWords: ReadonlySet<string> | 'all'
  readonly ttl: boolean
  readonly enforceQuota: boolean
  readonly containerCheckInterval: number
  readonly containerMaxNeverUsed: number
  readonly superDigest: string | null
  readonly sasl: { readonly users: ReadonlyMap<string, string>; readonly superUser: string | null } | null
  readonly certificateOfSuperUser: string | null
  /** Schemes that may stand in ACLs. */
  readonly schemes: ReadonlySet<string>
  /** null: nothing is enforced. */
  readonly enforceAuth: ReadonlySet<string> | null
  readonly reconfig: boolean
  readonly clock: Clock
}

export function settingsOf(options: EmbeddedOptions): Settings {
  const tickTime = atLeast('tickTime', options.tickTime ?? 2000, 1)
  const schemes = schemesOf(options)
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
    maxCnxns: atLeast('maxCnxns', options.maxCnxns ?? 0, 0),
    handshakeTimeout: atLeast('handshakeTimeout', options.handshakeTimeout ?? 10_000, 1),
    fourLetterWords: whitelist(options.fourLetterWords ?? '*'),
    ttl: options.ttl ?? true,
    enforceQuota: options.enforceQuota ?? false,
    containerCheckInterval: atLeast('containerCheckInterval', options.containerCheckInterval ?? 60_000, 1),
    containerMaxNeverUsed: atLeast('containerMaxNeverUsed', options.containerMaxNeverUsed ?? 0, 0),
    superDigest: options.superDigest ?? null,
    sasl: saslOf(options.sasl),
    certificateOfSuperUser: options.tls?.superUser ?? null,
    schemes,
    enforceAuth: enforced(options.enforceAuth, schemes),
    reconfig: options.reconfig ?? false,
    clock: options.clock ?? systemClock,
  }
}

function schemesOf({ sasl, tls }: EmbeddedOptions): ReadonlySet<string> {
  const configured = [sasl === undefined ? [] : ['sasl'], tls === undefined ? [] : ['x509']]
  return new Set([...BASIC_SCHEMES, ...configured.flat()])
}

function saslOf(options: EmbeddedSaslOptions | undefined): Settings['sasl'] {
  if (options === undefined) return null
  return { users: new Map(Object.entries(options.users)), superUser: options.superUser ?? null }
}

/** As ZooKeeper, which does not start with a demand that nobody can meet. */
function enforced(
  names: readonly string[] | undefined,
  schemes: ReadonlySet<string>,
): ReadonlySet<string> | null {
  if (names === undefined) return null
  if (names.length === 0) throw new RangeError('enforceAuth needs a scheme')
  for (const name of names) {
    if (!schemes.has(name)) throw new RangeError(`enforceAuth names ${name}, which this server does not have`)
  }
  return new Set(names)
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
