// A lock of the registry: a kazoo semaphore, as the Python package's locks are, so that both exclude each other.
import type { Transaction } from '../../protocol/index.ts'
import type { Semaphore } from '../recipes/semaphore.ts'
import type { Tenure } from '../recipes/tenure.ts'

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

export class RegistryLock implements AsyncDisposable {
  readonly path: string
  readonly simultaneous: number
  readonly #semaphore: Semaphore
  readonly #wait: number
  /** Throws when the lock cannot be taken now: no connection, read-only, stopped. */
  readonly #check: () => void
  #tenure: Tenure | null = null
  #acquiring: Promise<boolean> | null = null

  constructor(semaphore: Semaphore, wait: number, check: () => void) {
    this.path = semaphore.path
    this.simultaneous = semaphore.maxLeases
    this.#semaphore = semaphore
    this.#wait = wait
    this.#check = check
  }

  /**
   * True when the lock is held, at once if it is already; false when the time is up. Calls at the same time share
   * one attempt. Errors: NoConnectionError, ReadOnlyError, RecipeError LEASES_MISMATCH, the signal's reason.
   */
  acquire(options: AcquireLockOptions = {}): Promise<boolean> {
    if (this.status()) return Promise.resolve(true)
    this.#acquiring ??= this.#acquire(options).finally(() => {
      this.#acquiring = null
    })
    return this.#acquiring
  }

  /** One try, without waiting. */
  tryLock(): Promise<boolean> {
    return this.acquire({ wait: 0 })
  }

  /** Gives it up; true if it was held. */
  async release(): Promise<boolean> {
    const tenure = this.#tenure
    this.#tenure = null
    return tenure === null ? false : tenure.release()
  }

  /** True while it is held; false as soon as it is lost. */
  status(): boolean {
    return this.#tenure?.held ?? false
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
    if (this.#tenure === null) throw new TypeError(`${this.path} is not held`)
    return this.#tenure.guard(transaction)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.release()
  }

  async #acquire({ wait = this.#wait, signal }: AcquireLockOptions): Promise<boolean> {
    this.#check()
    this.#tenure = await this.#semaphore.acquire({ wait, signal })
    return this.#tenure !== null
  }
}

/** What the callback of `withLock` gets. */
export type HeldLock = Pick<Tenure, 'path' | 'signal' | 'fencingToken' | 'guard'>
