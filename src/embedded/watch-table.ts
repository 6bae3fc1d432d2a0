// One table of watches: path to watchers and back, each pair with the set of modes in which it watches.
import { parentOf } from '../../protocol/paths.ts'

/** Bits, because the modes of one watcher on one path stand side by side. */
export const WatchMode = { standard: 1, persistent: 2, recursive: 4, any: 7 } as const

export class WatchTable<W> {
  readonly #byPath = new Map<string, Map<W, number>>()
  readonly #byWatcher = new Map<W, Set<string>>()
  #recursive = 0

  add(path: string, watcher: W, mode: number): void {
    let watchers = this.#byPath.get(path)
    if (watchers === undefined) {
      watchers = new Map()
      this.#byPath.set(path, watchers)
    }
    const before = watchers.get(watcher) ?? 0
    if ((mode & ~before & WatchMode.recursive) !== 0) this.#recursive++
    watchers.set(watcher, before | mode)
    const paths = this.#byWatcher.get(watcher)
    if (paths === undefined) this.#byWatcher.set(watcher, new Set([path]))
    else paths.add(path)
  }

  has(path: string, watcher: W, modes: number): boolean {
    return ((this.#byPath.get(path)?.get(watcher) ?? 0) & modes) !== 0
  }

  /** True when there was something to take away. */
  remove(path: string, watcher: W, modes: number): boolean {
    const watchers = this.#byPath.get(path)
    const before = watchers?.get(watcher) ?? 0
    if (watchers === undefined || (before & modes) === 0) return false
    if ((before & modes & WatchMode.recursive) !== 0) this.#recursive--
    const left = before & ~modes
    if (left !== 0) watchers.set(watcher, left)
    else this.#forget(path, watcher, watchers)
    return true
  }

  /** A connection ended, and all its watches with it. */
  removeAll(watcher: W): void {
    for (const path of this.#byWatcher.get(watcher) ?? []) this.remove(path, watcher, WatchMode.any)
  }

  /**
   * Who hears of an event at the path: everyone there, and the recursive watchers at each ancestor.
   * A standard watch is used up by it.
   */
  take(path: string): Set<W> {
    const found = new Set<W>()
    for (const watcher of [...(this.#byPath.get(path)?.keys() ?? [])]) {
      found.add(watcher)
      this.remove(path, watcher, WatchMode.standard)
    }
    if (this.#recursive > 0) this.#takeAbove(path, found)
    return found
  }

  #takeAbove(path: string, found: Set<W>): void {
    for (let at = path; at.length > 1; ) {
      at = parentOf(at)
      for (const [watcher, modes] of this.#byPath.get(at) ?? []) {
        if ((modes & WatchMode.recursive) !== 0) found.add(watcher)
      }
    }
  }

  #forget(path: string, watcher: W, watchers: Map<W, number>): void {
    watchers.delete(watcher)
    if (watchers.size === 0) this.#byPath.delete(path)
    const paths = this.#byWatcher.get(watcher)
    paths?.delete(path)
    if (paths?.size === 0) this.#byWatcher.delete(watcher)
  }

  get watchers(): ReadonlyMap<W, ReadonlySet<string>> {
    return this.#byWatcher
  }

  get paths(): ReadonlyMap<string, ReadonlyMap<W, number>> {
    return this.#byPath
  }

  /** Pairs of path and watcher. */
  get size(): number {
    let total = 0
    for (const watchers of this.#byPath.values()) total += watchers.size
    return total
  }
}
