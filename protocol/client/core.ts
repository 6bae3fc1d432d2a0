// What a client and its chroot views share: the session at hand, the watches, and the way of a request.
import type { ErrorCode } from '../error-codes.ts'
import { InvalidArgumentError, InvalidConnectStringError, ZooKeeperError } from '../errors.ts'
import { parseConnectString } from '../net/connect-string.ts'
import { fourLetterWord } from '../net/four-letter-word.ts'
import { rebalance } from '../net/rebalance.ts'
import { describeAddress } from '../net/tcp.ts'
import type { Operation } from '../operations.ts'
import type { Acl } from '../records/data.ts'
import { authPacketOf, Credentials, credentialOf } from '../session/credentials.ts'
import type { SessionCredentials } from '../session/handshake.ts'
import { formatSessionId } from '../session/handshake.ts'
import { PendingRequest } from '../session/pending-request.ts'
import { isTraced, traceRequest } from '../session/request-trace.ts'
import { Session } from '../session/session.ts'
import type { SessionEnvironment } from '../session/session-environment.ts'
import type { SessionState, TerminalState } from '../session/states.ts'
import { isLinked, isTerminal } from '../session/states.ts'
import { WatchDispatcher } from '../session/watch-dispatcher.ts'
import type { Watcher } from '../session/watch-table.ts'
import { WatchTable } from '../session/watch-table.ts'
import { onAbort, withDeadline } from '../support/abort.ts'
import type { Clock } from '../support/clock.ts'
import { channels } from '../support/diagnostics.ts'
import { Emitter } from '../support/emitter.ts'
import { logger } from '../support/log.ts'
import { checkAcl, openAcl } from './acl.ts'
import { environmentOf } from './environment.ts'
import type { RequestOptions, ZooKeeperOptions } from './options.ts'
import { checkRequestOptions, checkSession } from './options.ts'
import { PersistentWatches } from './persistent-watches.ts'
import type { StateChange } from './state-stream.ts'
import type { ClientStatus } from './status.ts'

const log = logger('client')

export interface ZooKeeperEvents {
  /** The session changed its state, or a new one took its place. */
  state: StateChange
  /** An attempt to connect failed; the next one follows by itself. */
  attemptFailed: Error
  /** The process was stopped or blocked for so many milliseconds beyond what its timers asked for. */
  stalled: number
  /** Something went wrong that no caller waits for, such as a watcher that threw. */
  warning: unknown
}

export class ClientCore {
  readonly chroot: string
  readonly acl: readonly Acl[]
  readonly maxRequestSize: number
  readonly clock: Clock
  readonly persistentWatches: PersistentWatches
  readonly events: Emitter<ZooKeeperEvents> = new Emitter((error, event) => {
    // What a listener for warnings throws is no warning, or there would be no end to it.
    if (event === 'warning') log('a listener for warnings threw: %O', error)
    else this.warn(error)
  })
  readonly #environment: SessionEnvironment
  readonly #watches = new WatchTable()
  readonly #dispatcher = new WatchDispatcher(this.#watches, error => this.warn(error))
  readonly #credentials = new Credentials()
  readonly #onExpired: 'renew' | 'close'
  #closed = new AbortController()
  #session: Session
  #started = false
  #generation = 0
  #sessionId = 0n

  constructor(connectString: string, options: ZooKeeperOptions) {
    const { servers, chroot } = parseConnectString(connectString)
    this.chroot = chroot
    this.acl = options.acl ?? openAcl
    checkAcl(this.acl)
    this.#onExpired = options.onExpired ?? 'renew'
    if (this.#onExpired !== 'renew' && this.#onExpired !== 'close') {
      throw new InvalidArgumentError('onExpired', "'renew' or 'close'", this.#onExpired)
    }
    for (const { scheme, auth } of options.auth ?? []) this.#credentials.add(credentialOf(scheme, auth))
    this.#environment = environmentOf(servers, options, this.#credentials, this.#watches)
    this.clock = this.#environment.clock
    this.maxRequestSize = this.#environment.maxRequestSize
    this.persistentWatches = new PersistentWatches({
      watches: this.#watches,
      submit: (...request) => this.submit(...request),
      isArming: path => this.#session.isArming(path),
      warning: error => this.warn(error),
    })
    if (options.session !== undefined) checkSession(options.session)
    this.#session = this.#open(options.session ?? null)
  }

  get state(): SessionState {
    return this.#session.state
  }

  get session(): SessionCredentials | null {
    return this.#session.credentials
  }

  /** 0n while there is none. */
  get sessionId(): bigint {
    return this.#sessionId
  }

  get generation(): number {
    return this.#generation
  }

  /** Negotiated session timeout, in milliseconds. */
  get sessionTimeout(): number {
    return this.#session.timeout
  }

  /** The server at the other end, or null. */
  get remote(): string | null {
    const { address } = this.#session
    return address === null ? null : describeAddress(address)
  }

  get sessionRemaining(): number {
    return this.#session.remaining
  }

  get lastZxid(): bigint {
    return this.#environment.lastZxid.value
  }

  get change(): StateChange {
    const { state } = this
    return { state, previous: state, generation: this.#generation, sessionId: this.#sessionId }
  }

  /** True for a state that no other follows. */
  isLast(state: SessionState): boolean {
    return isTerminal(state) && (state !== 'expired' || this.#onExpired === 'close')
  }

  get status(): ClientStatus {
    const session = this.#session
    return {
      state: session.state,
      sessionId: this.#sessionId,
      generation: this.#generation,
      sessionTimeout: session.timeout,
      server: this.remote,
      lastZxid: this.lastZxid,
      queued: session.queued,
      inFlight: session.inFlight,
      watches: this.#watches.size,
    }
  }

  start(): void {
    if (this.#started) return
    this.#started = true
    this.#session.start()
  }

  /** The way of every request. The promise settles: answer, error, abort, timeout or close. */
  submit<Request, Reply>(
    operation: Operation<Request, Reply>,
    request: Request,
    path: string | undefined,
    serverPath: string,
    watcher: Watcher | null,
    options: RequestOptions,
  ): Promise<Reply> {
    const pending = new PendingRequest(
      operation as Operation<unknown, unknown>,
      request,
      path,
      serverPath,
      watcher,
    )
    if (options.signal !== undefined || options.timeout !== undefined) {
      checkRequestOptions(options)
      if (abandon(pending, options.signal)) return pending.promise as Promise<Reply>
    }
    if (isTraced()) traceRequest(pending, this.clock)
    if (!this.#started) this.start()
    this.#session.submit(pending, options.timeout)
    return pending.promise as Promise<Reply>
  }

  /** Keeps a credential for all connections and sends it on the one at hand. */
  async authenticate(scheme: string, auth: string | Uint8Array, options: RequestOptions): Promise<void> {
    checkRequestOptions(options)
    const { timeout = this.#environment.requestTimeout, signal } = options
    signal?.throwIfAborted()
    const credential = credentialOf(scheme, auth)
    if (!this.#credentials.add(credential)) return
    const late = (): Error => new ZooKeeperError('REQUEST_TIMEOUT', { operation: 'auth' })
    try {
      const send = (): Promise<void> => this.#session.authenticate(authPacketOf(credential))
      await withDeadline(this.clock, timeout, late, signal, send)
    } catch (error) {
      // A connection that broke meanwhile is followed by one that replays the credential.
      if (ZooKeeperError.is(error, 'CONNECTION_LOSS')) return
      this.#credentials.remove(credential)
      throw error
    }
  }

  forget(scheme: string, auth: string | Uint8Array): void {
    this.#credentials.remove(credentialOf(scheme, auth))
  }

  /** Takes another list of servers; the session goes on, on another server where that evens out the load. */
  updateServers(connectString: string): void {
    const { servers, chroot } = parseConnectString(connectString)
    if (chroot !== this.chroot) {
      throw new InvalidConnectStringError(connectString, `the chroot stays ${this.chroot || 'none'}`)
    }
    const { servers: list, random } = this.#environment
    const { move, first } = rebalance(list.servers, servers, this.#session.address, random)
    list.update(servers, first)
    if (move) this.#session.relocate('the server list has changed')
  }

  async command(word: string, options: RequestOptions): Promise<string> {
    checkRequestOptions(options)
    const { servers, connect, requestTimeout } = this.#environment
    const { timeout = requestTimeout, signal } = options
    const late = (): Error => new ZooKeeperError('REQUEST_TIMEOUT', { operation: word })
    const { signal: closed } = this.#closed
    const either = signal === undefined ? closed : AbortSignal.any([signal, closed])
    return withDeadline(this.clock, timeout, late, either, async inner => {
      inner.throwIfAborted()
      const address = this.#session.address ?? (await servers.next(inner))
      return fourLetterWord(address, connect, word, inner)
    })
  }

  async close(patience: number): Promise<void> {
    const session = this.#session
    this.#closed.abort(new ZooKeeperError('CLOSED', { operation: 'command' }))
    await session.close(patience)
    // A restart meanwhile goes on with them.
    if (session === this.#session) this.#watches.clear()
  }

  /** Begins a new session whatever the state of the one at hand, which is given up as if it had expired. */
  restart(): void {
    if (!this.#started && !isTerminal(this.state)) return this.start()
    this.#started = true
    this.#closed = new AbortController()
    const former = this.#session
    former.giveUp()
    if (this.#session !== former) return
    this.#session = this.#open(null)
    this.#sessionId = 0n
    this.#announce('connecting', former.state)
    this.#session.start()
  }

  #open(credentials: SessionCredentials | null): Session {
    const session: Session = new Session(
      this.#environment,
      {
        changed: (state, before) => this.#changed(session, state, before),
        ended: (state, before, heirs) => this.#ended(state, before, heirs),
        notified: (event, zxid) => this.#dispatcher.notified(event, zxid),
        attempted: (server, cause) => this.#attempted(server, cause),
        stalled: ms => this.events.emit('stalled', ms),
        warning: error => this.warn(error),
      },
      credentials,
    )
    return session
  }

  #changed(session: Session, state: SessionState, previous: SessionState): void {
    const id = session.credentials?.id ?? 0n
    if (isLinked(state) && id !== this.#sessionId) {
      this.#sessionId = id
      this.#generation++
      // The servers may have been upgraded.
      this.#environment.unsupported.clear()
    }
    this.#announce(state, previous)
    if (isLinked(state) && !isLinked(previous)) this.#dispatcher.resync()
  }

  /** A session that expired is followed by a new one, before anybody hears of it and asks for it. */
  #ended(state: TerminalState, previous: SessionState, heirs: PendingRequest[]): void {
    if (this.isLast(state)) {
      const code: ErrorCode = state === 'expired' ? 'SESSION_EXPIRED' : 'CLOSED'
      for (const request of heirs) request.fail(code)
      this.#announce(state, previous)
      return
    }
    this.#session = this.#open(null)
    this.#announce('expired', previous)
    this.#sessionId = 0n
    if (this.state !== 'connecting') {
      for (const request of heirs) request.fail('CLOSED')
      return
    }
    this.#announce('connecting', 'expired')
    this.#session.start(heirs)
  }

  #attempted(server: string | null, cause: Error | null): void {
    if (channels.connect.hasSubscribers) {
      const sessionId = this.#session.credentials?.id ?? 0n
      channels.connect.publish({ server, error: cause, sessionId })
    }
    if (cause !== null) this.events.emit('attemptFailed', cause)
  }

  #announce(state: SessionState, previous: SessionState): void {
    log('%s (session %s, generation %d)', state, formatSessionId(this.#sessionId), this.#generation)
    const change = { state, previous, generation: this.#generation, sessionId: this.#sessionId }
    this.events.emit('state', change)
    if (channels.state.hasSubscribers) channels.state.publish(change)
  }

  /** What a callback threw reaches the warning listeners, and nobody else suffers. */
  warn(error: unknown): void {
    log('warning: %O', error)
    this.events.emit('warning', error)
  }
}

/** Rejects the request when the signal aborts; true if it has aborted already. */
function abandon(request: PendingRequest, signal: AbortSignal | undefined): boolean {
  const off = onAbort(signal, reason => {
    if (request.progress !== 'done') request.reject(reason)
  })
  if (request.progress === 'done') return true
  request.promise.then(off, off)
  return false
}
