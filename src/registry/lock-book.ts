// The locks of a registry, one object per path, number of holders and name.
import { validatePath } from '../../protocol/index.ts'
import { Semaphore } from '../recipes/semaphore.ts'
import { ServiceRegistryError } from './errors.ts'
import type { Link } from './link.ts'
import type { HeldLock, LockOptions } from './lock.ts'
import { DEFAULT_WAIT, leaseOf, RegistryLock } from './lock.ts'
import type { CallOptions } from './options.ts'
import { checkFunction, checkLock, checkNotRoot } from './options.ts'

export interface WithLockOptions extends LockOptions {
  signal?: AbortSignal | undefined
}

export class LockBook {
  readonly #link: Link
  readonly #locks = new Map<string, RegistryLock[]>()

  constructor(link: Link) {
    this.#link = link
  }

  /**
   * The lock of this path, number of holders and name: the same object every time. Without a name, the one that is
   * there. Throws like the checks of a write.
   */
  get(path: string, options: LockOptions): RegistryLock {
    checkLock(options)
    this.#link.checkWritable(`lock ${path}`)
    validatePath(path)
    checkNotRoot(path)
    const { simultaneous = 1, name, wait } = options
    const ofPath = this.#locks.get(path) ?? []
    const present = ofPath.find(
      lock => lock.simultaneous === simultaneous && (name === undefined || lock.name === name),
    )
    if (present !== undefined) {
      if (wait === undefined || wait === present.wait) return present
      const message = `the lock of ${path} was made with another wait`
      throw new ServiceRegistryError('INVALID_OPTION', message, { path })
    }
    const made = { name: name ?? '', wait: wait ?? DEFAULT_WAIT }
    // A semaphore for each try: the credentials, and with them the ACL, may have changed since the last.
    const lock = new RegistryLock(path, { ...made, simultaneous }, () => {
      this.#link.checkWritable(`lock ${path}`)
      return this.#semaphore(path, options)
    })
    this.#locks.set(path, [...ofPath, lock])
    return lock
  }

  /** Releases what is held at the path; true if nothing is held there any more. */
  async release(path: string, options: CallOptions): Promise<boolean> {
    const locks = this.#locks.get(path) ?? []
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
    const locks = [...this.#locks.values()].flat()
    await Promise.allSettled(locks.map(lock => lock.release()))
  }

  #semaphore(path: string, { name = '', simultaneous = 1 }: LockOptions): Semaphore {
    validatePath(path)
    checkNotRoot(path)
    const { acl } = this.#link
    const options = { maxLeases: simultaneous, identifier: name }
    return new Semaphore(this.#link.zk, path, acl === undefined ? options : { ...options, acl })
  }
}
