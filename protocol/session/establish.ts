// One attempt to reach a server: the next address, a transport, the handshake, SASL, all under one deadline.
import type { ServerList } from '../net/server-list.ts'
import { describeAddress } from '../net/tcp.ts'
import type { Address, Connector } from '../net/transport.ts'
import { onAbort, withDeadline } from '../support/abort.ts'
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
  /** Hears of the address as soon as there is one. */
  chosen(address: Address): void
}

/** Rejects when the address does not answer in time; nothing of the attempt is left then. */
export function attempt(input: AttemptInput): Promise<Attempt> {
  const { environment, timeout } = input
  let at = ''
  const late = (): Error => new Error(`${at}no session within ${Math.round(timeout)} ms`)
  return withDeadline(environment.clock, timeout, late, input.signal, async signal => {
    const address = await input.servers.next(signal)
    at = `${describeAddress(address)}: `
    input.chosen(address)
    return run(input, address, signal)
  })
}

async function run(input: AttemptInput, address: Address, signal: AbortSignal): Promise<Attempt> {
  const transport = await input.connect(address, signal)
  const connection = new Connection(transport, input.environment, input.port)
  if (signal.aborted) {
    transport.destroy()
    throw signal.reason
  }
  const off = onAbort(signal, reason => connection.close(reason as Error))
  try {
    const sentAt = input.environment.clock.now()
    const response = await connection.handshake(connectRequestFor(input)).catch(cause => {
      throw refused(address, input.lastZxid, cause)
    })
    const outcome = judge(response)
    if (outcome.kind === 'established' && input.sasl !== null) {
      await authenticate(connection, input.sasl, address.host)
    }
    return { connection, address, outcome, sentAt }
  } catch (error) {
    connection.close(error as Error)
    throw error
  } finally {
    off()
  }
}

/** A server that is behind what we have seen hangs up without a word; so do others, for reasons of their own. */
function refused(address: Address, lastZxid: bigint, cause: unknown): Error {
  const { message } = cause as Error
  const silent = lastZxid !== 0n && /^closed before/.test(message)
  const hint = silent ? `; we have seen zxid 0x${lastZxid.toString(16)}, is the server behind?` : ''
  return new Error(`${describeAddress(address)}: ${message}${hint}`, { cause })
}
