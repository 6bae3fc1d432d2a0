// The watched paths of a registry: one watcher each, however many callbacks.
import { validatePath } from '../../protocol/index.ts'
import { isPassing } from '../recipes/persistence.ts'
import type { Link } from './link.ts'
import { PathWatcher } from './path-watcher.ts'
import type { Callback, Sight, Source } from './snapshot.ts'
import { Subscription } from './subscription.ts'

interface Entry {
  readonly watcher: PathWatcher
  readonly plain: View
  /** Settled after the first read, or at once without a connection. */
  readonly ready: Promise<void>
}

/** What can be seen of a path, and who looks at it. */
interface View {
  readonly source: Source
  readonly subscriptions: Map<Callback<never>, Subscription>
}

export class WatcherBook {
  readonly #link: Link
  readonly #warn: (error: unknown) => void
  readonly #entries = new Map<string, Entry>()

  constructor(link: Link, warn: (error: unknown) => void) {
    this.#link = link
    this.#warn = warn
  }

  /** What is known without asking; null for a path that is not followed. */
  peek(path: string): Sight | null {
    const entry = this.#entries.get(path)
    return entry === undefined ? null : entry.plain.source.snapshot
  }

  /** The snapshot now, and the callback now and on every change; the path is followed from now on. */
  async get(path: string, callback?: Callback): Promise<Sight> {
    const view = await this.#view(path)
    if (callback !== undefined) this.#attach(view, callback)
    return view.source.snapshot
  }

  /** Calls back now and on every change; the same callback counts once. */
  async subscribe(path: string, callback: Callback): Promise<Subscription> {
    return this.#attach(await this.#view(path), callback)
  }

  /** Reads every path anew; every callback is told. */
  retell(): void {
    for (const { watcher, plain } of this.#entries.values()) {
      for (const subscription of plain.subscriptions.values()) subscription.forget()
      watcher.follow()
    }
  }

  stop(): void {
    for (const { watcher, plain } of this.#entries.values()) {
      for (const subscription of [...plain.subscriptions.values()]) subscription.close()
      watcher.stop()
    }
    this.#entries.clear()
  }

  async #view(path: string): Promise<View> {
    validatePath(path)
    const { plain, ready } = this.#entries.get(path) ?? this.#open(path)
    await ready
    return plain
  }

  #attach({ source, subscriptions }: View, callback: Callback): Subscription {
    const present = subscriptions.get(callback)
    if (present !== undefined) return present
    const subscription = new Subscription(source, sight => sight, callback, {
      warning: this.#warn,
      closed: () => void subscriptions.delete(callback),
    })
    subscriptions.set(callback, subscription)
    subscription.update()
    return subscription
  }

  #open(path: string): Entry {
    const watcher = new PathWatcher(this.#link.zk, path, {
      warning: this.#warn,
      confirmed: () => this.#link.confirmed,
    })
    const plain = { source: watcher, subscriptions: new Map() }
    const entry = { watcher, plain, ready: this.#start(watcher) }
    this.#entries.set(path, entry)
    entry.ready.catch(() => this.#entries.delete(path))
    return entry
  }

  /** Without a connection the answer is "nothing known yet", and the watcher catches up by itself. */
  async #start(watcher: PathWatcher): Promise<void> {
    if (!this.#link.connected) {
      watcher.follow()
      return
    }
    try {
      await watcher.start()
    } catch (error) {
      if (!isPassing(error)) {
        watcher.stop()
        throw error
      }
      watcher.follow()
    }
  }
}
