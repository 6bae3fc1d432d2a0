// One ZooKeeper session: connects, reconnects, queues and repeats requests, until it ends for good.
import type { ErrorCode } from '../error-codes.ts'
import type { ConnectError } from '../errors.ts'
import { ZooKeeperError } from '../errors.ts'
import { formatSessionId } from '../ids.ts'
import type { Address } from '../net/transport.ts'
import type { AuthPacket } from '../records/access.ts'
import type { Deferred } from '../support/deferred.ts'
import { deferred, handled } from '../support/deferred.ts'
import { logger } from '../support/log.ts'
import { failureOf } from './attempt-failure.ts'
import type { Connection, ConnectionPort } from './connection.ts'
import type { Attempt } from './establish.ts'
import { attempt } from './establish.ts'
import type { SessionCredentials } from './handshake.ts'
import { takeLeave } from './leave.ts'
import { Lifeline } from './lifeline.ts'
import type { PendingRequest } from './pending-request.ts'
import { reconnectLoop } from './reconnect-loop.ts'
import { gapOf, rearmOn, WatchesRefusedError } from './resubscribe.ts'
import type { Skills } from './server-skills.ts'
import type { SessionEnvironment, SessionPort } from './session-environment.ts'
import { SessionIdentity } from './session-identity.ts'
import { SessionRequests } from './session-requests.ts'
import type { SessionEvent, SessionState, TerminalState } from './states.ts'
import { isTerminal, nextState, terminalCodes } from './states.ts'
import { attemptTimeout, timeoutsOf } from './timeouts.ts'
import type { Gap } from './watch-table.ts'
import { findWritable } from './writable-search.ts'

const log = logger('session')
const UNSTABLE = 'every connection is cut at once: does another client use the same session?'

export class Session {
  readonly #environment: SessionEnvironment
  readonly #port: SessionPort
  readonly #identity: SessionIdentity
  readonly #requests: SessionRequests
  readonly #lifeline: Lifeline
  readonly #ended = new AbortController()
  #state: SessionState = 'connecting'
  #address: Address | null = null
  /** When the connection at hand, or the last one, was made. */
  #linkedAt = 0
  /** Ends what goes on for the sake of the connection at hand. */
  #linkEnded = new AbortController()
  #loop: Promise<void> | null = null
  #closing: Promise<void> | null = null

  /** `credentials` re-attach to a session that exists. */
  constructor(environment: SessionEnvironment, port: SessionPort, credentials: SessionCredentials | null) {
    this.#environment = environment
    this.#port = port
    this.#identity = new SessionIdentity(environment, credentials)
    this.#requests = new SessionRequests(environment)
    this.#lifeline = new Lifeline(environment.clock, {
      silent: () => this.#silent(),
      expired: () => this.#end('expired'),
    })
  }

  get state(): SessionState {
    return this.#state
  }

  /** null until a server gave one. */
  get credentials(): SessionCredentials | null {
    return this.#identity.credentials
  }

  /** Negotiated session timeout in milliseconds, or the one asked for before the first connection. */
  get timeout(): number {
    return this.#identity.timeout
  }

  /** The server at the other end, or null. */
  get address(): Address | null {
    return this.#connection === null ? null : this.#address
  }

  /** How long it is known to live on, and when a server was last heard. */
  get lifeline(): Pick<Lifeline, 'remaining' | 'silence'> {
    return this.#lifeline
  }

  /** How calls fail that the session cannot answer any more; null while it can. */
  get over(): ErrorCode | null {
    if (isTerminal(this.#state)) return terminalCodes[this.#state]
    return this.#closing === null ? null : 'CLOSED'
  }

  /** Its requests, for those who count them. */
  get requests(): Pick<SessionRequests, 'queued' | 'inFlight' | 'isArming' | 'disown'> {
    return this.#requests
  }

  /** What is known of the server at the other end; null without a connection. */
  get skills(): Skills | null {
    return this.#connection?.skills ?? null
  }

  /** True from its start on. */
  get begun(): boolean {
    return this.#loop !== null
  }

  /** Begins to connect. */
  start(): void {
    this.#loop ??= reconnectLoop(this.#environment, this.#ended.signal, {
      link: () => this.#link(),
      failed: error => this.#failed(error as ConnectError),
      unstable: () => this.#port.warning(new Error(UNSTABLE)),
      saving: () => (this.#state === 'connecting' ? null : this.timeout),
    })
  }

  /** Takes over reads that outlived the session before this one. */
  inherit(requests: readonly PendingRequest[]): void {
    this.#requests.inherit(requests)
  }

  /** Sends the request in this turn, or as soon as there is a connection. */
  submit(request: PendingRequest, timeout: number = this.#environment.requestTimeout): void {
    const { over } = this
    if (over !== null) return request.fail(over)
    this.#requests.submit(request, timeout)
  }

  /** Sends a credential on the connection at hand, if there is one; every later one replays it. */
  async authenticate(packet: AuthPacket): Promise<void> {
    if (this.over !== null) throw new ZooKeeperError(this.over, { operation: 'auth' })
    await this.#connection?.authenticate(packet)
  }

  /** Gives up the connection at hand for another one; the session goes on. */
  relocate(reason: string): void {
    this.#connection?.close(new Error(reason))
  }

  /** Ends the session on the server if it can be reached, and in any case here, within `patience` ms. */
  close(patience: number): Promise<void> {
    this.#closing ??= this.#close(patience)
    return this.#closing
  }

  /** Ends the session here, as if it had expired, and tells nobody; on the server it lives until its timeout. */
  giveUp(): PendingRequest[] {
    return this.#finish('expired')
  }

  async #close(patience: number): Promise<void> {
    const connection = this.#connection
    if (connection !== null) await takeLeave(connection, this.#environment.clock, patience)
    this.#end('closed')
  }

  #failed(error: ConnectError): void {
    log('attempt failed: %s', error)
    this.#port.attempted(error.server, error)
    // Wrong credentials stay wrong: trying again would only lock somebody out.
    if (ZooKeeperError.is(error, 'AUTH_FAILED')) this.#end('authFailed')
  }

  /** One connection, from the attempt to its end. */
  async #link(): Promise<number> {
    const { sessionTimeout, servers, connect, sasl } = this.#environment
    const { handshake } = this.#identity
    const over = deferred<number>()
    const gap = gapOf(this.#environment)
    const made = await attempt({
      ...handshake,
      servers,
      connect,
      environment: this.#environment,
      port: this.#connectionPort(over),
      timeout: attemptTimeout(sessionTimeout, servers.size, this.#lifeline.remaining),
      sasl,
      signal: this.#ended.signal,
    })
    try {
      this.#established(made, gap)
    } catch (error) {
      made.connection.close(error as Error)
      throw failureOf({ stage: 'handshake', address: made.address, lastZxid: handshake.lastZxid }, error)
    }
    return over.promise
  }

  #established({ connection, address, outcome, sentAt }: Attempt, gap: Gap): void {
    if (outcome.kind === 'expired' || isTerminal(this.#state)) {
      connection.close()
      this.#end('expired')
      return
    }
    const timeouts = timeoutsOf(outcome.sessionTimeout, this.#environment.servers.size)
    connection.open(timeouts)
    // The list may have changed during the attempt: the session goes on where it leads. A new one is left to its timeout:
    // nobody has heard of it, and nobody is to hear of its end.
    if (!this.#environment.servers.lists(address)) return connection.close(new Error('listed no more'))
    this.#identity.accepted(outcome)
    log('session %s on %s', formatSessionId(outcome.session.id), connection.remote)
    this.#requests.connection = connection
    this.#linkedAt = this.#environment.clock.now()
    this.#address = address
    this.#lifeline.established(timeouts, sentAt)
    for (const packet of this.#environment.credentials.packets()) handled(connection.authenticate(packet))
    // Before any request, so that their events come before any answer that shows the change.
    const over = this.#linkEnded.signal
    rearmOn(connection, gap, { environment: this.#environment, port: this.#port, over })
    this.#port.attempted(connection.remote, null)
    if (outcome.readOnly) this.#searchWritable(over)
    this.#move(outcome.readOnly ? 'establishedReadOnly' : 'established')
    this.#pump()
  }

  #connectionPort(over: Deferred<number>): ConnectionPort {
    return {
      proven: at => this.#lifeline.proven(at),
      notified: (event, zxid) => this.#port.notified(event, zxid),
      writable: () => this.#pump(),
      authFailed: () => this.#end('authFailed'),
      stalled: ms => this.#port.stalled(ms),
      closed: (cause, unanswered) => over.resolve(this.#unlinked(cause, unanswered)),
    }
  }

  /** Tells for how long there was a link, in milliseconds. */
  #unlinked(cause: Error | undefined, unanswered: PendingRequest[]): number {
    if (this.#connection === null) {
      // It ended before its session was through the door: what was sent there belongs to that attempt.
      for (const request of unanswered) request.fail('CONNECTION_LOSS', cause)
      return 0
    }
    log('connection over: %s', cause ?? 'closed by the server')
    const lasted = this.#environment.clock.now() - this.#linkedAt
    const isRefused = cause instanceof WatchesRefusedError
    if (lasted > this.timeout / 3 && !isRefused) this.#environment.pacing.proven()
    this.#requests.connection = null
    this.#identity.linkLost()
    this.#linkEnded.abort()
    this.#linkEnded = new AbortController()
    const state = this.#state
    this.#requests.restore(unanswered, isTerminal(state) ? terminalCodes[state] : 'CONNECTION_LOSS', cause)
    // A server hangs up after closeSession: that is the end, not a loss.
    if (this.#closing === null) this.#move('linkLost')
    return lasted
  }

  /** Reads go on meanwhile. `signal` is that of this connection, which may be over by now. */
  #searchWritable(signal: AbortSignal): void {
    const { clock, servers, connect } = this.#environment
    findWritable({ clock, servers, connect, signal }).then(
      address => {
        servers.prefer(address)
        this.relocate('another server takes writes')
      },
      () => {},
    )
  }

  #pump(): void {
    if (this.#closing === null) this.#requests.pump()
  }

  /** Locks are void; the link, which carries no answers, is given up for another. */
  #silent(): void {
    this.#move('silent')
    this.#connection?.close(new Error(`no answer for ${this.timeout} ms`))
  }

  #move(event: SessionEvent): void {
    const before = this.#state
    this.#state = nextState(before, event)
    if (this.#state !== before) this.#port.changed(this.#state, before)
  }

  #end(state: TerminalState): void {
    const before = this.#state
    if (!isTerminal(before)) this.#port.ended(state, before, this.#finish(state))
  }

  /** The last act: nothing is left running, and every request is settled, or returned for the next session. */
  #finish(state: TerminalState): PendingRequest[] {
    if (isTerminal(this.#state)) return []
    this.#lifeline.stop()
    this.#requests.stop()
    this.#state = nextState(this.#state, state)
    const reason = new ZooKeeperError(terminalCodes[state])
    this.#ended.abort(reason)
    // Puts what was sent and may be sent again into the queue; the rest is told how the session ended.
    this.#connection?.close(reason)
    return this.#requests.end(state)
  }

  get #connection(): Connection | null {
    return this.#requests.connection
  }
}
