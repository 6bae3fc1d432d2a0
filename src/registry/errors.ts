// The errors of the registry, by the names of the Python package.
import type { ValidationIssue } from './standard-schema.ts'

export type ServiceRegistryErrorCode =
  /** There is no connection to ZooKeeper. */
  | 'NO_CONNECTION'
  /** ZooKeeper refuses the credentials: trying again is of no use before they are changed. */
  | 'AUTH_FAILED'
  /** The registry was opened for reading only. */
  | 'READ_ONLY'
  /** Data that cannot be written as a JSON object, or that does not fit its schema. */
  | 'INVALID_DATA'
  /** A node that its format cannot read as an instance. */
  | 'INVALID_INSTANCE'
  /** An option of the wrong type or out of range. */
  | 'INVALID_OPTION'
  /** The shared registry of this process was made with other options. */
  | 'CONFLICTING_OPTIONS'
  /** The path is registered as ephemeral, or as data, already. */
  | 'TYPE_CONFLICT'
  /** The znode belongs to somebody else, who is alive. */
  | 'OWNED_BY_OTHER'
  /** A warning: the znode of somebody who is alive was replaced, as the conflict policy has it. */
  | 'TAKEN_OVER'
  /** A later call on the same path wants the opposite. */
  | 'SUPERSEDED'
  /** The lock is not held. */
  | 'NOT_HELD'
  /** The lock was not to be had in the time given. */
  | 'LOCK_NOT_ACQUIRED'
  /** The cache file cannot be used. */
  | 'CACHE_FILE'
  /** The registry was stopped. */
  | 'STOPPED'

export class ServiceRegistryError extends Error {
  override readonly name: string = 'ServiceRegistryError'
  readonly code: ServiceRegistryErrorCode
  readonly path: string | undefined
  /** What a schema found wrong, if it was one. */
  readonly issues: readonly ValidationIssue[] | undefined

  constructor(
    code: ServiceRegistryErrorCode,
    message: string,
    options: { path?: string; cause?: unknown; issues?: readonly ValidationIssue[] } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.path = options.path
    this.issues = options.issues
  }

  /** The text, by its name in the Python package. */
  get value(): string {
    return this.message
  }
}

/** The operation needs a connection, and there is none. Nothing was written. */
export class NoConnectionError extends ServiceRegistryError {
  override readonly name: string = 'NoConnectionError'

  constructor(message = 'Service is down. Try again later.', cause?: unknown) {
    super('NO_CONNECTION', message, { cause })
  }
}

/** A write on a registry that was opened for reading only. */
export class ReadOnlyError extends ServiceRegistryError {
  override readonly name: string = 'ReadOnlyError'

  constructor(what: string) {
    super('READ_ONLY', `${what}: the registry is read-only`)
  }
}

export function authFailed(cause?: unknown): ServiceRegistryError {
  return new ServiceRegistryError('AUTH_FAILED', 'ZooKeeper refuses the credentials', { cause })
}
