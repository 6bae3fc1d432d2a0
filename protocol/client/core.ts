// What a client and its chroot views share: the session at hand, the watches, and the way of a request.
import { InvalidArgumentError, InvalidConnectStringError, ZooKeeperError } from '../errors.ts'
import { parseConnectString } from '../net/connect-string.ts'
import { fourLetterWord } from '../net/four-letter-word.ts'
import { rebalance } from '../net/rebalance.ts'
import { describeAddress } from '../net/tcp.ts'
import type { Address } from '../net/transport.ts'
import { OpCode } from '../opcodes.ts'
import type { Operation } from '../operations.ts'
import type { Acl } from '../records/data.ts'
import { authPacketOf, Credentials, credentialOf } from '../session/credentials.ts'
import type { SessionCredentials } from '../session/handshake.ts'
import { PendingRequest } from '../session/pending-request.ts'
import { isTraced, traceRequest } from '../session/request-trace.ts'
import type { SessionEnvironment } from '../session/session-environment.ts'
import type { SessionState } from '../session/states.ts'
import { isTerminal } from '../session/states.ts'
import { WatchDispatcher } from '../session/watch-dispatcher.ts'
import type { Watcher } from '../session/watch-table.ts'
import { WatchTable } from '../session/watch-table.ts'
import { onAbort, withDeadline } from '../support/abort.ts'
import type { Clock } from '../support/clock.ts'
import type { Emitter } from '../support/emitter.ts'
import { openAcl, ownAcl } from './acl.ts'
import type { ZooKeeperEvents } from './announcer.ts'
import { Announcer } from './announcer.ts'
import { Callbacks } from './callbacks.ts'
import { environmentOf } from './environment.ts'
import type { RequestOptions, ZooKeeperOptions } from './options.ts'
import { checkRequestOptions, checkSession } from './options.ts'
import { PersistentWatches } from './persistent-watches.ts'
import { Sessions } from './sessions.ts'
import type { StateChange } from './state-stream.ts'
import type { ClientStatus } from './status.ts'

export class ClientCore {
  readonly chroot: string
  readonly acl: readonly Acl[]
  readonly maxRequestSize: number
  readonly clock: Clock
  readonly persistentWatches: PersistentWatches
  readonly callbacks: Callbacks = new Callbacks()
  readonly #environment: SessionEnvironment
  readonly #watches = new WatchTable()
  readonly #credentials = new Credentials()
  readonly #announcer = new Announcer(text => this.#credentials.redact(text))
  #closed = new AbortController()
  readonly #sessions: Sessions
  #started = false

  constructor(connectString: string, options: ZooKeeperOptions) {
    const source = parseConnectString(connectString)
    this.chroot = source.chroot
    const { acl = openAcl } = options
    this.acl = ownAcl(acl)
    const { onExpired = 'renew' } = options
    if (onExpired !== 'renew' && onExpired !== 'close') {
      throw new InvalidArgumentError('onExpired', "'renew' or 'close'", onExpired)
    }
    for (const { scheme, auth } of options.auth ?? []) this.#credentials.add(credentialOf(scheme, auth))
    this.#environment = environmentOf(source, options, this.#credentials, this.#watches)
    this.clock = this.#environment.clock
    this.maxRequestSize = this.#environment.maxRequestSize
    this.persistentWatches = new PersistentWatches({
      watches: this.#watches,
      submit: (...request) => this.submit(...request),
      isArming: path => this.#sessions.current.requests.isArming(path),
      disown: (path, watcher) => this.#sessions.current.requests.disown(path, watcher),
      armed: () => this.#sessions.current.skills?.armed(),
      warning: error => this.warn(error),
    })
    if (options.session !== undefined) checkSession(options.session)
    this.#sessions = new Sessions({
      environment: this.#environment,
      announcer: this.#announcer,
      dispatcher: new WatchDispatcher(this.#watches, error => this.warn(error)),
      onExpired,
      credentials: options.session ?? null,
    })
  }

  get events(): Emitter<ZooKeeperEvents> {
    return this.#announcer.events
  }

  get state(): SessionState {
    return this.#sessions.current.state
  }

  get session(): SessionCredentials | null {
    return this.#sessions.current.credentials
  }

  /** 0n while there is none. */
  get sessionId(): bigint {
    return this.#sessions.id
  }

  get generation(): number {
    return this.#sessions.generation
  }

  /** Negotiated session timeout, in milliseconds. */
  get sessionTimeout(): number {
    return this.#sessions.current.timeout
  }

  /** The server at the other end, or null. */
  get remote(): string | null {
    const { address } = this.#sessions.current
    return address === null ? null : describeAddress(address)
  }

  /** None from `close()` on, before anybody hears of it, and none between two sessions. */
  get sessionRemaining(): number {
    if (this.#closed.signal.aborted) return 0
    const { current, generation } = this.#sessions
    const { remaining } = current.lifeline
    return generation > 0 && remaining === Number.POSITIVE_INFINITY ? 0 : remaining
  }

  get silence(): number {
    return this.#sessions.silence
  }

  get lastZxid(): bigint {
    return this.#environment.lastZxid.value
  }

  /** True when the server at the other end is known to be older than persistent watches. */
  get lacksPersistentWatches(): boolean {
    return this.#sessions.current.skills?.lacks(OpCode.addWatch) ?? false
  }

  get change(): StateChange {
    return this.#sessions.change
  }

  /** True for a state that no other follows. */
  isLast(state: SessionState): boolean {
    return this.#sessions.isLast(state)
  }

  get status(): ClientStatus {
    const session = this.#sessions.current
    return {
      state: session.state,
      sessionId: this.#sessions.id,
      generation: this.#sessions.generation,
      sessionTimeout: session.timeout,
      sessionRemaining: this.sessionRemaining,
      server: this.remote,
      laps: this.#environment.servers.laps,
      lastZxid: this.lastZxid,
      queued: session.requests.queued,
      inFlight: session.requests.inFlight,
      watches: this.#watches.size,
      troubles: this.#announcer.troubles,
    }
  }

  start(): void {
    if (this.#started) return
    this.#started = true
    this.#sessions.current.start()
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
    this.#sessions.current.submit(pending, options.timeout)
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
      const send = (): Promise<void> => this.#sessions.current.authenticate(authPacketOf(credential))
      await withDeadline(this.clock, timeout, late, signal, send)
    } catch (error) {
      const { over } = this.#sessions.current
      const isLost = ZooKeeperError.is(error, 'CONNECTION_LOSS')
      // A connection that broke meanwhile is followed by one that replays the credential, unless this is the end.
      if (isLost && over === null) return
      this.#credentials.remove(credential)
      throw isLost && over !== null ? new ZooKeeperError(over, { operation: 'auth', cause: error }) : error
    }
  }

  forget(scheme: string, auth: string | Uint8Array): void {
    this.#credentials.remove(credentialOf(scheme, auth))
  }

  /** Takes another list of servers; the session goes on, on another server where that evens out the load. */
  updateServers(connectString: string): void {
    const { servers, srv, chroot } = parseConnectString(connectString)
    if (chroot !== this.chroot) {
      throw new InvalidConnectStringError(connectString, `the chroot stays ${this.chroot || 'none'}`)
    }
    const { servers: list, random } = this.#environment
    if (srv !== null) return list.updateSrv(srv)
    const { move, first } = rebalance(list.servers, servers, this.#sessions.current.address, random)
    list.update(servers, first)
    if (move) this.#sessions.current.relocate('the server list has changed')
  }

  async command(word: string, options: RequestOptions): Promise<string> {
    checkRequestOptions(options)
    const { connect, requestTimeout } = this.#environment
    const { timeout = requestTimeout, signal } = options
    const late = (): Error => new ZooKeeperError('REQUEST_TIMEOUT', { operation: word })
    const ended = new AbortController()
    const end = (reason: unknown): void => ended.abort(reason)
    const offs = [onAbort(signal, end), onAbort(this.#closed.signal, end)]
    try {
      return await withDeadline(this.clock, timeout, late, ended.signal, async inner => {
        inner.throwIfAborted()
        const address = this.#sessions.current.address ?? (await this.#unconnected(inner))
        return fourLetterWord(address, connect, word, inner)
      })
    } catch (error) {
      if (ZooKeeperError.is(error) || ended.signal.aborted) throw error
      throw new ZooKeeperError('CONNECTION_LOSS', { operation: word, cause: error })
    } finally {
      for (const off of offs) off()
    }
  }

  /** Whom to ask something. A client that connects has to come to each server itself, however often somebody asks. */
  #unconnected(signal: AbortSignal): Promise<Address> {
    const { servers } = this.#environment
    const { begun, state } = this.#sessions.current
    return begun && !isTerminal(state) ? servers.peek(signal) : servers.next(signal)
  }

  async close(patience: number): Promise<void> {
    const session = this.#sessions.current
    // First: what a listener begins anew does not end with it.
    this.#closed.abort(new ZooKeeperError('CLOSED', { operation: 'command' }))
    this.#announcer.closing()
    await session.close(patience)
    // A restart meanwhile goes on with them.
    if (session === this.#sessions.current) this.#watches.clear()
  }

  /** Begins a new session whatever the state of the one at hand, which is given up as if it had expired. */
  restart(): void {
    if (!this.#started && !isTerminal(this.state)) return this.start()
    this.#started = true
    // What began before goes on, and the next close() ends it too.
    if (this.#closed.signal.aborted) this.#closed = new AbortController()
    this.#sessions.restart()
  }

  warn(error: unknown): void {
    this.#announcer.warn(error)
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
