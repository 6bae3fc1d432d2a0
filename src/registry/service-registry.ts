// The registry: services that come and go, configuration that stays, locks that exclude, on one connection.
import type { ZooKeeper } from '../../protocol/index.ts'
import { parseConnectString } from '../../protocol/net/connect-string.ts'
import { Emitter } from '../../protocol/support/emitter.ts'
import { isolated } from '../../protocol/support/isolated.ts'
import { logger } from '../../protocol/support/log.ts'
import type { SchemaOption } from './checked-writes.ts'
import { CheckedWrites } from './checked-writes.ts'
import type { NodeData } from './codec.ts'
import { DiscoveryBook } from './discovery/discovery-book.ts'
import type { View } from './discovery/view.ts'
import type { DiscoverOptions } from './discovery/view-options.ts'
import type { InstanceInput } from './formats/instance.ts'
import type { RegisterOptions } from './instances/instance-book.ts'
import { InstanceBook } from './instances/instance-book.ts'
import type { RegisteredInstance } from './instances/registered-instance.ts'
import { authFailed, Link } from './link.ts'
import type { AcquireLockOptions, HeldLock, LockOptions, RegistryLock } from './lock.ts'
import type { WithLockOptions } from './lock-book.ts'
import { LockBook } from './lock-book.ts'
import type { CallOptions, ServiceRegistryOptions, Settings } from './options.ts'
import {
  checkCall,
  checkCallback,
  checkEvery,
  checkedPassword,
  checkedUsername,
  checkFunction,
  checkLock,
  checkSignal,
  settingsOf,
} from './options.ts'
import type { EmptyOptions, ReadOptions, SnapshotFor } from './read-options.ts'
import { RegistrationBook } from './registration-book.ts'
import type { RegistrationStatus, SetOptions, UnsetOptions } from './set-options.ts'
import type { Callback, Snapshot } from './snapshot.ts'
import { SnapshotCache } from './snapshot-cache.ts'
import { snapshotStream } from './snapshot-stream.ts'
import type { StateCallback, StateOptions } from './state-callbacks.ts'
import { StateCallbacks } from './state-callbacks.ts'
import type { Subscription } from './subscription.ts'
import { WatcherBook } from './watcher-book.ts'

const log = logger('registry')

const HOME: symbol = Symbol('a ServiceRegistry stays in its process and thread: connect another one there')

const MOST_EARLY = 10

export interface ServiceRegistryEvents {
  /** True: there is a connection; false: there is none. Only on change. */
  state: boolean
  /** Something went wrong that no caller waits for, such as a callback that threw. */
  warning: unknown
}

/**
 * ```ts
 * await using registry = await ServiceRegistry.connect({ servers: 'localhost:2181' })
 * await registry.setNode('/production/ssh/server1:22', { type: 'openssh' })
 * const { children } = await registry.get('/production/ssh', snapshot => update(snapshot.children))
 * ```
 */
export class ServiceRegistry implements AsyncDisposable {
  /** Makes `postMessage` and `structuredClone` fail and say why, instead of passing on an empty object. */
  readonly home: symbol = HOME
  readonly #link: Link
  readonly #events: Emitter<ServiceRegistryEvents> = new Emitter((error, name) => this.#thrown(error, name))
  readonly #states: StateCallbacks
  readonly #cache: SnapshotCache | null
  readonly #watchers: WatcherBook
  readonly #registrations: RegistrationBook
  readonly #writes = new CheckedWrites()
  readonly #locks: LockBook
  readonly #instances: InstanceBook
  readonly #views: DiscoveryBook
  /** Aborts with the next stop. */
  #stopping = new AbortController()
  /** Under way in a process that was forked. */
  #owning: Promise<void> | null = null
  #warning = false
  /** Warnings that came before the first listener. */
  readonly #early: unknown[] = []

  private constructor(settings: Settings) {
    const warning = (error: unknown): void => this.#warn(error)
    this.#link = new Link(settings, { forked: () => void this.#own(), warning })
    this.#cache = cacheOf(settings, warning)
    this.#watchers = new WatcherBook(this.#link, this.#cache, warning)
    this.#registrations = new RegistrationBook(this.#link, error => this.#warn(error))
    this.#locks = new LockBook(this.#link)
    this.#instances = new InstanceBook(this.#link, this.#registrations, error => this.#warn(error))
    this.#views = new DiscoveryBook(this.#link, error => this.#warn(error))
    this.#states = new StateCallbacks(
      task => isolated(task, error => this.#warn(error)),
      up => this.#events.emit('state', up),
    )
    this.#link.zk.on('state', ({ state }) => {
      this.#states.follow(state)
      if (state === 'authFailed') this.#warn(authFailed())
    })
    this.#link.zk.on('warning', error => this.#warn(error))
  }

  /**
   * Connects. Errors: NoConnectionError when there is no connection within `timeout` (default: `connectTimeout`),
   * unless `lazy`; AUTH_FAILED, INVALID_OPTION, InvalidConnectStringError, the signal's reason.
   */
  static async connect(
    options: ServiceRegistryOptions = {},
    call: CallOptions = {},
  ): Promise<ServiceRegistry> {
    const settings = settingsOf(options)
    checkCall(call)
    const registry = new ServiceRegistry(settings)
    const { lazy, coldStartTimeout: timeout } = settings
    const hurry = lazy && (await registry.#cache?.filled()) === true
    await registry.#link.open(hurry ? { timeout, ...call } : call)
    return registry
  }

  /**
   * The client below, for everything that the registry has no word for: the same object for the whole life of the
   * registry, with another session after `start` and `rebuild`. It is closed when the registry stops.
   */
  get client(): ZooKeeper {
    return this.#link.zk
  }

  /** True once it was disposed of, and cannot be started again. */
  get disposed(): boolean {
    return this.#link.ended
  }

  /** Listens to events; the returned function ends that. */
  on<Name extends keyof ServiceRegistryEvents>(
    name: Name,
    listener: (value: ServiceRegistryEvents[Name]) => void,
  ): () => void {
    checkFunction('a listener', listener)
    const off = this.#events.on(name, listener)
    if (name === 'warning') for (const error of this.#early.splice(0)) queueMicrotask(() => this.#warn(error))
    return off
  }

  /**
   * True while there is a connection. A callback is called now and on every change, after the code that is running;
   * the same one counts once.
   */
  getState(callback?: StateCallback, options: StateOptions = {}): boolean {
    checkCallback(callback)
    const every = checkEvery(options)
    const up = this.#link.connected
    if (callback !== undefined) this.#states.add(callback, every, up)
    return up
  }

  /**
   * Registers an ephemeral node and keeps it: it comes back by itself after the session expired and when somebody
   * deletes it. Resolves when it stands; what is wanted stays wanted whatever the outcome of the call.
   * Without data it keeps what it had; null takes that away.
   * Errors: NoConnectionError, ReadOnlyError, INVALID_DATA, TYPE_CONFLICT, SUPERSEDED, NO_AUTH, and OWNED_BY_OTHER when
   * somebody else still holds the path after `timeout` (the registration then goes on waiting), or with
   * `conflict: 'fail'` at once (it is not wanted any more then).
   */
  async setNode(path: string, data?: NodeData, options: SetOptions & SchemaOption = {}): Promise<void> {
    if (this.#borrowed) await this.#own()
    await this.#writes.run(path, data, options ?? {}, () => this.#registrations.setNode(path, data, options))
  }

  /**
   * Writes a persistent node; equal data is not written again. Later changes by others are left alone.
   * Without data it leaves what the node holds, or puts back what `state: false` took away; null clears it.
   * Errors: NoConnectionError, ReadOnlyError, INVALID_DATA, TYPE_CONFLICT, NO_AUTH.
   */
  async setData(path: string, data?: NodeData, options: SetOptions & SchemaOption = {}): Promise<void> {
    if (this.#borrowed) await this.#own()
    await this.#writes.run(path, data, options ?? {}, () => this.#registrations.setData(path, data, options))
  }

  /** What this registry has set and looks after, by path. */
  registrations(): RegistrationStatus[] {
    return this.#registrations.list()
  }

  /**
   * Takes away what this registry set at the path; `force` deletes a data node whoever wrote it.
   * False if something of somebody else stands there still. Errors: NoConnectionError, ReadOnlyError, NO_AUTH.
   */
  async unset(path: string, options: UnsetOptions = {}): Promise<boolean> {
    if (this.#borrowed) await this.#own()
    return this.#writes.run(path, null, {}, () => this.#registrations.unset(path, options))
  }

  /**
   * What is at the path: from the first call on it is followed, and later calls answer from memory. A callback is
   * called now and on every change of what is shown; never twice in a row with equal content. The options add the
   * data of the children, protection against an emptied list, and schemas, whose types the snapshot has; with `wait`
   * the callback is added when the path has a child, or when that time is over.
   * Without a connection the snapshot is `stale`, and catches up by itself. Errors: NO_AUTH, INVALID_PATH,
   * NoConnectionError without an answer within `timeout` (default: two session timeouts, and then what is known), the
   * signal's reason; the callback is not added then.
   */
  get<const Options extends ReadOptions>(
    path: string,
    options: Options & { readonly callback?: Callback<SnapshotFor<Options>> | undefined },
  ): Promise<SnapshotFor<Options>>
  get<const Options extends ReadOptions = EmptyOptions>(
    path: string,
    callback?: Callback<SnapshotFor<Options>>,
    options?: Options,
  ): Promise<SnapshotFor<Options>>
  async get(
    path: string,
    first?: Callback<never> | (ReadOptions & { readonly callback?: Callback<never> | undefined }),
    second?: ReadOptions,
  ): Promise<unknown> {
    const alone = typeof first === 'object' && first !== null
    const callback = alone ? first.callback : first
    checkCallback(callback)
    if (this.#borrowed) await this.#own()
    this.#link.checkRunning()
    return this.#watchers.get(path, alone ? first : second, callback)
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
   * Registers an instance of the service at the path, in the format of the registry or of somebody else, and keeps it
   * as `setNode` keeps a node. What fails is taken back.
   * Errors: INVALID_DATA for what the format cannot say, TYPE_CONFLICT for an instance that is registered already, and
   * those of `setNode`.
   */
  async register(
    path: string,
    instance: InstanceInput,
    options: RegisterOptions = {},
  ): Promise<RegisteredInstance> {
    if (this.#borrowed) await this.#own()
    return this.#instances.register(path, instance, options)
  }

  /**
   * A live view of the instances of the service at the path, which the caller disposes of; it knows nothing before it
   * is `ready`. While there is no connection it keeps what it knew, and says so. Errors: INVALID_PATH, INVALID_OPTION.
   */
  discover(path: string, options: DiscoverOptions = {}): View {
    this.#link.checkRunning()
    return this.#views.open(path, options)
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
    if (this.#borrowed) await this.#own()
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
    if (this.#borrowed) await this.#own()
    return this.#locks.run(path, options, task)
  }

  /**
   * Takes effect on this connection and on all that follow, also on the ACL of what is created from now on. Without a
   * connection it is kept for the next one, and that is no error. Errors: AUTH_FAILED, NoConnectionError after
   * `timeout` milliseconds (default: none; the name is kept), the signal's reason.
   */
  async setUsername(username: string, options: CallOptions = {}): Promise<void> {
    checkCall(options)
    if (this.#borrowed) await this.#own()
    await this.#link.authenticate({ username: checkedUsername(username) }, options)
  }

  /** As `setUsername`. */
  async setPassword(password: string, options: CallOptions = {}): Promise<void> {
    checkCall(options)
    if (this.#borrowed) await this.#own()
    await this.#link.authenticate({ password: checkedPassword(password) }, options)
  }

  /**
   * Connects again after `stop`, with a new session: what was followed and registered before revives. Of a registry
   * that runs, it waits for the connection. Errors: NoConnectionError as `connect`, after which it is stopped again;
   * AUTH_FAILED, STOPPED after disposal, the signal's reason.
   */
  async start(options: CallOptions = {}): Promise<void> {
    checkCall(options)
    if (this.#stopping.signal.aborted) this.#stopping = new AbortController()
    await this.#link.start(options)
  }

  /**
   * Drops the connection and its session, and connects anew: every callback is told what is there then, every node is
   * registered again with its last data, locks are lost. Resolves when that is done. Without a connection (and not
   * `lazy`) NoConnectionError, but nothing is forgotten, and it goes on trying. Errors: as `start`.
   */
  async rebuild(options: CallOptions = {}): Promise<void> {
    checkCall(options)
    this.#link.checkRunning()
    const { forked } = this.#link
    const connecting = this.#link.rebuild(options)
    this.#watchers.retell()
    if (forked) this.#registrations.adopt()
    const former = await connecting
    if (!this.#link.connected) return
    // Their nodes are replaced in one step as long as the former session has them.
    await this.#registrations.settle(options)
    if (former !== null) await this.#link.bury(former)
  }

  /**
   * Ends the session, and with it every ephemeral node, lock and stream of `watch`; callbacks and registrations rest
   * until `start`. Safe in every state, any number of times; a process can end after it.
   */
  async stop(): Promise<void> {
    this.#stopping.abort()
    this.#watchers.pause()
    await this.#link.close()
    await this.#locks.stop()
    await this.#cache?.flush()
  }

  /** Stops for good. */
  async [Symbol.asyncDispose](): Promise<void> {
    const ending = this.#link.end()
    await this.stop()
    await ending
    this.#watchers.stop()
    this.#views.stop()
    this.#instances.stop()
    this.#registrations.stop()
  }

  /** True in a process that was forked: it has the connection of its parent, and needs its own first. */
  get #borrowed(): boolean {
    return this.#link.forked || this.#owning !== null
  }

  async #own(): Promise<void> {
    if (this.#link.forked) {
      log('the process was forked: connecting anew')
      this.#owning = this.rebuild()
        .catch(error => this.#warn(error))
        .finally(() => {
          this.#owning = null
        })
    }
    if (this.#owning !== null) await this.#owning
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
    // Nobody can listen before `connect` has resolved.
    if (this.#events.count('warning') === 0 && this.#early.length < MOST_EARLY) this.#early.push(error)
    this.#warning = true
    this.#events.emit('warning', error)
    this.#warning = false
  }
}

function cacheOf({ cacheFile, servers }: Settings, warn: (error: unknown) => void): SnapshotCache | null {
  if (cacheFile === null) return null
  return new SnapshotCache({ file: cacheFile, chroot: parseConnectString(servers).chroot, warn })
}
