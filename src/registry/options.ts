// The options of a registry, with the names and defaults of the Python package.
import { ownAcl } from '../../protocol/client/acl.ts'
import type { Acl } from '../../protocol/index.ts'
import type { EncodingOptions, EnvelopeForm } from './encoding.ts'
import { checkEnvelope, encodingOf } from './encoding.ts'
import { ServiceRegistryError } from './errors.ts'
import type { RateLimit } from './rate-limiter.ts'
import type { Security, SecurityOptions } from './security.ts'
import { securityOf } from './security.ts'
import type { Conflict } from './wanted.ts'

export interface ServiceRegistryOptions extends SecurityOptions {
  /** Connect string: `host:port,host:port/chroot`. Default `localhost:2181`. */
  servers?: string
  /** With `password`: digest credentials, and the ACL of everything created (owner all, world read). */
  username?: string | null
  password?: string | null
  /** ACL of everything created, in place of the one that follows from the credentials. */
  acl?: readonly Acl[] | null
  /** Refuses every write, and attaches to read-only servers too. Default false. */
  readOnly?: boolean
  /** True: no error when ZooKeeper cannot be reached; connects as soon as it can. Default false. */
  lazy?: boolean
  /** Milliseconds: default of the two below. Default 5,000. */
  timeout?: number
  /** Milliseconds to wait for the first connection. */
  connectTimeout?: number
  /** Session timeout to ask for, in milliseconds. */
  sessionTimeout?: number
  /** What `setNode` does when a znode of somebody else stands at its path; see `SetOptions`. Default `wait`. */
  conflict?: Conflict
  /** What `setNode` and `setData` write around the caller's data; see `SetOptions`. Default `python`. */
  envelope?: EnvelopeForm
  /**
   * Slows calls down, as the Python package does: see `RateLimit`. Default: no limit. Python's own default of 50 calls
   * is that of the object without `calls`.
   */
  rateLimit?: RateLimit | null
  /**
   * File that remembers the sessions of this registry, so that the process that follows a crash knows which nodes its
   * predecessor left, and replaces them at once instead of waiting for their session to end. One file
   * for each thread of each process.
   */
  sessionFile?: string | null
  /**
   * A file that keeps what was read, for a start without ZooKeeper. Together with `lazy`, and unless `connectTimeout`
   * or the call's `timeout` is given, `connect` then waits five milliseconds at most, and no longer than until every
   * server was tried once. Default none.
   */
  cacheFile?: string | null
  /**
   * How many paths may be followed that have neither a callback nor a stream. Beyond, those that were longest not asked
   * for, by `get` or `peek`, are let go, and read again when they are asked for. Infinity: none. Without a connection
   * nothing that is known is let go. Default 10,000.
   */
  maxIdlePaths?: number
}

/** Given to every call that waits. */
export interface CallOptions {
  /** Rejects the call with the signal's reason. What was sent may still be executed. */
  signal?: AbortSignal | undefined
  /** Milliseconds that the call may take. */
  timeout?: number | undefined
}

export interface Settings extends Security {
  readonly servers: string
  readonly username: string | null
  readonly password: string | null
  readonly acl: readonly Acl[] | null
  readonly readOnly: boolean
  readonly lazy: boolean
  readonly connectTimeout: number
  readonly sessionTimeout: number
  readonly conflict: Conflict
  readonly envelope: EnvelopeForm
  readonly rateLimit: Required<RateLimit> | null
  readonly sessionFile: string | null
  readonly cacheFile: string | null
  readonly maxIdlePaths: number
  /**
   * Milliseconds that the servers have for their first answer when there is a cache file to begin with; null: as many
   * as without one.
   */
  readonly coldStartTimeout: number | null
}

/** Enough for a server nearby; what is further away is caught up with. */
const COLD_START_TIMEOUT = 5

/** Throws INVALID_OPTION that names the option. */
export function settingsOf(options: ServiceRegistryOptions): Settings {
  if (typeof options !== 'object' || options === null) {
    throw new ServiceRegistryError('INVALID_OPTION', 'options must be an object')
  }
  const timeout = milliseconds('timeout', options.timeout ?? 5000)
  return {
    servers: text('servers', options.servers ?? 'localhost:2181'),
    username: options.username == null ? null : checkedUsername(options.username),
    password: options.password == null ? null : checkedPassword(options.password),
    acl: options.acl == null ? null : aclOf(options.acl),
    ...securityOf(options),
    readOnly: flag('readOnly', options.readOnly ?? false),
    lazy: flag('lazy', options.lazy ?? false),
    connectTimeout: milliseconds('connectTimeout', options.connectTimeout ?? timeout),
    sessionTimeout: milliseconds('sessionTimeout', options.sessionTimeout ?? timeout),
    conflict: conflictOf(options.conflict ?? 'wait'),
    envelope: checkEnvelope(options.envelope ?? 'python'),
    rateLimit: options.rateLimit == null ? null : rateLimitOf(options.rateLimit),
    sessionFile: options.sessionFile == null ? null : text('sessionFile', options.sessionFile),
    cacheFile: options.cacheFile == null ? null : filled('cacheFile', options.cacheFile),
    maxIdlePaths: countOf('maxIdlePaths', options.maxIdlePaths ?? 10_000),
    coldStartTimeout: options.connectTimeout === undefined ? Math.min(timeout, COLD_START_TIMEOUT) : null,
  }
}

/** Checks the options of one call; throws INVALID_OPTION, or the reason of a signal that has aborted already. */
export function checkCall(options: { state?: unknown; timeout?: unknown; signal?: unknown }): void {
  if (typeof options !== 'object' || options === null) {
    throw new ServiceRegistryError('INVALID_OPTION', 'options must be an object')
  }
  const { state, timeout, signal } = options
  if (state !== undefined) flag('state', state)
  if (timeout !== undefined && !(typeof timeout === 'number' && timeout >= 0)) {
    throw new ServiceRegistryError('INVALID_OPTION', 'timeout must be a number of milliseconds')
  }
  checkSignal(signal)?.throwIfAborted()
}

/** Checks the options of `setNode` and `setData`. */
export function checkSet(options: {
  state?: unknown
  conflict?: unknown
  envelope?: unknown
  raw?: unknown
  timeout?: unknown
  signal?: unknown
}): void {
  checkCall(options)
  if (options.conflict !== undefined) conflictOf(options.conflict)
  encodingOf(options as EncodingOptions)
}

/** Throws INVALID_OPTION for what is no signal; one that has aborted passes. */
export function checkSignal(signal: unknown): AbortSignal | undefined {
  if (signal === undefined || signal instanceof AbortSignal) return signal
  throw new ServiceRegistryError('INVALID_OPTION', 'signal must be an AbortSignal')
}

/** Checks the options of `unset`. */
export function checkForce(options: { force?: unknown }): boolean {
  checkCall(options as object)
  return options.force === undefined ? false : flag('force', options.force)
}

/** Checks the options of `getState`; a signal that has aborted passes. */
export function checkState(options: { every?: unknown; signal?: unknown }): void {
  if (typeof options !== 'object' || options === null) {
    throw new ServiceRegistryError('INVALID_OPTION', 'options must be an object')
  }
  if (options.every !== undefined) flag('every', options.every)
  checkSignal(options.signal)
}

/** The options of a lock, checked; all optional. */
export function checkLock(options: {
  name?: unknown
  simultaneous?: unknown
  wait?: unknown
  signal?: unknown
}): void {
  checkCall(options)
  const { name, simultaneous, wait } = options
  if (name !== undefined) text('name', name)
  if (simultaneous !== undefined && !(Number.isInteger(simultaneous) && (simultaneous as number) > 0)) {
    throw new ServiceRegistryError('INVALID_OPTION', 'simultaneous must be a positive integer')
  }
  if (wait !== undefined && !(typeof wait === 'number' && wait >= 0)) {
    throw new ServiceRegistryError('INVALID_OPTION', 'wait must be a number of milliseconds')
  }
}

/** The root of the tree is nobody's service and nobody's lock. */
export function checkNotRoot(path: string): void {
  if (path !== '/') return
  throw new ServiceRegistryError('INVALID_OPTION', 'the root cannot be used for this', { path })
}

/** A username: digest credentials are `user:password`, so it has no colon. Empty is none, as in the Python package. */
export function checkedUsername(value: unknown): string | null {
  const name = text('username', value)
  if (name.includes(':')) {
    throw new ServiceRegistryError('INVALID_OPTION', 'username must be without a colon')
  }
  return name === '' ? null : name
}

/** Empty is none. */
export function checkedPassword(value: unknown): string | null {
  return text('password', value) || null
}

/** Checks a function that has to be there; throws INVALID_OPTION. */
export function checkFunction(name: string, value: unknown): void {
  if (typeof value === 'function') return
  throw new ServiceRegistryError('INVALID_OPTION', `${name} must be a function, not ${typeof value}`)
}

/** Checks a callback; throws INVALID_OPTION. */
export function checkCallback(callback: unknown): void {
  if (callback === undefined || typeof callback === 'function') return
  throw new ServiceRegistryError('INVALID_OPTION', `a callback must be a function, not ${typeof callback}`)
}

/** The value is never shown: it may be a password. */
export function text(name: string, value: unknown): string {
  if (typeof value === 'string') return value
  throw new ServiceRegistryError('INVALID_OPTION', `${name} must be a string, not ${typeof value}`)
}

function filled(name: string, value: unknown): string {
  if (text(name, value) !== '') return value as string
  throw new ServiceRegistryError('INVALID_OPTION', `${name} must not be empty`)
}

function aclOf(value: unknown): readonly Acl[] {
  try {
    return ownAcl(value)
  } catch (cause) {
    throw new ServiceRegistryError('INVALID_OPTION', (cause as Error).message, { cause })
  }
}

function conflictOf(value: unknown): Conflict {
  if (value === 'wait' || value === 'fail' || value === 'takeover') return value
  throw new ServiceRegistryError('INVALID_OPTION', "conflict must be 'wait', 'fail' or 'takeover'")
}

function rateLimitOf(value: unknown): Required<RateLimit> {
  const { calls = 50, interval = 2000 } = Object(value) as { calls?: unknown; interval?: unknown }
  const sound = typeof value === 'object' && isRate(calls) && isRate(interval)
  if (sound) return { calls, interval }
  const message = 'rateLimit must be { calls, interval }, both numbers from 0 on'
  throw new ServiceRegistryError('INVALID_OPTION', message)
}

function isRate(value: unknown): value is number {
  return typeof value === 'number' && value >= 0 && Number.isFinite(value)
}

function flag(name: string, value: unknown): boolean {
  if (typeof value === 'boolean') return value
  throw new ServiceRegistryError('INVALID_OPTION', `${name} must be true or false, not ${typeof value}`)
}

function countOf(name: string, value: unknown): number {
  if (value === Number.POSITIVE_INFINITY || (Number.isInteger(value) && (value as number) >= 0))
    return value as number
  throw new ServiceRegistryError('INVALID_OPTION', `${name} must be a whole number from 0 on, or Infinity`)
}

function milliseconds(name: string, value: unknown): number {
  if (Number.isInteger(value) && (value as number) > 0) return value as number
  throw new ServiceRegistryError('INVALID_OPTION', `${name} must be a positive number of milliseconds`)
}
