// One attempt to reach a server: the next address, a transport, the handshake, SASL, all under one deadline.
import { ZooKeeperError } from '../errors.ts'
import type { ServerList } from '../net/server-list.ts'
import type { Address, Connector, Transport } from '../net/transport.ts'
import { onAbort, withDeadline } from '../support/abort.ts'
import type { Progress } from './attempt-failure.ts'
import { failureOf } from './attempt-failure.ts'
import type { ConnectionEnvironment, ConnectionPort } from './connection.ts'
import { Connection } from './connection.ts'
import type { HandshakeInput, HandshakeOutcome } from './handshake.ts'
import { connectRequestFor, judge } from './handshake.ts'
import { authenticate } from './sasl/authenticate.ts'
import type { SaslMechanism } from './sasl/mechanism.ts'

export interface Attempt {
  readonly connection: Connection
  readonly address: Address
  readonly outcome: HandshakeOutcome
  /** When the handshake was sent, on the monotonic clock. */
  readonly sentAt: number
}

export interface AttemptInput extends HandshakeInput {
  readonly servers: ServerList
  readonly connect: Connector
  readonly environment: ConnectionEnvironment
  readonly port: ConnectionPort
  /** Milliseconds for all of it. */
  readonly timeout: number
  /** null: no SASL. */
  readonly sasl: SaslMechanism | null
  /** Aborts when the session ends. */
  readonly signal: AbortSignal
}

/** Rejects with a ConnectError when the address does not answer in time; nothing of the attempt is left then. */
export async function attempt(input: AttemptInput): Promise<Attempt> {
  const { environment, timeout, servers, signal: ended } = input
  const progress: Progress = { stage: 'resolve', address: null, lastZxid: input.lastZxid }
  const late = (): Error =>
    failureOf(progress, new Error(`no session within ${Math.round(timeout)} ms`), 'timeout')
  try {
    return await withDeadline(environment.clock, timeout, late, ended, async signal => {
      const address = await servers.next(signal)
      progress.address = address
      return run(input, address, progress, signal)
    })
  } catch (error) {
    throw failureOf(progress, error)
  }
}

async function run(
  input: AttemptInput,
  address: Address,
  progress: Progress,
  signal: AbortSignal,
): Promise<Attempt> {
  progress.stage = 'connect'
  const transport = await input.connect(address, signal)
  const { connection, over } = connectionOn(transport, input, signal)
  if (signal.aborted) {
    transport.destroy()
    throw signal.reason
  }
  // Stays: the session may end while the attempt, which succeeded, is on its way to it.
  onAbort(signal, reason => connection.close(reason as Error))
  try {
    progress.stage = 'handshake'
    const sentAt = input.environment.clock.now()
    const outcome = judge(await connection.handshake(connectRequestFor(input)), input.session)
    // Nothing can expire that was never there: the attempt failed, and the next one waits its turn.
    if (outcome.kind === 'expired' && input.session === null) {
      throw failureOf(progress, new Error('the server refuses to open a session'), 'sessionRefused')
    }
    const { sasl } = input
    if (outcome.kind === 'established' && sasl !== null) {
      await authenticate(connection, { mechanism: sasl, host: address.host, signal: over })
    }
    return { connection, address, outcome, sentAt }
  } catch (error) {
    connection.close(error as Error)
    throw error
  }
}

/** `over` aborts with the connection: with the reason of the attempt, if it is that which ends it. */
function connectionOn(
  transport: Transport,
  { environment, port }: AttemptInput,
  signal: AbortSignal,
): { connection: Connection; over: AbortSignal } {
  const over = new AbortController()
  const closed: ConnectionPort['closed'] = (cause, unanswered) => {
    port.closed(cause, unanswered)
    const reason = signal.aborted ? signal.reason : new ZooKeeperError('CONNECTION_LOSS', { cause })
    // When all is done that ended it: who hears of it may restart the client.
    queueMicrotask(() => over.abort(reason))
  }
  return { connection: new Connection(transport, environment, { ...port, closed }), over: over.signal }
}
