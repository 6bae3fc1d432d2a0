// Error codes: the server's numbers (KeeperException.Code) and our words for them.

export interface ErrorCodeFacts {
  readonly number: number
  readonly text: string
}

/** Codes with a number of their own on the wire or in Java's client. */
export const serverErrors = {
  SYSTEM_ERROR: { number: -1, text: 'the server reports a system error' },
  RUNTIME_INCONSISTENCY: { number: -2, text: 'not executed, because an earlier operation failed' },
  DATA_INCONSISTENCY: { number: -3, text: 'the server reports a data inconsistency' },
  CONNECTION_LOSS: { number: -4, text: 'the connection was lost' },
  MARSHALLING_ERROR: { number: -5, text: 'the request or its reply could not be read' },
  UNIMPLEMENTED: { number: -6, text: 'the server does not implement the operation' },
  OPERATION_TIMEOUT: { number: -7, text: 'the operation timed out' },
  BAD_ARGUMENTS: { number: -8, text: 'the server refuses the arguments' },
  UNKNOWN_SESSION: { number: -12, text: 'the server does not know the session' },
  NEW_CONFIG_NO_QUORUM: { number: -13, text: 'no quorum of the new configuration is in step' },
  RECONFIG_IN_PROGRESS: { number: -14, text: 'another reconfiguration is in progress' },
  API_ERROR: { number: -100, text: 'the server reports an API error' },
  NO_NODE: { number: -101, text: 'the znode does not exist' },
  NO_AUTH: { number: -102, text: 'not permitted by the ACL' },
  BAD_VERSION: { number: -103, text: 'the version does not match' },
  NO_CHILDREN_FOR_EPHEMERALS: { number: -108, text: 'an ephemeral znode cannot have children' },
  NODE_EXISTS: { number: -110, text: 'the znode exists' },
  NOT_EMPTY: { number: -111, text: 'the znode has children' },
  SESSION_EXPIRED: { number: -112, text: 'the session has expired' },
  INVALID_CALLBACK: { number: -113, text: 'the server reports an invalid callback' },
  INVALID_ACL: { number: -114, text: 'the ACL is invalid' },
  AUTH_FAILED: { number: -115, text: 'the server rejects the credentials' },
  SESSION_MOVED: { number: -118, text: 'the session has moved to another server' },
  NOT_READ_ONLY: { number: -119, text: 'a read-only server takes no writes' },
  EPHEMERAL_ON_LOCAL_SESSION: { number: -120, text: 'a local session cannot create ephemeral znodes' },
  NO_WATCHER: { number: -121, text: 'there is no such watch' },
  REQUEST_TIMEOUT: { number: -122, text: 'no answer within the time given' },
  RECONFIG_DISABLED: { number: -123, text: 'reconfiguration is disabled on the server' },
  SESSION_CLOSED_REQUIRE_SASL_AUTH: { number: -124, text: 'the server requires authentication' },
  QUOTA_EXCEEDED: { number: -125, text: 'the quota is exceeded' },
  THROTTLED_OP: { number: -127, text: 'the server throttled the operation' },
} as const

/** Codes of this client alone; the number is the nearest one in Java. */
export const clientErrors = {
  CLOSED: { number: -112, text: 'the client is closed' },
  INVALID_PATH: { number: -8, text: 'the path is invalid' },
  INVALID_CONNECT_STRING: { number: -8, text: 'the connect string is invalid' },
  INVALID_ARGUMENT: { number: -8, text: 'the argument is invalid' },
  PACKET_TOO_LARGE: { number: -8, text: 'the packet exceeds the size limit' },
  QUEUE_FULL: { number: -7, text: 'too many requests are waiting' },
  UNKNOWN: { number: 0, text: 'the server answers with a code that this client does not know' },
} as const

export type ErrorCode = keyof typeof serverErrors | keyof typeof clientErrors

const byNumber = new Map<number, ErrorCode>(
  Object.entries(serverErrors).map(([code, facts]) => [facts.number, code as ErrorCode]),
)

/** The word for a number from the wire; a number of the future is UNKNOWN and never a crash. */
export function errorCodeOf(number: number): ErrorCode {
  return byNumber.get(number) ?? 'UNKNOWN'
}

/**
 * Answers that leave open whether the request was executed: a compatible server gives them when it stops waiting for its
 * quorum (ClickHouse Keeper: -4 and -7), and a number of the future may say anything.
 */
const openEnded: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'SYSTEM_ERROR',
  'DATA_INCONSISTENCY',
  'CONNECTION_LOSS',
  'OPERATION_TIMEOUT',
  'REQUEST_TIMEOUT',
  'UNKNOWN',
])

/** True when the server certainly did not execute a request that it answered with the number. */
export function isRefusal(number: number): boolean {
  return !openEnded.has(errorCodeOf(number))
}

export function errorFacts(code: ErrorCode): ErrorCodeFacts {
  return code in serverErrors
    ? serverErrors[code as keyof typeof serverErrors]
    : clientErrors[code as keyof typeof clientErrors]
}
