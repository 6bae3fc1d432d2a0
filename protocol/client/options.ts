// The options of a client: their meaning, their defaults, and the check of what JavaScript callers pass.
import { InvalidArgumentError } from '../errors.ts'
import type { Lookup } from '../net/server-list.ts'
import type { LookupSrv } from '../net/srv.ts'
import type { TlsSource } from '../net/tls.ts'
import type { Connector } from '../net/transport.ts'
import type { Acl } from '../records/data.ts'
import type { SessionCredentials } from '../session/handshake.ts'
import type { SaslMechanism } from '../session/sasl/mechanism.ts'
import type { Clock } from '../support/clock.ts'

/** Given to every call. */
export interface RequestOptions {
  /** Rejects the call with the signal's reason. A request that was sent may still be executed. */
  signal?: AbortSignal | undefined
  /** Milliseconds until the call rejects with REQUEST_TIMEOUT; Infinity for none. */
  timeout?: number | undefined
}

/** What the outside world gives; tests put their own in its place. */
export interface Ports {
  clock?: Clock
  connect?: Connector
  lookup?: Lookup
  /** For connect strings of the form `dns-srv://name`. */
  lookupSrv?: LookupSrv
  /** Uniform in [0, 1). */
  random?: () => number
}

export interface ZooKeeperOptions {
  /** Session timeout to ask for, in milliseconds; the server has the last word. Default 10,000. */
  sessionTimeout?: number
  /** Deadline of calls without their own, in milliseconds; Infinity for none. Default 30,000. */
  requestTimeout?: number
  /** `renew` opens a new session when one expires; `close` ends the client. Default `renew`. */
  onExpired?: 'renew' | 'close'
  /** True: a server that lost its quorum will do, for reading. Default false. */
  readOnly?: boolean
  /** ACL of znodes created without their own. Default: everybody may do everything. */
  acl?: readonly Acl[]
  /** Credentials for every connection, as `addAuth` takes them. */
  auth?: readonly { readonly scheme: string; readonly auth: string | Uint8Array }[]
  /** Authenticates each connection with SASL, before anything else; see `digestMd5`. */
  sasl?: SaslMechanism
  /** Encrypts each connection, from its first byte. */
  tls?: TlsSource
  /** Re-attaches to a session instead of opening one. */
  session?: SessionCredentials
  /** Largest request, in bytes; the server's jute.maxbuffer. Default 1,048,575. */
  maxRequestSize?: number
  /** Largest reply, in bytes. Default 64 MiB: a listing has no limit on the server's side. */
  maxResponseSize?: number
  /** Requests that may wait for a connection. Default 65,536. */
  maxQueuedRequests?: number
  /** Bytes that they may take together, as frames on the wire. Default 64 MiB. */
  maxQueuedBytes?: number
  /** True: without a connection, calls reject at once with CONNECTION_LOSS instead of waiting. Default false. */
  failFast?: boolean
  /** False: an open client does not keep the process from ending. Default true. */
  ref?: boolean
  ports?: Ports
}

export interface Limits {
  readonly sessionTimeout: number
  readonly requestTimeout: number
  readonly maxRequestSize: number
  readonly maxResponseSize: number
  readonly maxQueuedRequests: number
  readonly maxQueuedBytes: number
}

const defaults: Limits = {
  sessionTimeout: 10_000,
  requestTimeout: 30_000,
  maxRequestSize: 0xfffff,
  maxResponseSize: 64 * 1024 * 1024,
  maxQueuedRequests: 65_536,
  maxQueuedBytes: 64 * 1024 * 1024,
}

const INT_MAX = 2 ** 31 - 1

/** Throws an InvalidArgumentError that names the option. */
export function limitsOf(options: ZooKeeperOptions): Limits {
  const integer = (name: keyof Limits): number => {
    const value = options[name] ?? defaults[name]
    if (!Number.isInteger(value) || value < 1 || value > INT_MAX) {
      throw new InvalidArgumentError(name, 'a positive integer', value)
    }
    return value
  }
  const requestTimeout = options.requestTimeout ?? defaults.requestTimeout
  checkTimeout('requestTimeout', requestTimeout)
  return {
    sessionTimeout: integer('sessionTimeout'),
    requestTimeout,
    maxRequestSize: integer('maxRequestSize'),
    maxResponseSize: integer('maxResponseSize'),
    maxQueuedRequests: integer('maxQueuedRequests'),
    maxQueuedBytes: integer('maxQueuedBytes'),
  }
}

/** The session is a secret: the error names it, and nothing of its content. */
export function checkSession(session: unknown): asserts session is SessionCredentials {
  const { id, password } = (session ?? {}) as Partial<SessionCredentials>
  const sound = typeof id === 'bigint' && BigInt.asIntN(64, id) === id && password instanceof Uint8Array
  if (!sound)
    throw new InvalidArgumentError('session', '{ id: bigint, password: Uint8Array }', Object(session))
}

export function checkTimeout(name: string, value: unknown): void {
  if (typeof value !== 'number' || !(value >= 0)) {
    throw new InvalidArgumentError(name, 'a number of milliseconds', value)
  }
}

export function checkRequestOptions({ signal, timeout }: RequestOptions): void {
  if (timeout !== undefined) checkTimeout('timeout', timeout)
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    throw new InvalidArgumentError('signal', 'an AbortSignal', signal)
  }
}
