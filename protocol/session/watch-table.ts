// The watches of a client: who wants to hear of which path, by kind. It outlives connections and sessions.
import type { OneShotWatch, WatchKind } from '../operations.ts'
import { parentOf } from '../paths.ts'
import { EventType } from '../records/watches.ts'

/** What a server reports. */
export type NodeEventType = 'nodeCreated' | 'nodeDeleted' | 'nodeDataChanged' | 'nodeChildrenChanged'

/** `resync`: events may be missing before this one; read again. Only persistent watches get it. */
export type WatchedEventType = NodeEventType | 'resync'

export interface WatchedEvent {
  readonly type: WatchedEventType
  /** As the watching client writes paths (without its chroot). */
  readonly path: string
  /** zxid of the change; null where the server does not tell (before 3.9, and for events made up on reconnect). */
  readonly zxid: bigint | null
}

/** Receives events, before any reply that shows the change. */
export type Watcher = (event: WatchedEvent) => void

const types: Readonly<Record<number, NodeEventType>> = {
  [EventType.created]: 'nodeCreated',
  [EventType.deleted]: 'nodeDeleted',
  [EventType.dataChanged]: 'nodeDataChanged',
  [EventType.childrenChanged]: 'nodeChildrenChanged',
}

/** Which kinds an event uses up (ZKWatchManager.materialize). */
const consumes: Readonly<Record<NodeEventType, readonly OneShotWatch[]>> = {
  nodeCreated: ['data', 'exist'],
  nodeDataChanged: ['data', 'exist'],
  nodeDeleted: ['data', 'exist', 'child'],
  nodeChildrenChanged: ['child'],
}

/** The word for a number from the wire; undefined for one of the future. */
export function eventTypeOf(number: number): NodeEventType | undefined {
  return types[number]
}

/** Changes that a server may not have reported yet. */
export interface Gap {
  /** They are newer than this zxid. */
  readonly from: bigint
  /** The newest zxid that the client has seen. */
  readonly newest: bigint
}

type Watchers = Watcher | Set<Watcher>

export class WatchTable {
  /** null while every watch is armed on the connection at hand. */
  gap: Gap | null = null
  // A single watcher is kept as it is: most paths have one, and there may be many paths.
  readonly #kinds: Readonly<Record<WatchKind, Map<string, Watchers>>> = {
    data: new Map(),
    exist: new Map(),
    child: new Map(),
    persistent: new Map(),
    recursive: new Map(),
  }

  /** Paths that are watched, counted by kind. */
  get size(): number {
    return Object.values(this.#kinds).reduce((sum, table) => sum + table.size, 0)
  }

  /** Adds a watcher; the same one twice on a path and kind counts once. */
  add(kind: WatchKind, path: string, watcher: Watcher): void {
    const table = this.#kinds[kind]
    const present = table.get(path)
    if (present === undefined) table.set(path, watcher)
    else if (present instanceof Set) present.add(watcher)
    else if (present !== watcher) table.set(path, new Set([present, watcher]))
  }

  /** Removes a watcher; true if it was the last one of its kind on the path. */
  remove(kind: WatchKind, path: string, watcher: Watcher): boolean {
    const table = this.#kinds[kind]
    const present = table.get(path)
    if (present instanceof Set) {
      present.delete(watcher)
      if (present.size > 0) return false
    } else if (present !== watcher) {
      return false
    }
    return table.delete(path)
  }

  has(kind: WatchKind, path: string): boolean {
    return this.#kinds[kind].has(path)
  }

  /**
   * Whom the event is for, each once. One-shot watchers are removed, persistent ones stay. `zxid`: null before 3.9,
   * where a path has one mode only.
   */
  take(type: NodeEventType, path: string, zxid: bigint | null = null): Watcher[] {
    const found = new Set<Watcher>()
    for (const kind of consumes[type]) collect(this.#consume(kind, path), found)
    collect(this.#kinds.persistent.get(path), found)
    // Of the children's list, recursive watches hear through the children themselves (ZOOKEEPER-4475).
    if (type !== 'nodeChildrenChanged' && this.#kinds.recursive.size > 0) this.#collectRecursive(path, found)
    if (zxid === null && (type === 'nodeCreated' || type === 'nodeDeleted')) this.#takeReplaced(path, found)
    return [...found]
  }

  /** Every persistent watcher, with the path it watches: after a gap they have to be told. */
  *persistent(): IterableIterator<[path: string, watcher: Watcher]> {
    for (const kind of ['persistent', 'recursive'] as const) {
      for (const [path, present] of this.#kinds[kind]) {
        if (present instanceof Set) for (const watcher of present) yield [path, watcher]
        else yield [path, present]
      }
    }
  }

  paths(kind: WatchKind): IterableIterator<string> {
    return this.#kinds[kind].keys()
  }

  clear(): void {
    for (const table of Object.values(this.#kinds)) table.clear()
  }

  #collectRecursive(path: string, found: Set<Watcher>): void {
    for (let at = path; ; at = parentOf(at)) {
      collect(this.#kinds.recursive.get(at), found)
      if (at === '/') break
    }
  }

  /** Before 3.9 a path has one mode: a recursive watch may have taken the place of others on the list of children. */
  #takeReplaced(path: string, found: Set<Watcher>): void {
    if (path === '/') return
    const parent = parentOf(path)
    const replaced = [...asList(this.#consume('child', parent))]
    if (this.#kinds.recursive.has(parent)) replaced.push(...asList(this.#kinds.persistent.get(parent)))
    for (const watcher of new Set(replaced)) {
      found.add(event => watcher({ ...event, type: 'nodeChildrenChanged', path: parent }))
    }
  }

  #consume(kind: WatchKind, path: string): Watchers | undefined {
    const present = this.#kinds[kind].get(path)
    if (present !== undefined) this.#kinds[kind].delete(path)
    return present
  }
}

function collect(present: Watchers | undefined, found: Set<Watcher>): void {
  for (const watcher of asList(present)) found.add(watcher)
}

function asList(present: Watchers | undefined): Iterable<Watcher> {
  if (present === undefined) return []
  return present instanceof Set ? present : [present]
}
