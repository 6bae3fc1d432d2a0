// The client that users hold: one object through all connections and sessions.
import { ZooKeeperError } from '../errors.ts'
import type { SessionCredentials } from '../session/handshake.ts'
import { isLinked } from '../session/states.ts'
import { withDeadline } from '../support/abort.ts'
import { deferred } from '../support/deferred.ts'
import { ClientCore } from './core.ts'
import type { RequestOptions, ZooKeeperOptions } from './options.ts'
import { checkRequestOptions, checkTimeout } from './options.ts'
import { ZooKeeperView } from './view.ts'

/** How long `close` waits for the server, in milliseconds. */
const CLOSE_PATIENCE = 1000

/**
 * ```ts
 * import { ZooKeeper } from 'nd-service-registry/protocol'
 *
 * await using zk = new ZooKeeper('h1:2181,h2:2181/app', { sessionTimeout: 10_000 })
 * await zk.connect()
 * await zk.create('/a', 'hello', { parents: true })
 * ```
 * In place of servers, `dns-srv://_zookeeper._tcp.example.com/app` names SRV records; they are looked up at each attempt.
 * It connects with `connect()` or with the first call, whichever comes first, and goes on connecting until
 * `close()`. Throws for a connect string or an option that cannot work.
 */
export class ZooKeeper extends ZooKeeperView implements AsyncDisposable {
  readonly #core: ClientCore
  #closed: Promise<void> | null = null

  constructor(connectString: string, options: ZooKeeperOptions = {}) {
    const core = new ClientCore(connectString, options)
    super(core, core.chroot)
    this.#core = core
  }

  /** Id and password of the session, for re-attaching; null before the first. Keep the password secret. */
  get session(): SessionCredentials | null {
    return this.#core.session
  }

  /** The server at the other end, or null. */
  get remote(): string | null {
    return this.#core.remote
  }

  /**
   * Resolves with the first connected session. Errors: AUTH_FAILED, SESSION_EXPIRED (with `onExpired: 'close'`),
   * CLOSED, REQUEST_TIMEOUT after `timeout` milliseconds (default: none), or the signal's reason.
   * After the latter two the client goes on connecting in the background, until `close()`.
   */
  async connect(options: RequestOptions = {}): Promise<void> {
    checkRequestOptions(options)
    const { signal, timeout = Number.POSITIVE_INFINITY } = options
    this.#core.start()
    let lastFailure: unknown
    const off = this.on('attemptFailed', error => {
      lastFailure = error
    })
    const late = (): Error =>
      new ZooKeeperError('REQUEST_TIMEOUT', { operation: 'connect', cause: lastFailure })
    try {
      const isBehind = (): unknown => lastFailure
      await withDeadline(this.#core.clock, timeout, late, signal, inner => this.#connected(inner, isBehind))
    } finally {
      off()
    }
  }

  /**
   * Proves an identity on this connection and on all that follow, before any other request.
   * For `digest`, `auth` is `user:password`. Errors: AUTH_FAILED, which also ends the client; REQUEST_TIMEOUT, after
   * which the connections that follow do without the credential.
   */
  addAuth(scheme: string, auth: string | Uint8Array, options: RequestOptions = {}): Promise<void> {
    return this.#core.authenticate(scheme, auth, options)
  }

  /**
   * Replaces the server list, in the form of the connect string and with the same chroot; the session goes on. Moves to
   * another server only where that evens out the load (as Java's updateServerList), or when this one is not listed.
   * With `dns-srv://`, the new list counts from the next attempt to connect on.
   */
  updateServers(connectString: string): void {
    this.#core.updateServers(connectString)
  }

  /** Leaves a credential out on the connections that follow; the one at hand keeps it. */
  removeAuth(scheme: string, auth: string | Uint8Array): void {
    this.#core.forget(scheme, auth)
  }

  /**
   * Begins a new session whatever the state of the one at hand, also after `close()` and after AUTH_FAILED, and resolves
   * as `connect` does. The old one is given up as if it had expired: listeners, credentials and armed watches stay (but
   * for the watches after `close()`), reads that wait go on, writes that were sent reject with SESSION_EXPIRED. Its
   * ephemeral znodes go with its timeout. In a listener that hears of an expiry it means the session that follows anyway.
   * It connects at once, but attempts stay paced: of several restarts within a second only the first does, and one that a
   * listener calls waits as long as the client would have by itself.
   */
  restart(options: RequestOptions = {}): Promise<void> {
    try {
      checkRequestOptions(options)
      options.signal?.throwIfAborted()
    } catch (error) {
      return Promise.reject(error)
    }
    this.#closed = null
    this.#core.restart()
    return this.connect(options)
  }

  /**
   * Ends the session, so that its ephemeral znodes go at once, and every call that still waits. Works in every
   * state, any number of times, and leaves neither timer nor socket; waits for the server one second at most.
   */
  close(options: { timeout?: number } = {}): Promise<void> {
    const { timeout = CLOSE_PATIENCE } = options
    if (this.#closed === null) {
      try {
        checkTimeout('timeout', timeout)
      } catch (error) {
        return Promise.reject(error)
      }
      const closed = deferred<void>()
      // Before anybody hears of it: a listener may call restart().
      this.#closed = closed.promise
      this.#core.close(timeout).then(closed.resolve, closed.reject)
      return closed.promise
    }
    return this.#closed
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #connected(signal: AbortSignal, isBehind: () => unknown): Promise<void> {
    for await (const { state } of this.states({ signal })) {
      // While it is being closed, it is as good as closed already.
      if (isLinked(state) && this.#closed === null) return
      if (state === 'authFailed') {
        throw new ZooKeeperError('AUTH_FAILED', { operation: 'connect', cause: isBehind() })
      }
      if (state === 'closed') throw new ZooKeeperError('CLOSED', { operation: 'connect' })
      if (this.#core.isLast(state)) throw new ZooKeeperError('SESSION_EXPIRED', { operation: 'connect' })
    }
    signal.throwIfAborted()
  }
}
