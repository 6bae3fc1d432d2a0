// The errors of the protocol: one class with a searchable code, and a few with facts of their own.
import type { ErrorCode } from './error-codes.ts'
import { errorCodeOf, errorFacts } from './error-codes.ts'

export interface ErrorContext {
  /** The path as the caller wrote it (without the chroot). */
  path?: string | undefined
  /** The operation's name, as in the operations table. */
  operation?: string | undefined
  /** True when a write was sent and its fate is unknown. */
  mayHaveApplied?: boolean | undefined
  /** The number from the wire, where it says more than the code. */
  number?: number | undefined
  cause?: unknown
  /** Words in place of the code's own text. */
  message?: string | undefined
}

const brand = Symbol.for('nd-service-registry.ZooKeeperError')

export class ZooKeeperError extends Error {
  override readonly name: string = 'ZooKeeperError'
  readonly code: ErrorCode
  /** Java's number for the code (KeeperException.Code). */
  readonly number: number
  readonly path: string | undefined
  readonly operation: string | undefined
  /** False: the server certainly did not execute the operation. True: nobody here knows. */
  readonly mayHaveApplied: boolean

  constructor(code: ErrorCode, context: ErrorContext = {}) {
    const { path, operation, mayHaveApplied = false, number, cause, message } = context
    super(describe(code, { path, operation, number, message }), cause === undefined ? undefined : { cause })
    this.code = code
    this.number = number ?? errorFacts(code).number
    this.path = path
    this.operation = operation
    this.mayHaveApplied = mayHaveApplied
  }

  /** True for an error of this package, also when another copy of it was loaded. */
  static is(value: unknown, code?: ErrorCode): value is ZooKeeperError {
    if (typeof value !== 'object' || value === null || !(brand in value)) return false
    return code === undefined || (value as { code?: unknown }).code === code
  }

  /** The error for a number in a reply header. */
  static fromNumber(number: number, context: ErrorContext = {}): ZooKeeperError {
    return new ZooKeeperError(errorCodeOf(number), { ...context, number })
  }
}

// On the prototype, so that an error of another copy of this package is known too.
Object.defineProperty(ZooKeeperError.prototype, brand, { value: true })

/** A path that the server would refuse, found before anything was sent. */
export class InvalidPathError extends ZooKeeperError {
  override readonly name: string = 'InvalidPathError'
  /** Index of the offending character, in UTF-16 code units. */
  readonly index: number
  /** The offending character; empty where one is missing. */
  readonly character: string

  constructor(path: string, index: number, reason: string) {
    const character = path.charAt(index)
    const shown = character === '' ? '' : ` (${printable(character)})`
    super('INVALID_PATH', {
      path,
      message: `invalid path ${quoted(path)}: ${reason} at index ${index}${shown}`,
    })
    this.index = index
    this.character = character
  }
}

/** A connect string that names no usable server. */
export class InvalidConnectStringError extends ZooKeeperError {
  override readonly name: string = 'InvalidConnectStringError'

  constructor(connectString: string, reason: string, cause?: unknown) {
    super('INVALID_CONNECT_STRING', {
      cause,
      message: `invalid connect string ${quoted(connectString)}: ${reason}`,
    })
  }
}

/** An argument of the wrong type or out of range. */
export class InvalidArgumentError extends ZooKeeperError {
  override readonly name: string = 'InvalidArgumentError'
  readonly argument: string

  constructor(argument: string, expected: string, value: unknown) {
    super('INVALID_ARGUMENT', { message: `${argument} must be ${expected}, not ${typeName(value)}` })
    this.argument = argument
  }
}

/** A request above the limit that would cost the connection, or a reply above ours. */
export class PacketTooLargeError extends ZooKeeperError {
  override readonly name: string = 'PacketTooLargeError'
  /** Bytes of the packet. */
  readonly size: number
  /** Bytes allowed. */
  readonly limit: number

  constructor(size: number, limit: number, context: ErrorContext = {}) {
    super('PACKET_TOO_LARGE', {
      ...context,
      message: `${context.operation ?? 'packet'} of ${size} bytes exceeds the limit of ${limit}`,
    })
    this.size = size
    this.limit = limit
  }
}

/**
 * - `unresolved`: the name has no address. `refused`: nobody listens there.
 * - `unreachable`: the network has no way, or no answer. `tls`: the two sides do not agree on certificates or ciphers.
 * - `timeout`: no session within the time for one attempt, from the name to the answered handshake.
 * - `closedBeforeResponse`: the server hung up on the handshake. Servers do that to a client which has seen more than
 *   they have (their data were restored or wiped), above their limit of connections, and while they have no quorum.
 * - `badResponse`: what answers is no ZooKeeper. `noSessions`: a read-only server without local sessions.
 * - `sessionRefused`: no new session was given.
 * - `authFailed`: in SASL, one side rejected the other. `mechanismFailed`: the mechanism threw something else.
 */
export type ConnectFailure =
  | 'unresolved'
  | 'refused'
  | 'unreachable'
  | 'tls'
  | 'timeout'
  | 'closedBeforeResponse'
  | 'badResponse'
  | 'noSessions'
  | 'sessionRefused'
  | 'authFailed'
  | 'mechanismFailed'

export interface ConnectErrorFacts extends ErrorContext {
  readonly server: string | null
  readonly lastZxid: bigint
  readonly code: ErrorCode
}

/** An attempt to connect that failed; the client makes the next one by itself. */
export class ConnectError extends ZooKeeperError {
  override readonly name: string = 'ConnectError'
  readonly reason: ConnectFailure
  /** The address that was tried; null when the name has none. */
  readonly server: string | null
  /** The newest zxid that the server was told we have seen; 0n: none, as for a new session. */
  readonly lastZxid: bigint

  constructor(reason: ConnectFailure, { server, lastZxid, code, ...context }: ConnectErrorFacts) {
    super(code, context)
    this.reason = reason
    this.server = server
    this.lastZxid = lastZxid
  }
}

/** The server does not know the operation, or it is switched off there. */
export class UnsupportedError extends ZooKeeperError {
  override readonly name: string = 'UnsupportedError'
  /** First ZooKeeper release whose servers know the operation. */
  readonly since: string

  constructor(since: string, context: ErrorContext) {
    const message = `${context.operation} is not supported by this server: it needs ZooKeeper ${since}, switched on`
    super('UNIMPLEMENTED', { ...context, message })
    this.since = since
  }
}

function describe(code: ErrorCode, { path, operation, number, message }: ErrorContext): string {
  if (message !== undefined) return message
  const shown = code === 'UNKNOWN' && number !== undefined ? `${code} ${number}` : code
  const what = [operation, path].filter(part => part !== undefined).join(' ')
  return `${shown}${what === '' ? '' : ` (${what})`}: ${errorFacts(code).text}`
}

/** Shown in messages: control characters escaped, and never a whole megabyte. */
function quoted(text: string): string {
  return JSON.stringify(text.length > 200 ? `${text.slice(0, 200)}...` : text)
}

function printable(character: string): string {
  const code = character.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')
  return /^[ -~]$/.test(character) ? `'${character}', U+${code}` : `U+${code}`
}

function typeName(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'an array'
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  if (typeof value === 'object') return value.constructor?.name ?? 'an object'
  return typeof value
}
