// The watches of a client: who wants to hear of which path, by kind. It outlives connections and sessions.
import type { OneShotWatch } from '../operations.ts'
import { EventType } from '../records/watches.ts'

export type WatchedEventType = 'nodeCreated' | 'nodeDeleted' | 'nodeDataChanged' | 'nodeChildrenChanged'

export interface WatchedEvent {
  readonly type: WatchedEventType
  /** As the watching client writes paths (without its chroot). */
  readonly path: string
  /** zxid of the change; null where the server does not tell (before 3.9, and for events made up on reconnect). */
  readonly zxid: bigint | null
}

/** Receives the one event of a one-shot watch, before any reply that shows the change. */
export type Watcher = (event: WatchedEvent) => void

const types: Readonly<Record<number, WatchedEventType>> = {
  [EventType.created]: 'nodeCreated',
  [EventType.deleted]: 'nodeDeleted',
  [EventType.dataChanged]: 'nodeDataChanged',
  [EventType.childrenChanged]: 'nodeChildrenChanged',
}

/** Which kinds an event uses up (ZKWatchManager.materialize). */
const consumes: Readonly<Record<WatchedEventType, readonly OneShotWatch[]>> = {
  nodeCreated: ['data', 'exist'],
  nodeDataChanged: ['data', 'exist'],
  nodeDeleted: ['data', 'exist', 'child'],
  nodeChildrenChanged: ['child'],
}

/** The word for a number from the wire; undefined for one of the future. */
export function eventTypeOf(number: number): WatchedEventType | undefined {
  return types[number]
}

/** Changes that a server may not have reported yet. */
export interface Gap {
  /** They are newer than this zxid. */
  readonly from: bigint
  /** The newest zxid that the client has seen. */
  readonly newest: bigint
}

export class WatchTable {
  /** null while every watch is armed on the connection at hand. */
  gap: Gap | null = null
  // A single watcher is kept as it is: most paths have one, and there may be many paths.
  readonly #kinds: Readonly<Record<OneShotWatch, Map<string, Watcher | Set<Watcher>>>> = {
    data: new Map(),
    exist: new Map(),
    child: new Map(),
  }

  get size(): number {
    return this.#kinds.data.size + this.#kinds.exist.size + this.#kinds.child.size
  }

  /** Adds a watcher; the same one twice on a path and kind counts once. */
  add(kind: OneShotWatch, path: string, watcher: Watcher): void {
    const table = this.#kinds[kind]
    const present = table.get(path)
    if (present === undefined) table.set(path, watcher)
    else if (present instanceof Set) present.add(watcher)
    else if (present !== watcher) table.set(path, new Set([present, watcher]))
  }

  /** Removes the watchers that the event uses up and returns each of them once. */
  take(type: WatchedEventType, path: string): Watcher[] {
    const found = new Set<Watcher>()
    for (const kind of consumes[type]) {
      const present = this.#kinds[kind].get(path)
      if (present === undefined) continue
      this.#kinds[kind].delete(path)
      if (present instanceof Set) for (const watcher of present) found.add(watcher)
      else found.add(present)
    }
    return [...found]
  }

  paths(kind: OneShotWatch): IterableIterator<string> {
    return this.#kinds[kind].keys()
  }

  clear(): void {
    for (const table of Object.values(this.#kinds)) table.clear()
  }
}
