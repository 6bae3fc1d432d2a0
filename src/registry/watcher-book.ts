// The followed paths of a registry: one watch set each, however many callbacks.
import { validatePath } from '../../protocol/index.ts'
import { withDeadline, withEither } from '../../protocol/support/abort.ts'
import { systemClock } from '../../protocol/support/clock.ts'
import { NoConnectionError, ServiceRegistryError } from './errors.ts'
import { firstChild } from './first-child.ts'
import type { View } from './followed-path.ts'
import { FollowedPath } from './followed-path.ts'
import { FollowedPaths } from './followed-paths.ts'
import type { Link } from './link.ts'
import type { ReadOptions } from './read-options.ts'
import { aspectOf, PLAIN } from './read-options.ts'
import type { Callback, Sight } from './snapshot.ts'
import type { SnapshotCache } from './snapshot-cache.ts'
import type { Subscription } from './subscription.ts'
import { Validation } from './validation.ts'

export class WatcherBook {
  readonly #link: Link
  readonly #cache: SnapshotCache | null
  readonly #warn: (error: unknown) => void
  readonly #validation: Validation
  /** Aborts with the next pause. */
  #pausing = new AbortController()
  readonly #paths: FollowedPaths

  constructor(link: Link, cache: SnapshotCache | null, warn: (error: unknown) => void) {
    this.#link = link
    this.#cache = cache
    this.#warn = warn
    this.#validation = new Validation(warn)
    this.#paths = new FollowedPaths(link.maxIdlePaths, path => this.#followed(path))
  }

  /** How many paths are followed. */
  get size(): number {
    return this.#paths.size
  }

  /** What is known without asking; null for what is not followed. */
  peek(path: string, childData: boolean): Sight | null {
    const followed = this.#paths.peek(path)
    if (followed === null) return null
    const view = childData ? followed.peek(true) : followed.plain
    return view === null ? null : view.source.snapshot
  }

  /** The snapshot now, and the callback now and on every change; the path is followed from now on. */
  async get(path: string, options?: ReadOptions, callback?: Callback<never>): Promise<unknown> {
    return this.#use(path, async followed => {
      const view = await (options === undefined ? followed.view(PLAIN) : this.#view(followed, path, options))
      const shape = options === undefined ? undefined : this.#validation.shape(options)
      if (callback !== undefined) view.attach(callback, shape ?? identity)
      return shape === undefined ? view.source.snapshot : shape(view.source.snapshot)
    })
  }

  /** Calls back now and on every change; the same callback counts once. */
  async subscribe(path: string, options: ReadOptions, callback: Callback<never>): Promise<Subscription> {
    return this.#use(path, async followed => {
      const view = await this.#view(followed, path, options)
      return view.attach(callback, this.#validation.shape(options))
    })
  }

  /** Ends the calls that wait; the paths are followed on. */
  pause(): void {
    this.#pausing.abort(new ServiceRegistryError('STOPPED', 'the registry was stopped'))
    this.#pausing = new AbortController()
  }

  /** Reads every path anew; every callback is told. */
  retell(): void {
    for (const followed of this.#paths.all()) followed.retell()
  }

  stop(): void {
    for (const followed of this.#paths.all()) followed.stop()
    this.#paths.clear()
  }

  /** The view that the options ask for, when the caller's patience ends at the latest. */
  async #view(followed: FollowedPath, path: string, options: ReadOptions): Promise<View> {
    const aspect = aspectOf(options)
    const { signal, timeout = Number.POSITIVE_INFINITY, wait = 0 } = options
    const viewing = followed.view(aspect)
    if (signal === undefined && timeout === Number.POSITIVE_INFINITY && wait === 0) return viewing
    const late = (): Error => new NoConnectionError(`no answer about ${path} within ${timeout} ms`)
    const waited = async (inner: AbortSignal): Promise<View> => {
      const view = await viewing
      if (wait > 0) await firstChild(view.source, wait, inner)
      return view
    }
    return withEither([signal, this.#pausing.signal], either =>
      withDeadline(systemClock, timeout, late, either, waited),
    )
  }

  #use<T>(path: string, task: (followed: FollowedPath) => Promise<T>): Promise<T> {
    validatePath(path)
    return this.#paths.use(path, task)
  }

  #followed(path: string): FollowedPath {
    return new FollowedPath(path, {
      zk: this.#link.zk,
      cache: this.#cache,
      warning: this.#warn,
      limited: call => this.#link.limited(call),
      connected: () => this.#link.connected,
      confirmed: () => this.#link.confirmed,
    })
  }
}

function identity(sight: Sight): Sight {
  return sight
}
