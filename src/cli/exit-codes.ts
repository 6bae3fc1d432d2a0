// The exit codes of ndsr: what scripts may rely on, and how an error becomes one.
import { ZooKeeperError } from '../../protocol/index.ts'
import { NoConnectionError } from '../index.ts'

export const exitCodes = {
  ok: 0,
  error: 1,
  usage: 2,
  noNode: 3,
  noAuth: 4,
  noConnection: 5,
  /** 128 plus the number of the signal, as shells count. */
  interrupted: 130,
  terminated: 143,
} as const

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes]

/** For --help. */
export const exitCodeHelp: string = `Exit codes:
  0  the path was read
  1  an error that none of the following says
  2  usage: an unknown command or flag, a bad value, an invalid path
  3  there is no node at the path (0 with --allow-missing)
  4  no permission: for the path, or for something below it with --recursive
  5  no connection to ZooKeeper
  130, 143  ended by SIGINT or by SIGTERM`

export function exitCodeOf(error: unknown): ExitCode {
  if (error instanceof NoConnectionError) {
    const code = exitCodeOf(error.cause)
    return code === exitCodes.error ? exitCodes.noConnection : code
  }
  if (!ZooKeeperError.is(error)) return exitCodes.error
  switch (error.code) {
    case 'NO_NODE':
      return exitCodes.noNode
    case 'NO_AUTH':
    case 'AUTH_FAILED':
    case 'SESSION_CLOSED_REQUIRE_SASL_AUTH':
      return exitCodes.noAuth
    case 'CONNECTION_LOSS':
    case 'SESSION_EXPIRED':
    case 'SESSION_MOVED':
    case 'REQUEST_TIMEOUT':
    case 'OPERATION_TIMEOUT':
    case 'CLOSED':
      return exitCodes.noConnection
    case 'INVALID_PATH':
    case 'INVALID_CONNECT_STRING':
      return exitCodes.usage
    default:
      return exitCodes.error
  }
}

/** Causes may go round in circles. */
const MOST_CAUSES = 5

/** The message with those of its causes, on one line. */
export function describeError(error: unknown): string {
  const parts: string[] = []
  let at: unknown = error
  for (let depth = 0; depth < MOST_CAUSES && (depth === 0 || at !== undefined); depth++) {
    const message = at instanceof Error ? at.message || at.name : String(at)
    if (!parts.some(part => part.includes(message))) parts.push(message)
    at = at instanceof Error ? at.cause : undefined
  }
  return parts.join(': ')
}
