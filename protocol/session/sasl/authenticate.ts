// The SASL exchange on a new connection: before it is through, nothing else may be sent.
import type { ErrorCode } from '../../error-codes.ts'
import { ZooKeeperError } from '../../errors.ts'
import { operations } from '../../operations.ts'
import type { SaslToken } from '../../records/access.ts'
import { abortable } from '../../support/abort.ts'
import { PendingRequest } from '../pending-request.ts'
import type { SaslContext, SaslMechanism } from './mechanism.ts'
import { MechanismError } from './mechanism.ts'

/** More steps than any mechanism has. */
const MOST_STEPS = 10

/** What may be otherwise on the next connection; any other answer is the server's word on the credentials. */
const PASSING: ReadonlySet<ErrorCode> = new Set([
  'CONNECTION_LOSS',
  'MARSHALLING_ERROR',
  'SESSION_EXPIRED',
  'SESSION_MOVED',
  'THROTTLED_OP',
])

export interface SaslPort {
  send(request: PendingRequest): void
}

export interface SaslInput extends SaslContext {
  readonly mechanism: SaslMechanism
  readonly host: string
}

/**
 * Errors: AUTH_FAILED when either side rejects the other, a MechanismError when the mechanism fails for reasons of its own,
 * CONNECTION_LOSS and its like, and the signal's reason, whatever the mechanism makes of it.
 */
export async function authenticate(port: SaslPort, { mechanism, host, signal }: SaslInput): Promise<void> {
  const { name } = mechanism
  const asked = <T>(question: () => T | Promise<T>): Promise<T> => ask(name, signal, question)
  const exchange = await asked(() => mechanism.begin(host, { signal }))
  let token = await asked(() => exchange.initial())
  for (let step = 0; step < MOST_STEPS; step++) {
    const answer = await send(port, name, token)
    if (answer === null) throw rejection(new Error('the server has no SASL'))
    const next = await asked(() => exchange.respond(answer))
    if (next === null) return
    token = next
  }
  throw rejection(new Error(`${name} does not end`))
}

/** What the mechanism says. Only by the word for it does an error of its own end the client. */
async function ask<T>(name: string, signal: AbortSignal, question: () => T | Promise<T>): Promise<T> {
  const answer = async (): Promise<T> => question()
  try {
    return await abortable(answer(), signal)
  } catch (cause) {
    signal.throwIfAborted()
    throw ZooKeeperError.is(cause, 'AUTH_FAILED') ? rejection(cause) : new MechanismError(name, cause)
  }
}

async function send(port: SaslPort, name: string, token: Uint8Array): Promise<Uint8Array | null> {
  if (!(token instanceof Uint8Array)) throw new MechanismError(name, new TypeError('its token is not bytes'))
  const request = PendingRequest.internal(operations.sasl, { token })
  port.send(request)
  try {
    return ((await request.promise) as SaslToken).token
  } catch (cause) {
    if (!ZooKeeperError.is(cause) || cause.code === 'PACKET_TOO_LARGE') throw new MechanismError(name, cause)
    throw PASSING.has(cause.code) ? cause : rejection(cause, cause.number)
  }
}

function rejection(cause: unknown, number?: number): ZooKeeperError {
  return new ZooKeeperError('AUTH_FAILED', { operation: 'sasl', cause, number })
}
