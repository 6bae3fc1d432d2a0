// Brings events to the watchers they are for, each isolated from what the others throw.
import type { WatcherEvent } from '../records/watches.ts'
import { isolated } from '../support/isolated.ts'
import type { Watcher, WatchTable } from './watch-table.ts'
import { eventTypeOf } from './watch-table.ts'

export class WatchDispatcher {
  readonly #watches: WatchTable
  readonly #warn: (error: unknown) => void

  constructor(watches: WatchTable, warn: (error: unknown) => void) {
    this.#watches = watches
    this.#warn = warn
  }

  /** An event of a type of the future harms nobody. */
  notified({ type: number, path }: WatcherEvent, zxid: bigint): void {
    const type = eventTypeOf(number)
    if (type === undefined) {
      this.#warn(new Error(`the server sent an event of unknown type ${number}`))
      return
    }
    const event = { type, path, zxid: zxid > 0n ? zxid : null }
    const watchers = this.#watches.take(type, path, event.zxid)
    // Behind whoever awaits an earlier reply of the same chunk, and before whoever awaits a later one.
    if (watchers.length === 0) return
    queueMicrotask(() => {
      for (const watcher of watchers) this.#call(watcher, event)
    })
  }

  /** The server does not repeat what persistent watches missed: whoever watches has to read again. */
  resync(): void {
    for (const [path, watcher] of [...this.#watches.persistent()]) {
      this.#call(watcher, { type: 'resync', path, zxid: null })
    }
  }

  #call(watcher: Watcher, event: Parameters<Watcher>[0]): void {
    isolated(() => watcher(event), this.#warn)
  }
}
