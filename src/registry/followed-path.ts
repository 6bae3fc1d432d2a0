// One path that is followed, in all the ways in which its callers look at it.
import type { ZooKeeperView } from '../../protocol/index.ts'
import type { Clock } from '../../protocol/support/clock.ts'
import { unreferencedClock } from '../../protocol/support/clock.ts'
import { isPassing } from '../recipes/persistence.ts'
import { FamilyWatcher } from './family-watcher.ts'
import { ListGuard } from './list-guard.ts'
import { PathWatcher } from './path-watcher.ts'
import type { Aspect } from './read-options.ts'
import { PLAIN } from './read-options.ts'
import type { Callback, Source } from './snapshot.ts'
import type { Remembered, SnapshotCache } from './snapshot-cache.ts'
import type { Shape } from './subscription.ts'
import { Subscription } from './subscription.ts'

export interface FollowedPathPort {
  readonly zk: ZooKeeperView
  readonly clock?: Clock
  readonly cache?: SnapshotCache | null
  warning(error: unknown): void
  /** Runs a first read as the registry's rate limit has it. */
  limited<T>(call: () => Promise<T>): Promise<T>
  connected(): boolean
  /** True while all watches are armed and have told what was missed. */
  confirmed(): boolean
}

/** What can be seen of a path in one way, and who looks at it. */
export class View {
  readonly source: Source
  readonly #subscriptions = new Map<Callback<never>, Subscription>()
  readonly #warn: (error: unknown) => void

  constructor(source: Source, warn: (error: unknown) => void) {
    this.source = source
    this.#warn = warn
  }

  /** True if nobody has a callback on it. */
  get idle(): boolean {
    return this.#subscriptions.size === 0
  }

  /** Calls back now and on every change. The same callback counts once. */
  attach(callback: Callback<never>, shape: Shape): Subscription {
    const present = this.#subscriptions.get(callback)
    if (present !== undefined) return present
    const subscription = new Subscription(this.source, shape, callback, {
      warning: this.#warn,
      closed: () => void this.#subscriptions.delete(callback),
    })
    this.#subscriptions.set(callback, subscription)
    subscription.update()
    return subscription
  }

  /** Has each callback told the next sight, also if it knows it already. */
  forget(): void {
    for (const subscription of this.#subscriptions.values()) subscription.forget()
  }

  stop(): void {
    for (const subscription of [...this.#subscriptions.values()]) subscription.close()
  }
}

interface Family {
  readonly watcher: FamilyWatcher
  readonly view: View
  readonly ready: Promise<void>
}

export class FollowedPath {
  readonly plain: View
  readonly #port: FollowedPathPort
  readonly #watcher: PathWatcher
  readonly #ready: Promise<void>
  readonly #guards = new Map<string, { readonly guard: ListGuard; readonly view: View }>()
  #family: Family | null = null
  #remembered: Remembered | null = null
  #stopped = false

  constructor(path: string, port: FollowedPathPort) {
    this.#port = port
    this.#watcher = new PathWatcher(port.zk, path, port)
    this.plain = new View(this.#watcher, port.warning)
    port.cache?.keep(this.#watcher)
    this.#ready = this.#start()
  }

  /** Settled after the first read, or at once without a connection. Errors: NO_AUTH, or what else the read met. */
  get ready(): Promise<void> {
    return this.#ready
  }

  /** The view that these options give, once it can be seen. */
  async view(aspect: Aspect): Promise<View> {
    await this.#ready
    if (aspect === PLAIN) return this.plain
    const below = aspect.childData ? this.#withChildren() : null
    await below?.ready
    return aspect.minInstances === 0 ? (below?.view ?? this.plain) : this.#guarded(aspect)
  }

  /** The view without a guard, if it is there; null if nobody asked for it. */
  peek(childData: boolean): View | null {
    return childData ? (this.#family?.view ?? null) : this.plain
  }

  /** True if nobody has a callback on it, in whichever view, and a server can tell again what is known of it. */
  get spare(): boolean {
    const kept = !this.#port.connected() && this.#watcher.snapshot.asOf !== null
    return !kept && this.#views().every(view => view.idle)
  }

  /** Reads everything anew; every callback is told. */
  retell(): void {
    for (const view of this.#views()) view.forget()
    this.#watcher.follow()
    this.#family?.watcher.again()
  }

  stop(): void {
    this.#stopped = true
    for (const view of this.#views()) view.stop()
    for (const { guard } of this.#guards.values()) guard.stop()
    this.#family?.watcher.stop()
    this.#watcher.stop()
  }

  /** Stops, and takes the watches back. */
  letGo(): void {
    this.stop()
    this.#family?.watcher.forget()
    this.#watcher.forget()
  }

  #views(): View[] {
    const guarded = [...this.#guards.values()].map(({ view }) => view)
    return this.#family === null ? [this.plain, ...guarded] : [this.plain, this.#family.view, ...guarded]
  }

  #withChildren(): Family {
    if (this.#family !== null) return this.#family
    const remembered = this.#remembered?.family ?? null
    const watcher = new FamilyWatcher(this.#port.zk, this.#watcher, this.#port, remembered)
    this.#port.cache?.keep(watcher)
    if (this.#stopped) watcher.stop()
    this.#family = { watcher, view: new View(watcher, this.#port.warning), ready: watcher.start() }
    return this.#family
  }

  #guarded(aspect: Aspect): View {
    const { childData, minInstances, holdDown } = aspect
    const key = `${childData} ${minInstances} ${holdDown}`
    const present = this.#guards.get(key)
    if (present !== undefined) return present.view
    const { source } = childData ? this.#withChildren().view : this.plain
    const guard = new ListGuard(source, { minInstances, holdDown }, this.#port.clock ?? unreferencedClock)
    if (this.#stopped) guard.stop()
    const view = new View(guard, this.#port.warning)
    this.#guards.set(key, { guard, view })
    return view
  }

  /** Without a connection the answer is what the cache file says, if anything; the watcher catches up by itself. */
  async #start(): Promise<void> {
    if (this.#port.connected()) {
      try {
        return await this.#port.limited(() => this.#watcher.start())
      } catch (error) {
        if (!isPassing(error)) {
          this.#watcher.stop()
          throw error
        }
      }
    }
    this.#watcher.follow()
    const remembered = (await this.#port.cache?.recall(this.#watcher.path)) ?? null
    if (remembered === null || this.#watcher.snapshot.asOf !== null) return
    this.#remembered = remembered
    this.#watcher.remember(remembered.content, remembered.asOf)
  }
}
