// The tree as it was read: takes the answers in, says what they make it necessary to read, and what they changed.
import type { Stat } from '../../protocol/index.ts'
import { childOf, nameOf, parentOf } from '../../protocol/index.ts'
import type { Agenda } from './agenda.ts'
import type { CacheNode } from './node.ts'
import type { Scope } from './scope.ts'

interface Own {
  readonly data: Uint8Array | null
  readonly stat: Stat
}

/** `unknown`: not read yet, or, at the root, not there. `denied`: READ is not granted. `oversized`: no reply has room for it. */
type Hidden = 'unknown' | 'denied' | 'oversized'

/** Bytes of an answer to `get` besides the data: the header, a length, the Stat. */
const REPLY_OVERHEAD = 16 + 4 + 68

interface Entry {
  readonly depth: number
  own: Own | Hidden
  /** Bytes that a reply may have, known once one was longer. */
  limit: number
  /** So many names did not fit into a reply. */
  tooMany: number
  /** The Stat that came with the names of the children; null before the first listing, and where nothing is listed. */
  listed: Stat | null
  readonly children: Set<string>
  /** Names of children that the filter leaves out; null: none. */
  leftOut: Set<string> | null
}

export class Model {
  readonly #scope: Scope
  /** A parent stands before its children. */
  readonly #entries = new Map<string, Entry>()
  /** What may look otherwise than it was last shown. */
  readonly #touched = new Set<string>()
  readonly #denied = new Set<string>()

  constructor(scope: Scope) {
    this.#scope = scope
    this.#entries.set(scope.root, emptyEntry(0))
  }

  get size(): number {
    return this.#entries.size
  }

  has(path: string): boolean {
    return this.#entries.has(path)
  }

  /** Every path that is known, parents first. */
  paths(): IterableIterator<string> {
    return this.#entries.keys()
  }

  /** What is there and may not be read, parents first. */
  denied(): string[] {
    return [...this.#denied]
  }

  /** The paths that may have changed since the last call. */
  takeTouched(): string[] {
    const paths = [...this.#touched]
    this.#touched.clear()
    return paths
  }

  /** The znode as it is shown; null where there is none, or nothing was read yet. */
  nodeOf(path: string): CacheNode | null {
    const entry = this.#entries.get(path)
    if (entry === undefined || typeof entry.own === 'string') return null
    const { data, stat } = entry.own
    return Object.freeze({ path, data, stat: Object.freeze(shownStat(stat, entry.listed)) })
  }

  /** The answer to a `get`. */
  read(path: string, data: Uint8Array | null, stat: Stat, work: Agenda): void {
    const entry = this.#entries.get(path)
    if (entry === undefined) return
    this.#renew(path, entry, { data, stat })
    entry.limit = Number.POSITIVE_INFINITY
    if (!this.#scope.lists(entry.depth)) return
    if (stat.numChildren === 0) this.#adopt(path, entry, [], stat, work)
    else if (entry.listed?.czxid !== stat.czxid) work.add('list', path)
  }

  /** The answer to a `list`. */
  list(path: string, names: readonly string[], stat: Stat, work: Agenda): void {
    const entry = this.#entries.get(path)
    if (entry === undefined) return
    this.#adopt(path, entry, names, stat, work)
    // The data is that of a znode which is gone. A mere write has had its event.
    if (typeof entry.own === 'string' || entry.own.stat.czxid !== stat.czxid) work.add('get', path)
  }

  /** The answer to a `verify`. */
  verify(path: string, stat: Stat, work: Agenda): void {
    const entry = this.#entries.get(path)
    if (entry === undefined) return
    if (!fits(entry, stat)) {
      this.#hide(path, 'oversized')
      return
    }
    if (entry.own === 'oversized') entry.own = 'unknown'
    const { own, listed } = entry
    // Of another znode: its children are listed once the data is there.
    if (typeof own === 'string' || own.stat.czxid !== stat.czxid) return work.add('get', path)
    if (own.stat.mzxid === stat.mzxid) this.#renew(path, entry, { ...own, stat })
    else work.add('get', path)
    if (!this.#scope.lists(entry.depth) || (listed !== null && sameList(listed, stat))) return
    if (stat.numChildren === 0) this.#adopt(path, entry, [], stat, work)
    else work.add('list', path)
  }

  /** READ is not granted, so there is nothing to show. True where that is news. */
  deny(path: string): boolean {
    if (!this.#hide(path, 'denied')) return false
    this.#denied.add(path)
    return true
  }

  /** A reply above the limit costs the connection: the next read waits until there is less to tell. True where that is news. */
  oversized(path: string, step: 'list' | 'get', limit: number): boolean {
    const entry = this.#entries.get(path)
    if (entry === undefined) return false
    if (step === 'get') entry.limit = limit
    else entry.tooMany = typeof entry.own === 'string' ? 1 : Math.max(1, entry.own.stat.numChildren)
    this.#denied.delete(path)
    return this.#hide(path, 'oversized')
  }

  isOversized(path: string): boolean {
    return this.#entries.get(path)?.own === 'oversized'
  }

  #hide(path: string, own: Hidden): boolean {
    const entry = this.#entries.get(path)
    if (entry === undefined || entry.own === own) return false
    for (const name of [...entry.children]) this.#drop(childOf(path, name))
    entry.own = own
    entry.listed = null
    entry.leftOut = null
    this.#touched.add(path)
    return true
  }

  /** There is no such znode. */
  absent(path: string): void {
    this.#drop(path)
    if (path === this.#scope.root) this.#entries.set(path, emptyEntry(0))
  }

  #renew(path: string, entry: Entry, own: Own): void {
    entry.own = own
    this.#denied.delete(path)
    this.#touched.add(path)
  }

  /** Names that are new are to be read; what is below those that are gone is gone. */
  #adopt(path: string, entry: Entry, names: readonly string[], stat: Stat, work: Agenda): void {
    entry.listed = stat
    entry.tooMany = Number.POSITIVE_INFINITY
    this.#touched.add(path)
    const present = new Set(names)
    for (const name of [...entry.children]) {
      if (!present.has(name)) this.#drop(childOf(path, name))
    }
    const leftOut = entry.leftOut ?? new Set<string>()
    for (const name of leftOut) if (!present.has(name)) leftOut.delete(name)
    for (const name of names) {
      if (entry.children.has(name) || leftOut.has(name)) continue
      const child = childOf(path, name)
      if (!this.#scope.admits(child)) {
        leftOut.add(name)
        continue
      }
      entry.children.add(name)
      this.#entries.set(child, emptyEntry(entry.depth + 1))
      work.add('get', child)
    }
    entry.leftOut = leftOut.size > 0 ? leftOut : null
  }

  #drop(path: string): void {
    const entry = this.#entries.get(path)
    if (entry === undefined) return
    for (const name of [...entry.children]) this.#drop(childOf(path, name))
    this.#entries.delete(path)
    this.#denied.delete(path)
    this.#touched.add(path)
    if (path !== this.#scope.root) this.#entries.get(parentOf(path))?.children.delete(nameOf(path))
  }
}

function emptyEntry(depth: number): Entry {
  const none = Number.POSITIVE_INFINITY
  return {
    depth,
    own: 'unknown',
    limit: none,
    tooMany: none,
    listed: null,
    children: new Set(),
    leftOut: null,
  }
}

function fits({ limit, tooMany }: Entry, { dataLength, numChildren }: Stat): boolean {
  return dataLength + REPLY_OVERHEAD <= limit && numChildren < tooMany
}

/** Nothing came or went between the two. */
function sameList(a: Stat, b: Stat): boolean {
  return a.czxid === b.czxid && a.pzxid === b.pzxid && a.cversion === b.cversion
}

/** What belongs to the data from the one, what belongs to the list from the other. */
function shownStat(own: Stat, listed: Stat | null): Stat {
  if (listed === null || listed.czxid !== own.czxid) return { ...own }
  const { cversion, numChildren, pzxid } = listed
  return { ...own, aversion: Math.max(own.aversion, listed.aversion), cversion, numChildren, pzxid }
}
