// Why an attempt to connect failed, told from how far it came and what ended it.
import type { ConnectFailure } from '../errors.ts'
import { ConnectError, ZooKeeperError } from '../errors.ts'
import { describeAddress } from '../net/tcp.ts'
import type { Address } from '../net/transport.ts'
import { MechanismError } from './sasl/mechanism.ts'

/** What an attempt was about when it failed; SASL is part of the handshake. */
export type Stage = 'resolve' | 'connect' | 'handshake'

export interface Progress {
  stage: Stage
  /** null before the name is resolved. */
  address: Address | null
  /** What the ConnectRequest says that the client has seen. */
  readonly lastZxid: bigint
}

const UNKNOWN = { code: 'CONNECTION_LOSS', operation: 'connect' } as const
const BAD_ANSWERS: readonly string[] = ['FrameError', 'JuteError', 'HandshakeError', 'XidMismatch']
/** Of OpenSSL and of Node, and of files of certificates that cannot be read. */
const TLS = /^ERR_(TLS|SSL|OSSL)|CERT|SELF_SIGNED|UNABLE_TO_(GET|VERIFY)|^(ENOENT|EACCES|EISDIR)$/

/** The failure that the caller hears of. `reason`: where it is known already, such as at the deadline. */
export function failureOf(progress: Progress, cause: unknown, reason?: ConnectFailure): ConnectError {
  if (cause instanceof ConnectError) return cause
  const { address, lastZxid } = progress
  const error = cause instanceof Error ? cause : new Error(String(cause))
  // An error of ours is retold here in full; what was behind it stays behind.
  const isOurs = ZooKeeperError.is(error) || error instanceof MechanismError
  const behindIt = isOurs ? (error.cause ?? error) : error
  const why = reason ?? reasonOf(progress.stage, error, behindIt)
  const server = address === null ? null : describeAddress(address)
  // A server that is behind what we have seen hangs up without a word; so do others, for reasons of their own.
  const isBehind = why === 'closedBeforeResponse' && lastZxid !== 0n
  const hint = isBehind ? `; we have seen zxid 0x${lastZxid.toString(16)}, is the server behind?` : ''
  const message = `${server === null ? '' : `${server}: `}${error.message}${hint}`
  const { code, operation } = ZooKeeperError.is(error) ? error : UNKNOWN
  return new ConnectError(why, { server, lastZxid, code, operation, message, cause: behindIt })
}

function reasonOf(stage: Stage, error: Error, behindIt: unknown): ConnectFailure {
  const code = String((error as NodeJS.ErrnoException).code ?? '')
  if (stage === 'resolve') return 'unresolved'
  if (stage === 'connect') {
    if (code === 'ECONNREFUSED') return 'refused'
    return TLS.test(code) ? 'tls' : 'unreachable'
  }
  if (error instanceof MechanismError) return 'mechanismFailed'
  if (ZooKeeperError.is(error, 'AUTH_FAILED')) return 'authFailed'
  if (ZooKeeperError.is(error, 'NOT_READ_ONLY')) return 'noSessions'
  // Of a connection that ended with the exchange of SASL, it is what ended it.
  const { name } = behindIt instanceof Error ? behindIt : error
  const isBad = BAD_ANSWERS.includes(name) || ZooKeeperError.is(error, 'MARSHALLING_ERROR')
  return isBad ? 'badResponse' : 'closedBeforeResponse'
}
