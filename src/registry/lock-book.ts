// The locks of a registry, one object per path, number of holders and name.
import { validatePath } from '../../protocol/index.ts'
import { Semaphore } from '../recipes/semaphore.ts'
import { ServiceRegistryError } from './errors.ts'
import type { Link } from './link.ts'
import type { AcquireLockOptions, HeldLock, LockOptions } from './lock.ts'
import { DEFAULT_WAIT, leaseOf, RegistryLock } from './lock.ts'
import type { CallOptions } from './options.ts'
import { checkFunction, checkLock, checkNotRoot } from './options.ts'

export interface WithLockOptions extends LockOptions {
  signal?: AbortSignal | undefined
}

/** Locks that callers asked for and may ask for again without saying how they are made. */
const MOST_RECENT = 1000

export class LockBook {
  readonly #link: Link
  /** By path. Weak: a lock that nobody holds, waits for or has in hand is forgotten. */
  readonly #locks = new Map<string, readonly WeakRef<RegistryLock>[]>()
  readonly #busy = new Set<RegistryLock>()
  /** Handed out, the newest last. */
  readonly #recent = new Set<RegistryLock>()
  readonly #handedOut = new WeakSet<RegistryLock>()
  readonly #collected = new FinalizationRegistry<string>(path => this.#keep(path, this.#ofPath(path)))

  constructor(link: Link) {
    this.#link = link
  }

  /** How many paths have a lock that is known. */
  get size(): number {
    return this.#locks.size
  }

  /**
   * The lock of this path, number of holders and name: the same object as long as somebody has it. Without a name, the
   * one that is there. Throws like the checks of a write.
   */
  get(path: string, options: LockOptions): RegistryLock {
    const lock = this.#lock(path, options)
    this.#handedOut.add(lock)
    this.#recent.delete(lock)
    this.#recent.add(lock)
    for (const oldest of this.#recent) {
      if (this.#recent.size <= MOST_RECENT) break
      this.#recent.delete(oldest)
    }
    return lock
  }

  /** Takes the lock, and forgets it when it is given up, unless a caller has it in hand. */
  acquire(path: string, options: LockOptions, call: AcquireLockOptions): Promise<boolean> {
    const lock = this.#lock(path, options)
    const acquiring = lock.acquire(call)
    // A call that is refused at once never made it busy.
    this.#moved(lock)
    return acquiring
  }

  /** Releases what is held at the path; true if nothing is held there any more. */
  async release(path: string, options: CallOptions): Promise<boolean> {
    const locks = this.#ofPath(path)
    await Promise.all(locks.map(lock => lock.release(options)))
    return locks.every(lock => !lock.status())
  }

  /** Each call stands in line for itself, also within one process. */
  async run<T>(path: string, options: WithLockOptions, task: (lock: HeldLock) => T | Promise<T>): Promise<T> {
    checkLock(options)
    checkFunction('task', task)
    this.#link.checkWritable(`lock ${path}`)
    const { wait = DEFAULT_WAIT, signal } = options
    const tenure = await leaseOf(this.#semaphore(path, options), wait, signal)
    if (tenure === null) {
      throw new ServiceRegistryError('LOCK_NOT_ACQUIRED', `${path} is not free within ${wait} ms`, { path })
    }
    try {
      const result = await task(tenure)
      // A task that did not notice is told now: it may have worked beside another holder.
      if (!tenure.held) throw tenure.signal.reason
      return result
    } finally {
      await tenure.release()
    }
  }

  /** Gives up what is held; the locks can be taken again when the registry is started again. */
  async stop(): Promise<void> {
    await Promise.allSettled([...this.#busy].map(lock => lock.release()))
  }

  #lock(path: string, options: LockOptions): RegistryLock {
    checkLock(options)
    this.#link.checkWritable(`lock ${path}`)
    validatePath(path)
    checkNotRoot(path)
    const { simultaneous = 1, name, wait } = options
    const ofPath = this.#ofPath(path)
    const present = ofPath.find(
      lock => lock.simultaneous === simultaneous && (name === undefined || lock.name === name),
    )
    if (present !== undefined) {
      if (wait === undefined || wait === present.wait) return present
      const message = `the lock of ${path} was made with another wait`
      throw new ServiceRegistryError('INVALID_OPTION', message, { path })
    }
    const made = { name: name ?? '', wait: wait ?? DEFAULT_WAIT, simultaneous }
    const lock = new RegistryLock(path, made, {
      // A semaphore for each try: the credentials, and with them the ACL, may have changed since the last.
      semaphore: () => {
        this.#link.checkWritable(`lock ${path}`)
        return this.#semaphore(path, options)
      },
      moved: moved => this.#moved(moved),
    })
    this.#collected.register(lock, path)
    this.#keep(path, [...ofPath, lock])
    return lock
  }

  #moved(lock: RegistryLock): void {
    if (lock.busy) {
      this.#busy.add(lock)
      return
    }
    this.#busy.delete(lock)
    if (this.#handedOut.has(lock)) return
    this.#keep(
      lock.path,
      this.#ofPath(lock.path).filter(other => other !== lock),
    )
  }

  #ofPath(path: string): RegistryLock[] {
    return (this.#locks.get(path) ?? []).map(ref => ref.deref()).filter(lock => lock !== undefined)
  }

  #keep(path: string, locks: readonly RegistryLock[]): void {
    if (locks.length === 0) this.#locks.delete(path)
    else
      this.#locks.set(
        path,
        locks.map(lock => new WeakRef(lock)),
      )
  }

  #semaphore(path: string, { name = '', simultaneous = 1 }: LockOptions): Semaphore {
    validatePath(path)
    checkNotRoot(path)
    const { acl } = this.#link
    const options = { maxLeases: simultaneous, identifier: name }
    return new Semaphore(this.#link.zk, path, acl === undefined ? options : { ...options, acl })
  }
}
