// A lock of the registry: a kazoo semaphore, as the Python package's locks are, so that both exclude each other.
import type { Transaction } from '../../protocol/index.ts'
import { ZooKeeperError } from '../../protocol/index.ts'
import { onAbort, withDeadline } from '../../protocol/support/abort.ts'
import { systemClock } from '../../protocol/support/clock.ts'
import { deferred } from '../../protocol/support/deferred.ts'
import type { Semaphore } from '../recipes/semaphore.ts'
import type { Tenure } from '../recipes/tenure.ts'
import { NoConnectionError, ServiceRegistryError } from './errors.ts'
import type { CallOptions } from './options.ts'
import { checkCall, checkLock } from './options.ts'
import { withPatience } from './patience.ts'

export interface LockOptions {
  /** Written on the nodes, to tell people who holds the lock. Default empty. */
  name?: string
  /** How many may hold it at once; all users of the path must agree. Default 1. */
  simultaneous?: number
  /** Milliseconds to wait for it; 0 tries once. Default 300,000. */
  wait?: number
}

export interface AcquireLockOptions {
  /** Milliseconds, in place of the lock's own. */
  wait?: number
  signal?: AbortSignal | undefined
}

export const DEFAULT_WAIT = 300_000

/** Reasons that are outcomes, not errors. */
const RELEASED = Symbol('released')
const TIME_IS_UP = Symbol('time is up')

export interface RegistryLockPort {
  /** Throws when the lock cannot be taken now: no connection, read-only, stopped. */
  semaphore(): Semaphore
  /** `busy` may have changed. */
  moved(lock: RegistryLock): void
}

export class RegistryLock implements AsyncDisposable {
  readonly path: string
  readonly simultaneous: number
  /** What it was made with. */
  readonly name: string
  readonly wait: number
  readonly #port: RegistryLockPort
  /** Calls of `acquire` that have no outcome yet. */
  #callers = 0
  #tenure: Tenure | null = null
  /** Resolves when the call that stands in line has its outcome; null when none does. */
  #standing: Promise<void> | null = null
  /** Aborts with the next release. */
  #released = new AbortController()

  constructor(
    path: string,
    options: { name: string; wait: number; simultaneous: number },
    port: RegistryLockPort,
  ) {
    this.path = path
    this.name = options.name
    this.wait = options.wait
    this.simultaneous = options.simultaneous
    this.#port = port
  }

  /**
   * True when the lock is held, at once if it is already; false when the time is up, or when it is released
   * meanwhile. Of calls at the same time one stands in line, and the others wait for its outcome, each for its own
   * time. A broken connection is waited out, but not by a single try. Errors: NoConnectionError, ReadOnlyError,
   * RecipeError LEASES_MISMATCH, NO_AUTH, the signal's reason.
   */
  async acquire(options: AcquireLockOptions = {}): Promise<boolean> {
    checkLock(options)
    const { wait = this.wait, signal } = options
    this.#callers++
    this.#port.moved(this)
    try {
      return await this.#acquire(wait, signal)
    } finally {
      this.#callers--
      this.#port.moved(this)
    }
  }

  async #acquire(wait: number, signal: AbortSignal | undefined): Promise<boolean> {
    const released = this.#released.signal
    const end = systemClock.now() + wait
    while (!this.status()) {
      if (released.aborted) return false
      const left = Math.max(0, end - systemClock.now())
      if (this.#standing === null) return this.#stand(left, signal, released)
      if (left === 0) return false
      await this.#others(this.#standing, left, signal)
    }
    return true
  }

  /** One try, without waiting. */
  tryLock(options: Pick<AcquireLockOptions, 'signal'> = {}): Promise<boolean> {
    return this.acquire({ ...options, wait: 0 })
  }

  /**
   * Gives it up, and ends every acquire that is still waiting; true if it was held. Resolves when others can have it:
   * without a connection it waits for one, or for the end of the session. Errors: NoConnectionError after `timeout`
   * milliseconds (default: none), the signal's reason; it is given up all the same, and its znode goes as soon as it
   * can. A signal that has aborted before changes nothing.
   */
  async release(options: CallOptions = {}): Promise<boolean> {
    checkCall(options)
    this.#released.abort(RELEASED)
    this.#released = new AbortController()
    const tenure = this.#tenure
    this.#tenure = null
    this.#port.moved(this)
    return tenure === null ? false : withPatience(options, `release of ${this.path}`, () => tenure.release())
  }

  /** True while it is held, or somebody waits for it. */
  get busy(): boolean {
    return this.#callers > 0 || this.status()
  }

  /** True while it is held; false as soon as it is lost. */
  status(): boolean {
    return this.#tenure?.held ?? false
  }

  /**
   * True while it is held and ZooKeeper has lately confirmed the session: false from the loss of the link on, and right
   * after this process was stopped or blocked for half the session timeout, until the next answer. It may still be held.
   */
  get certain(): boolean {
    return this.#tenure?.certain ?? false
  }

  /** Aborts when it is lost; null before it is held. */
  get signal(): AbortSignal | null {
    return this.#tenure?.signal ?? null
  }

  /** Grows with every holder; null before it is held. */
  get fencingToken(): bigint | null {
    return this.#tenure?.fencingToken ?? null
  }

  /** Adds a check to a transaction, so that it fails unless the lock is still held when the server executes it. */
  guard(transaction: Transaction): Transaction {
    if (this.#tenure !== null) return this.#tenure.guard(transaction)
    throw new ServiceRegistryError('NOT_HELD', `${this.path} is not held`, { path: this.path })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.release()
  }

  async #stand(wait: number, signal: AbortSignal | undefined, released: AbortSignal): Promise<boolean> {
    const semaphore = this.#port.semaphore()
    const over = deferred<void>()
    this.#standing = over.promise
    const controller = new AbortController()
    const offs = [signal, released].map(each => onAbort(each, reason => controller.abort(reason)))
    try {
      const tenure = await leaseOf(semaphore, wait, controller.signal)
      if (released.aborted) await tenure?.release()
      else this.#tenure = tenure
      onAbort(tenure?.signal, () => this.#port.moved(this))
      return this.status()
    } catch (error) {
      if (error === RELEASED) return false
      throw error
    } finally {
      for (const off of offs) off()
      this.#standing = null
      over.resolve()
    }
  }

  /** Waits for the call that stands in line, for no longer than this one may. */
  async #others(standing: Promise<void>, left: number, signal: AbortSignal | undefined): Promise<void> {
    const late = (): unknown => TIME_IS_UP
    await withDeadline(systemClock, left, late, signal, () => standing).catch(error => {
      if (error !== TIME_IS_UP) throw error
    })
  }
}

/** A lease, or null when the time is up; a single try without a connection is a NoConnectionError. */
export async function leaseOf(
  semaphore: Semaphore,
  wait: number,
  signal: AbortSignal | undefined,
): Promise<Tenure | null> {
  try {
    return await semaphore.acquire({ wait, signal })
  } catch (error) {
    if (wait === 0 && ZooKeeperError.is(error, 'CONNECTION_LOSS'))
      throw new NoConnectionError(undefined, error)
    throw error
  }
}

/** What the callback of `withLock` gets. */
export type HeldLock = Pick<Tenure, 'path' | 'signal' | 'certain' | 'fencingToken' | 'guard'>
