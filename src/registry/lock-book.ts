// The locks of a registry, one object per path and number of holders.
import { validatePath } from '../../protocol/index.ts'
import { Semaphore } from '../recipes/semaphore.ts'
import { ServiceRegistryError } from './errors.ts'
import type { Link } from './link.ts'
import type { HeldLock, LockOptions } from './lock.ts'
import { DEFAULT_WAIT, RegistryLock } from './lock.ts'
import { checkFunction, checkLock, checkNotRoot } from './options.ts'

export interface WithLockOptions extends LockOptions {
  signal?: AbortSignal | undefined
}

export class LockBook {
  readonly #link: Link
  readonly #locks = new Map<string, Map<number, RegistryLock>>()

  constructor(link: Link) {
    this.#link = link
  }

  /** The lock of this path and number of holders: the same object every time. Throws like the checks of a write. */
  get(path: string, options: LockOptions): RegistryLock {
    checkLock(options)
    this.#link.checkWritable(`lock ${path}`)
    const { simultaneous = 1, name = '', wait = DEFAULT_WAIT } = options
    const ofPath = this.#locks.get(path) ?? new Map<number, RegistryLock>()
    const present = ofPath.get(simultaneous)
    if (present !== undefined) return sameLock(present, options)
    const lock = new RegistryLock(this.#semaphore(path, options), { name, wait }, () =>
      this.#link.checkWritable(`lock ${path}`),
    )
    ofPath.set(simultaneous, lock)
    this.#locks.set(path, ofPath)
    return lock
  }

  /** Releases what is held at the path; true if nothing is held there any more. */
  async release(path: string): Promise<boolean> {
    const locks = [...(this.#locks.get(path)?.values() ?? [])]
    await Promise.all(locks.map(lock => lock.release()))
    return locks.every(lock => !lock.status())
  }

  /** Each call stands in line for itself, also within one process. */
  async run<T>(path: string, options: WithLockOptions, task: (lock: HeldLock) => T | Promise<T>): Promise<T> {
    checkLock(options)
    checkFunction('task', task)
    this.#link.checkWritable(`lock ${path}`)
    const { wait = DEFAULT_WAIT, signal } = options
    const tenure = await this.#semaphore(path, options).acquire({ wait, signal })
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

  async stop(): Promise<void> {
    const locks = [...this.#locks.values()].flatMap(ofPath => [...ofPath.values()])
    this.#locks.clear()
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

/** One object cannot be two things: what is given has to be what the lock was made with. */
function sameLock(lock: RegistryLock, { name, wait }: LockOptions): RegistryLock {
  if ((name ?? lock.name) === lock.name && (wait ?? lock.wait) === lock.wait) return lock
  const message = `the lock of ${lock.path} was made with another name or wait`
  throw new ServiceRegistryError('INVALID_OPTION', message, { path: lock.path })
}
