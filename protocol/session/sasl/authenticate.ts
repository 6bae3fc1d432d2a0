// The SASL exchange on a new connection: before it is through, nothing else may be sent.
import { ZooKeeperError } from '../../errors.ts'
import { operations } from '../../operations.ts'
import type { SaslToken } from '../../records/access.ts'
import { PendingRequest } from '../pending-request.ts'
import type { SaslMechanism } from './mechanism.ts'

/** More steps than any mechanism has. */
const MOST_STEPS = 10

export interface SaslPort {
  send(request: PendingRequest): void
}

/** Errors: AUTH_FAILED when either side rejects the other, or CONNECTION_LOSS. */
export async function authenticate(port: SaslPort, mechanism: SaslMechanism, host: string): Promise<void> {
  try {
    const exchange = mechanism.begin(host)
    let token = await exchange.initial()
    for (let step = 0; step < MOST_STEPS; step++) {
      const answer = await send(port, token)
      if (answer === null) throw new Error('the server has no SASL')
      const next = await exchange.respond(answer)
      if (next === null) return
      token = next
    }
    throw new Error(`${mechanism.name} does not end`)
  } catch (cause) {
    if (ZooKeeperError.is(cause, 'CONNECTION_LOSS')) throw cause
    const number = ZooKeeperError.is(cause) ? cause.number : undefined
    throw new ZooKeeperError('AUTH_FAILED', { operation: 'sasl', cause, number })
  }
}

async function send(port: SaslPort, token: Uint8Array): Promise<Uint8Array | null> {
  const request = PendingRequest.internal(operations.sasl, { token })
  port.send(request)
  return ((await request.promise) as SaslToken).token
}
