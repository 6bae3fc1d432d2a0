// The registry: services that come and go, configuration that stays, locks that exclude, on one connection.
import type { ZooKeeper } from '../../protocol/index.ts'
import { Emitter } from '../../protocol/support/emitter.ts'
import { isolated } from '../../protocol/support/isolated.ts'
import { logger } from '../../protocol/support/log.ts'
import type { SchemaOption } from './checked-writes.ts'
import { CheckedWrites } from './checked-writes.ts'
import type { NodeData } from './codec.ts'
import { Link } from './link.ts'
import type { AcquireLockOptions, HeldLock, LockOptions, RegistryLock } from './lock.ts'
import type { WithLockOptions } from './lock-book.ts'
import { LockBook } from './lock-book.ts'
import type { ServiceRegistryOptions, Settings } from './options.ts'
import {
  checkCallback,
  checkedPassword,
  checkedUsername,
  checkFunction,
  checkLock,
  checkSignal,
  settingsOf,
} from './options.ts'
import type { EmptyOptions, ReadOptions, SnapshotFor } from './read-options.ts'
import type { SetOptions, UnsetOptions } from './registration-book.ts'
import { RegistrationBook } from './registration-book.ts'
import type { Callback, Snapshot } from './snapshot.ts'
import { snapshotStream } from './snapshot-stream.ts'
import type { Subscription } from './subscription.ts'
import { WatcherBook } from './watcher-book.ts'

const log = logger('registry')

export interface ServiceRegistryEvents {
  /** True: there is a connection; false: there is none. Only on change. */
  state: boolean
  /** Something went wrong that no caller waits for, such as a callback that threw. */
  warning: unknown
}

/** Called with true while there is a connection. */
export type StateCallback = (up: boolean) => void

/**
 * ```ts
 * await using registry = await ServiceRegistry.connect({ servers: 'localhost:2181' })
 * await registry.setNode('/production/ssh/server1:22', { type: 'openssh' })
 * const { children } = await registry.get('/production/ssh', snapshot => update(snapshot.children))
 * ```
 */
export class ServiceRegistry implements AsyncDisposable {
  readonly #link: Link
  readonly #events: Emitter<ServiceRegistryEvents> = new Emitter((error, name) => this.#thrown(error, name))
  readonly #stateCallbacks = new Set<StateCallback>()
  readonly #watchers: WatcherBook
  readonly #registrations: RegistrationBook
  readonly #writes = new CheckedWrites()
  readonly #locks: LockBook
  readonly #stopping = new AbortController()
  #up = false
  #warning = false

  private constructor(settings: Settings) {
    this.#link = new Link(settings)
    this.#watchers = new WatcherBook(this.#link, error => this.#warn(error))
    this.#registrations = new RegistrationBook(this.#link, error => this.#warn(error))
    this.#locks = new LockBook(this.#link)
    this.#link.zk.on('state', () => this.#stateChanged())
    this.#link.zk.on('warning', error => this.#warn(error))
  }

  /**
   * Connects. Errors: NoConnectionError when there is no connection within `connectTimeout`, unless `lazy`;
   * INVALID_OPTION, InvalidConnectStringError.
   */
  static async connect(options: ServiceRegistryOptions = {}): Promise<ServiceRegistry> {
    const registry = new ServiceRegistry(settingsOf(options))
    await registry.#link.open()
    return registry
  }

  /** The client below, for everything that the registry has no word for. It ends with the registry. */
  get client(): ZooKeeper {
    return this.#link.zk
  }

  /** Listens to events; the returned function ends that. */
  on<Name extends keyof ServiceRegistryEvents>(
    name: Name,
    listener: (value: ServiceRegistryEvents[Name]) => void,
  ): () => void {
    checkFunction('a listener', listener)
    return this.#events.on(name, listener)
  }

  /** True while there is a connection. A callback is called now and on every change; the same one counts once. */
  getState(callback?: StateCallback): boolean {
    checkCallback(callback)
    const up = this.#link.connected
    if (callback !== undefined && !this.#stateCallbacks.has(callback)) {
      this.#stateCallbacks.add(callback)
      this.#isolated(() => callback(up))
    }
    return up
  }

  /**
   * Registers an ephemeral node and keeps it: it comes back by itself after the session expired and when somebody
   * deletes it. Resolves when it stands; what is wanted stays wanted whatever the outcome of the call.
   * Without data it keeps what it had; null takes that away.
   * Errors: NoConnectionError, ReadOnlyError, INVALID_DATA, TYPE_CONFLICT, NO_AUTH, and OWNED_BY_OTHER when another
   * session still holds the path after `timeout`; the registration then goes on waiting for it to go.
   */
  async setNode(path: string, data?: NodeData, options: SetOptions & SchemaOption = {}): Promise<void> {
    await this.#writes.run(path, data, options ?? {}, () => this.#registrations.setNode(path, data, options))
  }

  /**
   * Writes a persistent node; equal data is not written again. Later changes by others are left alone.
   * Errors: NoConnectionError, ReadOnlyError, INVALID_DATA, TYPE_CONFLICT, NO_AUTH.
   */
  async setData(path: string, data: NodeData = null, options: SetOptions & SchemaOption = {}): Promise<void> {
    await this.#writes.run(path, data, options ?? {}, () => this.#registrations.setData(path, data, options))
  }

  /**
   * Takes away what this registry set at the path; `force` deletes a data node whoever wrote it.
   * False if something of somebody else stands there still. Errors: NoConnectionError, ReadOnlyError, NO_AUTH.
   */
  async unset(path: string, options: UnsetOptions = {}): Promise<boolean> {
    return this.#writes.run(path, null, {}, () => this.#registrations.unset(path, options))
  }

  /**
   * What is at the path: from the first call on it is followed, and later calls answer from memory. A callback is
   * called now and on every change of what is shown; never twice in a row with equal content. The options add the
   * data of the children, protection against an emptied list, and schemas, whose types the snapshot has.
   * Without a connection the snapshot is `stale`, and catches up by itself. Errors: NO_AUTH, INVALID_PATH.
   */
  get<const Options extends ReadOptions>(path: string, options: Options): Promise<SnapshotFor<Options>>
  get<const Options extends ReadOptions = EmptyOptions>(
    path: string,
    callback?: Callback<SnapshotFor<Options>>,
    options?: Options,
  ): Promise<SnapshotFor<Options>>
  async get(path: string, first?: Callback<never> | ReadOptions, second?: ReadOptions): Promise<unknown> {
    const callback = typeof first === 'object' && first !== null ? undefined : first
    checkCallback(callback)
    this.#link.checkRunning()
    return this.#watchers.get(path, callback === first ? second : (first as ReadOptions), callback)
  }

  /**
   * What is known of a path that is followed, at once and without asking; null for one that is not. The same object
   * as long as nothing changes, so it costs next to nothing.
   */
  peek(path: string): Snapshot | null
  peek<const Options extends Pick<ReadOptions, 'childData'>>(
    path: string,
    options: Options,
  ): SnapshotFor<Options> | null
  peek(path: string, options?: Pick<ReadOptions, 'childData'>): Snapshot | null {
    return this.#watchers.peek(path, options?.childData === true)
  }

  /**
   * Calls back now and on every change; the same callback counts once. An async callback is not called again before
   * it is done. What is returned mutes the callback, or ends it. Options and errors: as `get`.
   */
  async addCallback<const Options extends ReadOptions = EmptyOptions>(
    path: string,
    callback: Callback<SnapshotFor<Options>>,
    options?: Options,
  ): Promise<Subscription> {
    checkFunction('a callback', callback)
    this.#link.checkRunning()
    return this.#watchers.subscribe(path, options ?? {}, callback)
  }

  /**
   * The snapshot now and after every change, until the signal aborts or the registry stops; a slow reader gets
   * the newest. Options: as `get`.
   */
  async *watch<const Options extends ReadOptions & { signal?: AbortSignal }>(
    path: string,
    options?: Options,
  ): AsyncGenerator<SnapshotFor<Options>, void, void> {
    this.#link.checkRunning()
    const signal = checkSignal(options?.signal)
    const subscribe = async (callback: Callback<SnapshotFor<Options>>): Promise<() => void> => {
      const subscription = await this.#watchers.subscribe(path, options ?? {}, callback)
      return () => subscription.close()
    }
    yield* snapshotStream(subscribe, [this.#stopping.signal, signal])
  }

  /**
   * The lock of a path: the same object for the same number of holders and name; without a name, the one that is there.
   * Two names are two contenders. Errors: NoConnectionError, ReadOnlyError, INVALID_OPTION for another `wait`.
   */
  getLock(path: string, options: LockOptions = {}): RegistryLock {
    return this.#locks.get(path, options)
  }

  /** Takes the lock of a path; false when it is not free in the time given. Errors: as `RegistryLock.acquire`. */
  async acquireLock(path: string, options: LockOptions & AcquireLockOptions = {}): Promise<boolean> {
    checkLock(options)
    const { wait, signal, ...ofLock } = options
    return this.getLock(path, ofLock).acquire(wait === undefined ? { signal } : { wait, signal })
  }

  /** Releases the lock of a path; true if it is not held here any more, also if it never was. */
  async releaseLock(path: string): Promise<boolean> {
    return this.#locks.release(path)
  }

  /**
   * Runs the task while it holds the lock, and only then. The task gets a signal that aborts when the lock is lost,
   * and the fencing token. Errors: LOCK_NOT_ACQUIRED, RecipeError LOST after a task that did not notice the loss,
   * what the task throws, and those of `RegistryLock.acquire`.
   */
  async withLock<T>(
    path: string,
    options: WithLockOptions,
    task: (lock: HeldLock) => T | Promise<T>,
  ): Promise<T> {
    return this.#locks.run(path, options, task)
  }

  /** Takes effect on this connection and on all that follow, also when there is none now. */
  async setUsername(username: string): Promise<void> {
    await this.#link.authenticate({ username: checkedUsername(username) })
  }

  async setPassword(password: string): Promise<void> {
    await this.#link.authenticate({ password: checkedPassword(password) })
  }

  /** Ends the session, and with it every registration and lock. Safe in every state, any number of times. */
  async stop(): Promise<void> {
    this.#stopping.abort()
    this.#watchers.stop()
    this.#registrations.stop()
    await this.#link.close()
    await this.#locks.stop()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop()
  }

  #stateChanged(): void {
    const up = this.#link.connected
    if (up === this.#up) return
    this.#up = up
    for (const callback of [...this.#stateCallbacks]) this.#isolated(() => callback(up))
    this.#events.emit('state', up)
  }

  #isolated(task: () => unknown): void {
    isolated(task, error => this.#warn(error))
  }

  /** A listener of warnings that throws itself is not told of it. */
  #thrown(error: unknown, name: keyof ServiceRegistryEvents): void {
    if (name === 'warning') log('a listener of warnings threw: %O', error)
    else this.#warn(error)
  }

  #warn(error: unknown): void {
    log('warning: %O', error)
    // A listener of warnings that throws is not told of its own error, and so on without end.
    if (this.#warning) return
    this.#warning = true
    this.#events.emit('warning', error)
    this.#warning = false
  }
}
