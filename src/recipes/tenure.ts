// Something held: a lock or a lease, with the signal that says when it is not held any more.
import type { Stat, Transaction, ZooKeeperView } from '../../protocol/index.ts'
import { isLinked, ZooKeeperError } from '../../protocol/index.ts'
import { deferred, handled } from '../../protocol/support/deferred.ts'
import { RecipeError } from './errors.ts'
import { deleteForCertain, persistently } from './persistence.ts'
import type { Created } from './protected-create.ts'

type State = 'held' | 'lost' | 'released'

export class Tenure implements AsyncDisposable {
  /** The znode that stands for what is held. */
  readonly path: string
  /**
   * czxid of that znode: greater than that of every earlier holder. Give it to what the lock protects, so that
   * it can refuse an older one. It does not grow across a restore of the ensemble's data.
   */
  readonly fencingToken: bigint
  readonly #zk: ZooKeeperView
  readonly #node: Created
  readonly #lost = new AbortController()
  /** Aborts when it is released or lost: nothing has to be looked after any more. */
  readonly #over = new AbortController()
  readonly #unsubscribe: readonly (() => void)[]
  #state: State = 'held'
  #gone: Promise<void> | null = null

  constructor(zk: ZooKeeperView, node: Created) {
    this.path = node.path
    this.fencingToken = node.stat.czxid
    this.#zk = zk
    this.#node = node
    this.#unsubscribe = [
      zk.on('state', ({ state, sessionId }) => {
        const over = state === 'lost' || state === 'expired' || state === 'closed' || state === 'authFailed'
        if (over || sessionId !== node.sessionId) this.#lose(`the session is ${state}`)
      }),
      zk.on('closing', () => this.#lose('the client is being closed')),
    ]
    if (zk.sessionId !== node.sessionId) this.#lose('the session has changed')
    else void this.#guardNode()
  }

  /**
   * Aborts when it is not held any more, with a RecipeError 'LOST': at the latest when the session has been without
   * an answer for its timeout, or the client is being closed: before the server gives it to somebody else. A process that does not run
   * hears of nothing: ask `held` after a pause. Not on release.
   */
  get signal(): AbortSignal {
    return this.#lost.signal
  }

  /**
   * True until it is released or lost. Asks the clock too: right after this process was stopped or blocked, no timer
   * and no message has told of the loss yet.
   */
  get held(): boolean {
    if (this.#state === 'held' && this.#zk.sessionRemaining <= 0)
      this.#lose('no answer for the session timeout')
    return this.#state === 'held'
  }

  /**
   * True while it is held and nothing speaks against it: there is a connection, and a server has answered to what was
   * sent within the last half of the session timeout. False from the loss of the link on, and right after this process
   * was stopped or blocked for longer than that; true again with the next answer. Asked before work that had better wait.
   */
  get certain(): boolean {
    const { state, sessionRemaining, sessionTimeout } = this.#zk
    return this.held && isLinked(state) && sessionRemaining > sessionTimeout / 2
  }

  /** Adds a check to a transaction, so that it fails unless this is still held when the server executes it. */
  guard(transaction: Transaction): Transaction {
    return transaction.check(this.path, -1)
  }

  /** Gives it up: at once here, and on the server as soon as it can be reached. True if it was held. */
  async release(): Promise<boolean> {
    const held = this.#state === 'held'
    if (held) {
      this.#state = 'released'
      this.#end()
    }
    await this.#remove()
    return held
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.release()
  }

  /** Somebody may delete the znode behind our back: then others get in. */
  async #guardNode(): Promise<void> {
    try {
      while (this.held) {
        const change = deferred<void>()
        const look = (): Promise<Stat | null> => this.#zk.exists(this.path, { watch: () => change.resolve() })
        const stat = await persistently(look, this.#over.signal)
        if (stat === null || stat.czxid !== this.fencingToken) return this.#lose('its znode was deleted')
        await change.promise
      }
    } catch (error) {
      // Without permission to read, the state of the session speaks alone.
      if (!ZooKeeperError.is(error) && !this.#over.signal.aborted) throw error
    }
  }

  #end(): void {
    for (const unsubscribe of this.#unsubscribe) unsubscribe()
    this.#over.abort()
  }

  #remove(): Promise<void> {
    this.#gone ??= deleteForCertain(this.#zk, this.path, this.#node.sessionId)
    return this.#gone
  }

  #lose(why: string): void {
    if (this.#state !== 'held') return
    this.#state = 'lost'
    this.#end()
    // The session may live on after all: then the znode would keep everybody out, and us too.
    handled(this.#remove())
    this.#lost.abort(new RecipeError('LOST', this.path, `not held any more: ${why}`))
  }
}
