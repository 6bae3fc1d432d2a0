// The registry's connection: a client with the registry's credentials, and the checks before every use.
import type { Acl, RequestOptions, SessionCredentials, ZooKeeperOptions } from '../../protocol/index.ts'
import { ZooKeeper, ZooKeeperError } from '../../protocol/index.ts'
import { isLinked, isTerminal } from '../../protocol/session/states.ts'
import { withDeadline } from '../../protocol/support/abort.ts'
import { systemClock } from '../../protocol/support/clock.ts'
import { handled } from '../../protocol/support/deferred.ts'
import { logger } from '../../protocol/support/log.ts'
import { connectAtOnce } from './cold-start.ts'
import { Confirmation } from './confirmation.ts'
import type { Credentials } from './credentials.ts'
import { defaultAcl, digestOf } from './credentials.ts'
import type { EnvelopeForm } from './encoding.ts'
import { authFailed, NoConnectionError, ReadOnlyError, ServiceRegistryError } from './errors.ts'
import type { CallOptions, Settings } from './options.ts'
import { RateLimiter } from './rate-limiter.ts'
import { secured } from './security.ts'
import { SessionMemory } from './session-memory.ts'
import type { Conflict } from './wanted.ts'

const log = logger('registry')

/** A request waits for a connection through one lost session, and no longer. */
const SESSIONS_TO_WAIT = 2

/** jute.maxbuffer less what a path and an ACL take. */
const MAX_DATA_SIZE = 1024 * 1024 - 4096

/** `stopped` may be started again; `ended` is for good. */
type Phase = 'running' | 'stopped' | 'ended'

export interface LinkPort {
  /** A check found that this is a copy of the process that connected. */
  readonly forked: () => void
  readonly warning: (error: unknown) => void
}

export class Link {
  /** The same object through every start, stop and rebuild. */
  readonly zk: ZooKeeper
  readonly #settings: Settings
  readonly #onForked: () => void
  readonly #sessions: SessionMemory
  readonly #confirmation: Confirmation
  readonly #limiter: RateLimiter | null
  #credentials: Credentials
  #phase: Phase = 'running'
  /** True from the end of the client on, whoever closed it, until it connects anew. */
  #closing = false
  /** The process that the connection belongs to. */
  #pid: number = process.pid

  constructor(settings: Settings, port: LinkPort) {
    const { username, password, acl } = settings
    this.#settings = settings
    this.#onForked = port.forked
    this.#limiter = settings.rateLimit === null ? null : new RateLimiter(systemClock, settings.rateLimit)
    this.#credentials = { username, password, acl }
    this.zk = this.#client()
    // Last, as closing alone gives the file back.
    this.#sessions = new SessionMemory(settings.sessionFile, port.warning)
    this.#confirmation = new Confirmation(this.zk)
    this.zk.on('closing', () => {
      this.#closing = true
    })
    this.zk.on('state', change => {
      if (change.sessionId !== 0n) this.#sessions.add(change.sessionId)
      if (change.state === 'closed') this.#closed()
      this.#confirmation.follow(change)
    })
  }

  /**
   * Waits for the first connection; throws a NoConnectionError unless the registry is lazy. `hurry`: no longer than
   * until every server was tried once.
   */
  async open(call: CallOptions = {}, hurry = false): Promise<void> {
    try {
      await this.#connected(call, options =>
        hurry ? connectAtOnce(this.zk, options) : this.zk.connect(options),
      )
    } catch (error) {
      await this.close()
      throw error
    }
  }

  /** Connects anew after `close`, with a new session; without a connection in time, it is closed again. */
  async start(call: CallOptions): Promise<void> {
    this.#checkNotEnded()
    // The client may be closed, or about to be, without the registry.
    if (this.#phase === 'stopped' || this.#closing) {
      await this.zk.close()
      call.signal?.throwIfAborted()
      this.#checkNotEnded()
    }
    const isOpen = this.#phase === 'running' && !this.#closing
    if (isOpen) return this.#connected(call, options => this.zk.connect(options))
    this.#phase = 'running'
    try {
      await this.#connected(call, options => this.#restart(options))
    } catch (error) {
      if (this.#phase === 'running') await this.close()
      throw error
    }
  }

  /**
   * Drops the connection and the session at once, and connects anew; goes on trying after a NoConnectionError.
   * Returns the session that was dropped, if it is ours to close.
   */
  async rebuild(call: CallOptions): Promise<SessionCredentials | null> {
    this.checkRunning()
    const former = this.forked ? null : this.zk.session
    this.#pid = process.pid
    await this.#connected(call, options => this.#restart(options))
    return former
  }

  /** Closes a session that was dropped, so that what it held is free before its timeout. */
  async bury(former: SessionCredentials): Promise<void> {
    const taker = this.#client({ session: former, onExpired: 'close' })
    try {
      await taker.connect({ timeout: this.#settings.sessionTimeout })
    } catch (error) {
      log('the former session is left to its timeout: %s', error)
    } finally {
      await taker.close()
    }
  }

  get running(): boolean {
    return this.#phase === 'running'
  }

  get ended(): boolean {
    return this.#phase === 'ended'
  }

  /** True in a copy of the process that connected: the connection is its parent's. */
  get forked(): boolean {
    return process.pid !== this.#pid
  }

  /** True while connected, once the watches have told what was missed: answers come behind their events. */
  get confirmed(): boolean {
    return this.#confirmation.given
  }

  get connected(): boolean {
    return isLinked(this.zk.state)
  }

  /** ACL for what is created; undefined: open to everybody. */
  get acl(): readonly Acl[] | undefined {
    return defaultAcl(this.#credentials)
  }

  /** True for a session that this registry held before the one at hand. */
  wasOurs(sessionId: bigint): boolean {
    return sessionId !== this.zk.sessionId && this.#sessions.has(sessionId)
  }

  #closed(): void {
    this.#limiter?.cancel(new ServiceRegistryError('STOPPED', 'the registry was stopped'))
    this.#sessions.release()
  }

  /** Runs a call when the rate limit lets it through; at once without a limit, and once nothing can be sent any more. */
  limited<T>(call: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    return this.#limiter === null || this.zk.state === 'closed' ? call() : this.#limiter.run(signal, call)
  }

  get conflict(): Conflict {
    return this.#settings.conflict
  }

  get envelope(): EnvelopeForm {
    return this.#settings.envelope
  }

  get maxIdlePaths(): number {
    return this.#settings.maxIdlePaths
  }

  /** Bytes of data that a request can carry besides a path and an ACL of usual size. */
  get maxDataSize(): number {
    return MAX_DATA_SIZE
  }

  checkRunning(): void {
    this.#checkNotEnded()
    if (this.#phase === 'stopped') throw new ServiceRegistryError('STOPPED', 'the registry was stopped')
  }

  /** Throws, in this order: STOPPED, AUTH_FAILED, NoConnectionError, ReadOnlyError. */
  checkWritable(what: string): void {
    this.checkRunning()
    if (this.forked) this.#onForked()
    if (this.zk.state === 'authFailed') throw authFailed()
    if (!this.connected) throw new NoConnectionError()
    if (this.#settings.readOnly) throw new ReadOnlyError(what)
  }

  /**
   * Keeps the credentials for every connection, and sends them on the one at hand. What is lost on the way is sent
   * with the next connection, so that this never fails for want of one.
   */
  async authenticate(change: Partial<Credentials>, call: CallOptions): Promise<void> {
    const before = digestOf(this.#credentials)
    this.#credentials = { ...this.#credentials, ...change }
    const digest = digestOf(this.#credentials)
    if (digest === before) return
    if (before !== null) this.zk.removeAuth('digest', before)
    // Others than those that were refused: worth another try.
    if (this.zk.state === 'authFailed' && this.#phase === 'running') handled(this.#restart({}))
    if (digest === null || isTerminal(this.zk.state)) return
    const { timeout = Number.POSITIVE_INFINITY, signal } = call
    const late = (): Error => new NoConnectionError('The credentials are kept, and not confirmed yet.')
    // The caller's patience ends the call alone: a credential that the client gave up would be left out later.
    const send = (): Promise<void> => this.zk.addAuth('digest', digest, { timeout: Number.POSITIVE_INFINITY })
    await withDeadline(systemClock, timeout, late, signal, send).catch(error => {
      if (ZooKeeperError.is(error, 'AUTH_FAILED')) throw authFailed(error)
      if (!ZooKeeperError.is(error, 'CLOSED')) throw error
    })
  }

  async close(): Promise<void> {
    if (this.#phase === 'running') this.#phase = 'stopped'
    await this.zk.close()
  }

  async end(): Promise<void> {
    this.#phase = 'ended'
    await this.zk.close()
  }

  #client(more: ZooKeeperOptions = {}): ZooKeeper {
    const { servers, sessionTimeout, readOnly } = this.#settings
    const digest = digestOf(this.#credentials)
    return new ZooKeeper(servers, {
      sessionTimeout,
      requestTimeout: sessionTimeout * SESSIONS_TO_WAIT,
      readOnly,
      ...secured(this.#settings),
      auth: digest === null ? [] : [{ scheme: 'digest', auth: digest }],
      ...more,
    })
  }

  #restart(options: RequestOptions): Promise<void> {
    const restarted = this.zk.restart(options)
    this.#closing = false
    const digest = digestOf(this.#credentials)
    // There is no connection yet to send it on: this keeps what was set while the client was closed.
    if (digest !== null) handled(this.zk.addAuth('digest', digest))
    return restarted
  }

  /** Waits for a connection, for as long as the registry and the caller have patience. */
  async #connected(call: CallOptions, connect: (options: RequestOptions) => Promise<void>): Promise<void> {
    const { connectTimeout, lazy } = this.#settings
    const { signal, timeout = connectTimeout } = call
    try {
      await connect({ signal, timeout })
      // A connection is there before the answer to its credentials is; whatever comes next is answered behind it.
      if (digestOf(this.#credentials) !== null) await this.#answered({ signal, timeout })
    } catch (error) {
      if (signal?.aborted) throw error
      this.checkRunning()
      if (ZooKeeperError.is(error, 'AUTH_FAILED')) throw authFailed(error)
      if (!lazy || !ZooKeeperError.is(error, 'REQUEST_TIMEOUT')) {
        throw new NoConnectionError('Could not connect to Zookeeper', error)
      }
      log('not connected yet: goes on in the background')
    }
  }

  /** Waits for an answer, be it a refusal. */
  async #answered(options: RequestOptions): Promise<void> {
    await this.zk.exists('/', options).catch(error => {
      if (!ZooKeeperError.is(error, 'NO_AUTH')) throw error
    })
  }

  #checkNotEnded(): void {
    if (this.#phase === 'ended') throw new ServiceRegistryError('STOPPED', 'the registry has ended')
  }
}
