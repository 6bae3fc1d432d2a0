// What a connection says besides requests, and the server answers out of their order: pings and credentials.
import { serverErrors } from '../error-codes.ts'
import { ZooKeeperError } from '../errors.ts'
import { OpCode, Xid } from '../opcodes.ts'
import { operations } from '../operations.ts'
import type { AuthPacket } from '../records/access.ts'
import type { Deferred } from '../support/deferred.ts'
import { deferred, handled } from '../support/deferred.ts'
import { Fifo } from '../support/fifo.ts'
import type { Output } from './output.ts'

/** The server takes nothing from us without authentication, and closes. */
export const REQUIRES_AUTH: number = serverErrors.SESSION_CLOSED_REQUIRE_SASL_AUTH.number

export interface SideAnswersPort {
  /** A ping sent at `sentAt` was answered. */
  proven(sentAt: number): void
  /** The server rejected a credential. */
  authFailed(): void
}

export class SideAnswers {
  readonly #output: Output
  readonly #port: SideAnswersPort
  readonly #pings = new Fifo<number>()
  readonly #auths = new Fifo<Deferred<void>>()

  constructor(output: Output, port: SideAnswersPort) {
    this.#output = output
    this.#port = port
  }

  ping(): void {
    this.#pings.push(this.#output.turn)
    this.#output.request(Xid.ping, OpCode.ping, null, undefined)
  }

  pong(err: number): void {
    if (err === REQUIRES_AUTH) return this.#port.authFailed()
    const sentAt = this.#pings.shift()
    if (sentAt !== undefined) this.#port.proven(sentAt)
  }

  /** Resolves when the server accepts the credential. */
  authenticate(packet: AuthPacket): Promise<void> {
    const answer = deferred<void>()
    try {
      this.#output.request(Xid.auth, OpCode.auth, operations.auth.request, packet)
      this.#auths.push(answer)
    } catch (error) {
      answer.reject(error)
    }
    return handled(answer.promise)
  }

  authAnswered(err: number): void {
    const answer = this.#auths.shift()
    if (err === 0) {
      answer?.resolve()
      return
    }
    answer?.reject(ZooKeeperError.fromNumber(err, { operation: 'auth' }))
    if (err === serverErrors.AUTH_FAILED.number) this.#port.authFailed()
  }

  /** No answer can come any more. */
  closed(cause: Error | undefined): void {
    const lost = new ZooKeeperError('CONNECTION_LOSS', { operation: 'auth', cause })
    for (const auth of this.#auths.drain()) auth.reject(lost)
  }
}
