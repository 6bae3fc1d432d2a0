// How a registry is read: once, from memory, with callbacks, or as a stream.
import { endableStream } from '../../protocol/support/stream.ts'
import type { Link } from './link.ts'
import { checkCallback, checkFunction, checkSignal } from './options.ts'
import type { EmptyOptions, OnlyKnown, ReadOptions, SnapshotFor } from './read-options.ts'
import type { RegistryLife } from './registry-life.ts'
import type { Callback, Snapshot } from './snapshot.ts'
import { snapshotStream } from './snapshot-stream.ts'
import type { Subscription } from './subscription.ts'
import type { WatcherBook } from './watcher-book.ts'

export interface RegistryReadsPort {
  readonly link: Link
  readonly life: RegistryLife
  readonly watchers: WatcherBook
}

export class RegistryReads {
  readonly #port: RegistryReadsPort

  /** Not for users: `ServiceRegistry.connect` makes it. */
  constructor(port: RegistryReadsPort) {
    this.#port = port
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
    options: OnlyKnown<Options, keyof ReadOptions | 'callback'> & {
      readonly callback?: Callback<SnapshotFor<Options>> | undefined
    },
  ): Promise<SnapshotFor<Options>>
  get<const Options extends ReadOptions = EmptyOptions>(
    path: string,
    callback?: Callback<SnapshotFor<Options>>,
    options?: OnlyKnown<Options>,
  ): Promise<SnapshotFor<Options>>
  async get(
    path: string,
    first?: Callback<never> | (ReadOptions & { readonly callback?: Callback<never> | undefined }),
    second?: ReadOptions,
  ): Promise<unknown> {
    const alone = typeof first === 'object' && first !== null
    const callback = alone ? first.callback : first
    checkCallback(callback)
    if (this.#port.life.borrowed) await this.#port.life.own()
    this.#port.link.checkRunning()
    return this.#port.watchers.get(path, alone ? first : second, callback)
  }

  /**
   * What is known of a path that is followed, at once and without asking; null for one that is not. The same object
   * as long as nothing changes, so it costs next to nothing.
   */
  peek(path: string): Snapshot | null
  peek<const Options extends Pick<ReadOptions, 'childData'>>(
    path: string,
    options: OnlyKnown<Options, 'childData'>,
  ): SnapshotFor<Options> | null
  peek(path: string, options?: Pick<ReadOptions, 'childData'>): Snapshot | null {
    return this.#port.watchers.peek(path, options?.childData === true)
  }

  /**
   * Calls back now and on every change; the same callback counts once. An async callback is not called again before
   * it is done. What is returned mutes the callback, or ends it. Options and errors: as `get`.
   */
  async addCallback<const Options extends ReadOptions = EmptyOptions>(
    path: string,
    callback: Callback<SnapshotFor<Options>>,
    options?: OnlyKnown<Options>,
  ): Promise<Subscription> {
    checkFunction('a callback', callback)
    if (this.#port.life.borrowed) await this.#port.life.own()
    this.#port.link.checkRunning()
    return this.#port.watchers.subscribe(path, options ?? {}, callback)
  }

  /**
   * The snapshot now and after every change, until the signal aborts or the registry stops, or until `return()`, at any
   * time; a slow reader gets the newest. Options: as `get`.
   */
  watch<const Options extends ReadOptions & { signal?: AbortSignal }>(
    path: string,
    options?: OnlyKnown<Options>,
  ): AsyncGenerator<SnapshotFor<Options>, void, void> {
    return endableStream(({ signal }) => this.#snapshots<Options>(path, options, signal))
  }

  async *#snapshots<const Options extends ReadOptions & { signal?: AbortSignal }>(
    path: string,
    options: Options | undefined,
    ended: AbortSignal,
  ): AsyncGenerator<SnapshotFor<Options>, void, void> {
    if (this.#port.life.borrowed) await this.#port.life.own()
    this.#port.link.checkRunning()
    const signal = checkSignal(options?.signal)
    const subscribe = async (callback: Callback<SnapshotFor<Options>>): Promise<() => void> => {
      const subscription = await this.#port.watchers.subscribe(path, options ?? {}, callback)
      return () => subscription.close()
    }
    yield* snapshotStream(subscribe, [ended, this.#port.life.signal, signal])
  }
}
