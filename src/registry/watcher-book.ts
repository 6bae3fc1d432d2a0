// The watched paths of a registry: one watcher each, however many callbacks.
import { validatePath } from '../../protocol/index.ts'
import { isPassing } from '../recipes/persistence.ts'
import type { Link } from './link.ts'
import { PathWatcher } from './path-watcher.ts'
import type { Callback, Snapshot } from './snapshot.ts'

interface Entry {
  readonly watcher: PathWatcher
  /** Settled after the first read, or at once without a connection. */
  readonly ready: Promise<void>
}

export class WatcherBook {
  readonly #link: Link
  readonly #warn: (error: unknown) => void
  readonly #entries = new Map<string, Entry>()

  constructor(link: Link, warn: (error: unknown) => void) {
    this.#link = link
    this.#warn = warn
  }

  /** The snapshot now, and the callback now and on every change. */
  async get(path: string, callback?: Callback): Promise<Snapshot> {
    validatePath(path)
    const { watcher, ready } = this.#entries.get(path) ?? this.#open(path)
    await ready
    if (callback !== undefined) watcher.add(callback)
    return watcher.snapshot
  }

  remove(path: string, callback: Callback): void {
    this.#entries.get(path)?.watcher.remove(callback)
  }

  stop(): void {
    for (const { watcher } of this.#entries.values()) watcher.stop()
    this.#entries.clear()
  }

  #open(path: string): Entry {
    const watcher = new PathWatcher(this.#link.zk, path, {
      warning: this.#warn,
      confirmed: () => this.#link.confirmed,
    })
    const entry = { watcher, ready: this.#start(watcher) }
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
