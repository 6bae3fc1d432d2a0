// The registry: services that come and go, configuration that stays, locks that exclude, on one connection.
import type { ZooKeeper } from '../../protocol/index.ts'
import type { SchemaOption } from './checked-writes.ts'
import type { NodeData } from './codec.ts'
import type { View } from './discovery/view.ts'
import type { DiscoverOptions } from './discovery/view-options.ts'
import type { InstanceInput } from './formats/instance.ts'
import type { RegisterOptions } from './instances/instance-book.ts'
import type { RegisteredInstance } from './instances/registered-instance.ts'
import type { AcquireLockOptions, HeldLock, LockOptions, RegistryLock } from './lock.ts'
import type { WithLockOptions } from './lock-book.ts'
import type { CallOptions, ServiceRegistryOptions, Settings } from './options.ts'
import {
  checkCall,
  checkCallback,
  checkedPassword,
  checkedUsername,
  checkFunction,
  checkLock,
  checkState,
  settingsOf,
} from './options.ts'
import { withPatience } from './patience.ts'
import type { ServiceRegistryEvents } from './registry-events.ts'
import type { RegistryParts } from './registry-parts.ts'
import { partsOf } from './registry-parts.ts'
import { RegistryReads } from './registry-reads.ts'
import type { RegistrationStatus, SetOptions, UnsetOptions } from './set-options.ts'
import type { StateCallback, StateOptions } from './state-callbacks.ts'

const HOME: symbol = Symbol('a ServiceRegistry stays in its process and thread: connect another one there')

/**
 * ```ts
 * import { ServiceRegistry } from 'nd-service-registry'
 *
 * await using registry = await ServiceRegistry.connect({ servers: 'localhost:2181' })
 * await registry.setNode('/production/ssh/server1:22', { type: 'openssh' })
 * const { children } = await registry.get('/production/ssh', snapshot => console.log(snapshot.children))
 * ```
 */
export class ServiceRegistry extends RegistryReads implements AsyncDisposable {
  /** Makes `postMessage` and `structuredClone` fail and say why, instead of passing on an empty object. */
  readonly home: symbol = HOME
  readonly #parts: RegistryParts

  private constructor(settings: Settings) {
    const parts = partsOf(settings)
    super(parts)
    this.#parts = parts
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
    const patient = !lazy || timeout === null || call.timeout !== undefined
    const hurry = !patient && (await registry.#parts.cache?.filled()) === true
    await registry.#parts.link.open(hurry ? { ...call, timeout } : call, hurry)
    return registry
  }

  /**
   * The client below, for everything that the registry has no word for: the same object for the whole life of the
   * registry, with another session after `start` and `rebuild`. It is closed when the registry stops.
   */
  get client(): ZooKeeper {
    return this.#parts.link.zk
  }

  /** True once it was disposed of, and cannot be started again. */
  get disposed(): boolean {
    return this.#parts.link.ended
  }

  /** Listens to events; the returned function ends that. */
  on<Name extends keyof ServiceRegistryEvents>(
    name: Name,
    listener: (value: ServiceRegistryEvents[Name]) => void,
  ): () => void {
    checkFunction('a listener', listener)
    return this.#parts.events.on(name, listener)
  }

  /**
   * True while there is a connection. A callback is called now and on every change, after the code that is running,
   * until `signal` aborts; the same one counts once, with the options of its first call.
   */
  getState(callback?: StateCallback, options: StateOptions = {}): boolean {
    checkCallback(callback)
    checkState(options)
    const up = this.#parts.link.connected
    if (callback !== undefined) this.#parts.states.add(callback, up, options)
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
    if (this.#parts.life.borrowed) await this.#parts.life.own()
    await this.#parts.writes.run(path, data, options ?? {}, () =>
      this.#parts.registrations.setNode(path, data, options),
    )
  }

  /**
   * Writes a persistent node; equal data is not written again. Later changes by others are left alone.
   * Without data it leaves what the node holds, or puts back what `state: false` took away; null clears it.
   * Errors: NoConnectionError, ReadOnlyError, INVALID_DATA, TYPE_CONFLICT, NO_AUTH.
   */
  async setData(path: string, data?: NodeData, options: SetOptions & SchemaOption = {}): Promise<void> {
    if (this.#parts.life.borrowed) await this.#parts.life.own()
    await this.#parts.writes.run(path, data, options ?? {}, () =>
      this.#parts.registrations.setData(path, data, options),
    )
  }

  /** What this registry has set and looks after, by path. */
  registrations(): RegistrationStatus[] {
    return this.#parts.registrations.list()
  }

  /**
   * Takes away what this registry set at the path; `force` deletes a data node whoever wrote it.
   * False if something of somebody else stands there still. Errors: NoConnectionError, ReadOnlyError, NO_AUTH;
   * INVALID_OPTION for the root, which cannot be deleted.
   */
  async unset(path: string, options: UnsetOptions = {}): Promise<boolean> {
    if (this.#parts.life.borrowed) await this.#parts.life.own()
    return this.#parts.writes.run(path, null, {}, () => this.#parts.registrations.unset(path, options))
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
    if (this.#parts.life.borrowed) await this.#parts.life.own()
    return this.#parts.instances.register(path, instance, options)
  }

  /**
   * A live view of the instances of the service at the path, which the caller disposes of; it knows nothing before it
   * is `ready`. While there is no connection it keeps what it knew, or begins with what the cache file knows, and says
   * so. Errors: INVALID_PATH, INVALID_OPTION.
   */
  discover(path: string, options: DiscoverOptions = {}): View {
    this.#parts.link.checkRunning()
    if (this.#parts.life.borrowed) void this.#parts.life.own()
    return this.#parts.views.open(path, options)
  }

  /**
   * The lock of a path: the same object for the same number of holders and name, as long as somebody has it, holds it or
   * waits for it, and for a while longer; without a name, the one that is there.
   * Two names are two contenders. Errors: NoConnectionError, ReadOnlyError, INVALID_OPTION for another `wait`.
   */
  getLock(path: string, options: LockOptions = {}): RegistryLock {
    return this.#parts.locks.get(path, options)
  }

  /** Takes the lock of a path; false when it is not free in the time given. Errors: as `RegistryLock.acquire`. */
  async acquireLock(path: string, options: LockOptions & AcquireLockOptions = {}): Promise<boolean> {
    checkLock(options)
    const { wait, signal, ...ofLock } = options
    if (this.#parts.life.borrowed) await this.#parts.life.own()
    return this.#parts.locks.acquire(path, ofLock, wait === undefined ? { signal } : { wait, signal })
  }

  /**
   * Releases the lock of a path; true if it is not held here any more, also if it never was. Without a connection it
   * waits for one, or for the end of the session. Options and errors: as `RegistryLock.release`.
   */
  async releaseLock(path: string, options: CallOptions = {}): Promise<boolean> {
    checkCall(options)
    return this.#parts.locks.release(path, options)
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
    if (this.#parts.life.borrowed) await this.#parts.life.own()
    return this.#parts.locks.run(path, options, task)
  }

  /**
   * Takes effect on this connection and on all that follow, also on the ACL of what is created from now on. Without a
   * connection it is kept for the next one, and that is no error. Errors: AUTH_FAILED, NoConnectionError after
   * `timeout` milliseconds (default: none; the name is kept), the signal's reason.
   */
  async setUsername(username: string, options: CallOptions = {}): Promise<void> {
    checkCall(options)
    if (this.#parts.life.borrowed) await this.#parts.life.own()
    await this.#parts.link.authenticate({ username: checkedUsername(username) }, options)
  }

  /** As `setUsername`. */
  async setPassword(password: string, options: CallOptions = {}): Promise<void> {
    checkCall(options)
    if (this.#parts.life.borrowed) await this.#parts.life.own()
    await this.#parts.link.authenticate({ password: checkedPassword(password) }, options)
  }

  /**
   * Connects again after `stop`, with a new session: what was followed and registered before revives. Of a registry
   * that runs, it waits for the connection. Errors: NoConnectionError as `connect`, after which it is stopped again;
   * AUTH_FAILED, STOPPED after disposal, the signal's reason.
   */
  async start(options: CallOptions = {}): Promise<void> {
    checkCall(options)
    await this.#parts.life.start(options)
  }

  /**
   * Drops the connection and its session, and connects anew: every callback is told what is there then, every node is
   * registered again with its last data, locks are lost. Resolves when that is done. Without a connection (and not
   * `lazy`) NoConnectionError, but nothing is forgotten, and it goes on trying. Errors: as `start`.
   */
  async rebuild(options: CallOptions = {}): Promise<void> {
    checkCall(options)
    await this.#parts.life.rebuild(options)
  }

  /**
   * Ends the session, and with it every ephemeral node, lock and stream of `watch`; callbacks and registrations rest
   * until `start`. Safe in every state, any number of times; a process can end after it. It takes a few seconds at
   * most, without a connection too. Errors: NoConnectionError after `timeout` milliseconds (default: none), the
   * signal's reason; it goes on then, except with a signal that has aborted before.
   */
  async stop(options: CallOptions = {}): Promise<void> {
    checkCall(options)
    await withPatience(options, 'stop', () => this.#parts.life.stop())
  }

  /** Stops for good. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#parts.life.end()
  }
}
