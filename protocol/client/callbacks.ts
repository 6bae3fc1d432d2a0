// The callbacks of users, as the table of watches knows them: one watcher for each callback and chroot it was given under.
import { outOfChroot, parentOf } from '../paths.ts'
import type { Watcher } from '../session/watch-table.ts'

/** Watchers by chroot. Held weakly: a callback that stays may be given under ever new chroots. */
type ByChroot = Map<string, WeakRef<Watcher>>

/**
 * The path of an event is relative to the chroot, so a callback hears of a znode once for each chroot under which it watches
 * it, and once however many views have the same one. A watcher lives as long as the table or a request has it.
 */
export class Callbacks {
  readonly #watchers = new WeakMap<Watcher, ByChroot>()
  readonly #gone = new FinalizationRegistry<{ readonly from: ByChroot; readonly chroot: string }>(
    ({ from, chroot }) => {
      if (from.get(chroot)?.deref() === undefined) from.delete(chroot)
    },
  )

  /** What stands for the callback under the chroot ('' for none). */
  watcherOf(callback: Watcher, chroot: string): Watcher {
    if (chroot === '') return callback
    const byChroot: ByChroot = this.#watchers.get(callback) ?? new Map()
    const present = byChroot.get(chroot)?.deref()
    if (present !== undefined) return present
    const watcher: Watcher = event => callback({ ...event, path: outOfChroot(chroot, event.path) })
    this.#watchers.set(callback, byChroot)
    byChroot.set(chroot, new WeakRef(watcher))
    this.#gone.register(watcher, { from: byChroot, chroot })
    return watcher
  }

  /** Chroots that are remembered of a callback. */
  sizeOf(callback: Watcher): number {
    return this.#watchers.get(callback)?.size ?? 0
  }

  /** All that may stand for the callback on a path of the server: every chroot above it leads there. */
  *watchersOn(serverPath: string, callback: Watcher): IterableIterator<Watcher> {
    yield callback
    const byChroot = this.#watchers.get(callback)
    if (byChroot === undefined) return
    for (let chroot = serverPath; chroot !== '/'; chroot = parentOf(chroot)) {
      const watcher = byChroot.get(chroot)?.deref()
      if (watcher !== undefined) yield watcher
    }
  }
}
