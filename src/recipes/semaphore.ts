// A semaphore in kazoo's layout: a pool of leases behind a guard lock, as the Python package's locks are.
import { Buffer } from 'node:buffer'
import { randomUUID } from 'node:crypto'
import { InvalidArgumentError } from '../../protocol/errors.ts'
import type { Acl, Stat, Watcher, ZooKeeperView } from '../../protocol/index.ts'
import { childOf, isTerminal, MultiError, validatePath, ZooKeeperError } from '../../protocol/index.ts'
import { delay, withDeadline } from '../../protocol/support/abort.ts'
import { Backoff } from '../../protocol/support/backoff.ts'
import { systemClock } from '../../protocol/support/clock.ts'
import { childrenOf } from './children.ts'
import { RecipeError } from './errors.ts'
import { kazooLock, takeTurn } from './line.ts'
import { deleteForCertain, isPassing, persistently } from './persistence.ts'
import type { Created } from './protected-create.ts'
import { createdAs } from './protected-create.ts'
import { Tenure } from './tenure.ts'
import { changed, linkedOnly } from './wait.ts'

export interface SemaphoreOptions {
  /** How many may hold a lease at once; all users of a path must agree. Default 1. */
  maxLeases?: number
  /** Written on the nodes, for people who look who holds it. Default empty. */
  identifier?: string
  /** ACL of all nodes and parents that are created. Default: that of the client. */
  acl?: readonly Acl[]
}

export interface AcquireOptions {
  /** Milliseconds to wait for a lease. 0 tries once; the default waits without end. */
  wait?: number
  signal?: AbortSignal | undefined
}

/** The outcome of one acquire whose time is over: not an error, but nobody else's reason either. */
const TIME_IS_UP = Symbol('time is up')

/**
 * Layout: the pool is `path`, whose data is the number of leases in decimal; a lease is an ephemeral child.
 * Who wants a lease first takes the guard lock at `path-__lock__`, so that counting and creating are one step.
 */
export class Semaphore {
  readonly path: string
  readonly maxLeases: number
  readonly #zk: ZooKeeperView
  readonly #identifier: Buffer
  readonly #acl: readonly Acl[] | undefined

  constructor(zk: ZooKeeperView, path: string, options: SemaphoreOptions = {}) {
    const { maxLeases = 1, identifier = '', acl } = options
    if (!Number.isInteger(maxLeases) || maxLeases < 1) {
      throw new InvalidArgumentError('maxLeases', 'a positive integer', maxLeases)
    }
    if (typeof identifier !== 'string') throw new InvalidArgumentError('identifier', 'a string', identifier)
    validatePath(path)
    this.path = path
    this.maxLeases = maxLeases
    this.#zk = zk
    this.#identifier = Buffer.from(identifier, 'utf8')
    this.#acl = acl
  }

  /**
   * A lease, or null when the time is up. Waiters get their leases in the order in which they came.
   * Errors: RecipeError LEASES_MISMATCH, NO_AUTH, the signal's reason. A broken connection is waited out, except by a
   * single try: CONNECTION_LOSS at once.
   * Whatever the outcome, no node is left behind.
   */
  async acquire(options: AcquireOptions = {}): Promise<Tenure | null> {
    const { wait = Number.POSITIVE_INFINITY, signal } = options
    checkWait(wait)
    signal?.throwIfAborted()
    if (wait > 0) return this.#within(wait, signal, inner => this.#acquire(inner, false))
    // One try waits for the servers, as long as there is a link to them, and not for others.
    const trying = linkedOnly(this.#zk, signal)
    try {
      return await this.#within(Number.POSITIVE_INFINITY, trying.signal, inner => this.#acquire(inner, true))
    } finally {
      trying.off()
    }
  }

  async #within(
    wait: number,
    signal: AbortSignal | undefined,
    task: (signal: AbortSignal) => Promise<Tenure | null>,
  ): Promise<Tenure | null> {
    let attempt: Promise<Tenure | null> = Promise.resolve(null)
    try {
      return await withDeadline(
        systemClock,
        wait,
        () => TIME_IS_UP,
        signal,
        inner => {
          inner.throwIfAborted()
          attempt = task(inner)
          return attempt
        },
      )
    } catch (error) {
      // A lease that comes too late for its caller goes back.
      void attempt.then(tenure => tenure?.release()).catch(() => {})
      if (error === TIME_IS_UP) return null
      throw error
    }
  }

  /** The data of all leases, in no order: the identifiers of the holders. */
  async holders(options: { signal?: AbortSignal } = {}): Promise<string[]> {
    const names = await this.#leases(options.signal)
    const holders: string[] = []
    for (const name of names) {
      try {
        const { data } = await this.#zk.get(childOf(this.path, name), options)
        holders.push(Buffer.from(data ?? []).toString('utf8'))
      } catch (error) {
        if (!ZooKeeperError.is(error, 'NO_NODE')) throw error
      }
    }
    return holders
  }

  async #acquire(signal: AbortSignal | undefined, once: boolean): Promise<Tenure | null> {
    const backoff = new Backoff({ base: 50, cap: 5000 })
    for (;;) {
      try {
        const tenure = await this.#attempt(signal, once)
        if (tenure === null || tenure.held) return tenure
        // Lost while the guard was given back.
        await tenure.release()
      } catch (error) {
        const again = isPassing(error) || ZooKeeperError.is(error, 'SESSION_EXPIRED') || isRemoved(error)
        if (!again || isTerminal(this.#zk.state)) throw error
      }
      await delay(systemClock, backoff.next(), signal)
    }
  }

  async #attempt(signal: AbortSignal | undefined, once: boolean): Promise<Tenure | null> {
    await persistently(() => this.#ensurePool(signal), signal)
    const turn = await takeTurn(this.#zk, {
      parent: `${this.path}-__lock__`,
      profile: kazooLock,
      data: this.#identifier,
      acl: this.#acl,
      signal,
      once,
    })
    if (turn === null) return null
    try {
      return await this.#takeLease(turn.node, signal, once)
    } finally {
      // Waited for, so that whoever tries right after us does not find the guard taken.
      await turn.leave()
    }
  }

  /** Only the holder of the guard counts and creates; nodes of strangers count too, as they do for kazoo. */
  async #takeLease(guard: Created, signal: AbortSignal | undefined, once: boolean): Promise<Tenure | null> {
    for (;;) {
      const names = await this.#leases(signal)
      // Without the guard there is no place in the line; asked last, as the names may have come in another session.
      if (this.#zk.sessionId !== guard.sessionId) {
        throw new ZooKeeperError('SESSION_EXPIRED', { path: guard.path })
      }
      if (names.length < this.maxLeases) return this.#createLease(guard, signal)
      if (once) return null
      await changed(this.#zk, this.path, signal, async watch => {
        const present = await this.#leases(signal, watch)
        return present.length >= this.maxLeases
      })
    }
  }

  async #createLease(guard: Created, signal: AbortSignal | undefined): Promise<Tenure> {
    const path = childOf(this.path, randomUUID().replaceAll('-', ''))
    try {
      return new Tenure(this.#zk, await this.#createOnce(guard, path, signal))
    } catch (error) {
      void deleteForCertain(this.#zk, path, guard.sessionId).catch(() => {})
      throw error
    }
  }

  /**
   * The check makes it fail when the guard has gone with its session: somebody else may be counting then.
   * The name is unique, so a znode that is there after a lost answer is ours.
   */
  async #createOnce(guard: Created, path: string, signal: AbortSignal | undefined): Promise<Created> {
    const options = this.#acl === undefined ? {} : { acl: this.#acl }
    const transaction = this.#zk.transaction().check(guard.path)
    transaction.create(path, this.#identifier, { ...options, mode: 'ephemeral' })
    let failure: ZooKeeperError | null = null
    try {
      const made = (await transaction.commit({ signal })).find(result => result.type === 'create')
      if (made?.stat) return createdAs(path, made.stat)
    } catch (error) {
      if (!isPassing(error)) throw error
      failure = error
    }
    // The answer was lost, or came from an old server, which does not tell the Stat of what a transaction created.
    const stat = await persistently(() => this.#look(path, signal), signal)
    if (stat?.ephemeralOwner === guard.sessionId) return createdAs(path, stat)
    throw failure ?? new ZooKeeperError('SESSION_EXPIRED', { path, operation: 'multi', mayHaveApplied: true })
  }

  /** Syncs first: a server that lags behind would not show what was just created. */
  async #look(path: string, signal: AbortSignal | undefined): Promise<Stat | null> {
    await this.#zk.sync(path, { signal })
    return this.#zk.exists(path, { signal })
  }

  #leases(signal: AbortSignal | undefined, watch?: Watcher): Promise<readonly string[]> {
    return childrenOf(this.#zk, this.path, { watch, signal })
  }

  /** Makes the pool with its number in one step; one that a Python process left half made gets its number. */
  async #ensurePool(signal: AbortSignal | undefined): Promise<void> {
    const wanted = Buffer.from(String(this.maxLeases))
    const options = this.#acl === undefined ? { signal } : { acl: this.#acl, signal }
    const parent = this.path.slice(0, this.path.lastIndexOf('/')) || '/'
    for (;;) {
      try {
        const { data, stat } = await this.#zk.get(this.path, { signal })
        const text = Buffer.from(data ?? [])
          .toString('utf8')
          .trim()
        if (/^[+-]?\d+$/.test(text)) return this.#checkLeases(Number(text))
        await this.#zk.set(this.path, wanted, { version: stat.version, signal })
        return
      } catch (error) {
        if (ZooKeeperError.is(error, 'BAD_VERSION')) continue
        if (!ZooKeeperError.is(error, 'NO_NODE')) throw error
      }
      try {
        await this.#zk.ensurePath(parent, options)
        await this.#zk.create(this.path, wanted, options)
        return
      } catch (error) {
        if (!ZooKeeperError.is(error, 'NODE_EXISTS')) throw error
      }
    }
  }

  #checkLeases(present: number): void {
    if (present === this.maxLeases) return
    const message = `the pool has ${present} leases, not ${this.maxLeases}`
    throw new RecipeError('LEASES_MISMATCH', this.path, message)
  }
}

/** Throws an InvalidArgumentError unless it is a time to wait. */
function checkWait(wait: unknown): void {
  if (typeof wait === 'number' && wait >= 0) return
  throw new InvalidArgumentError('wait', 'a number of milliseconds', wait)
}

/** The guard has gone with its session, or somebody deleted it, or the pool: it is made again. */
function isRemoved(error: unknown): boolean {
  return error instanceof MultiError && error.code === 'NO_NODE'
}
