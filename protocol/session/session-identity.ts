// What a session is to its servers: its id and password, the timeout they agreed to, and the history it has seen.
import type { HandshakeInput, HandshakeOutcome, SessionCredentials } from './handshake.ts'
import type { SessionEnvironment } from './session-environment.ts'

export class SessionIdentity {
  readonly #environment: SessionEnvironment
  /** How many replies the client had got when this session began. */
  readonly #repliesBefore: number
  #credentials: SessionCredentials | null
  /** True for a session that only a read-only server has seen: it is of no use anywhere else (as in Java's ClientCnxn). */
  #provisional = false
  #timeout: number

  /** `credentials` re-attach to a session that exists. */
  constructor(environment: SessionEnvironment, credentials: SessionCredentials | null) {
    this.#environment = environment
    this.#credentials = credentials
    this.#timeout = environment.sessionTimeout
    this.#repliesBefore = environment.lastZxid.replies
  }

  /** null until a server gave one. */
  get credentials(): SessionCredentials | null {
    return this.#credentials
  }

  /** Negotiated, in milliseconds, or the one asked for before the first connection. */
  get timeout(): number {
    return this.#timeout
  }

  /** What the next handshake says. */
  get handshake(): HandshakeInput {
    const { sessionTimeout, readOnly, lastZxid } = this.#environment
    return {
      session: this.#credentials,
      sessionTimeout,
      // What another session saw is not held against this one: its server may have lost that history.
      lastZxid: lastZxid.replies > this.#repliesBefore ? lastZxid.value : 0n,
      readOnly,
    }
  }

  accepted(outcome: Extract<HandshakeOutcome, { kind: 'established' }>): void {
    if (outcome.session.id !== this.#credentials?.id) this.#provisional = outcome.readOnly
    this.#credentials = outcome.session
    this.#timeout = outcome.sessionTimeout
  }

  linkLost(): void {
    if (this.#provisional) this.#credentials = null
  }
}
