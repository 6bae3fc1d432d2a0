// What the registry knows of a path at one time.
import { isDeepStrictEqual } from 'node:util'
import type { Stat } from '../../protocol/index.ts'
import type { NodeObject } from './codec.ts'

export interface Snapshot<Data = NodeObject> {
  readonly path: string
  /** null: no znode, one without data, or data that the schema refused. */
  readonly data: Data | null
  /** Names of the children, sorted. */
  readonly children: readonly string[]
  /** null: there is no znode. */
  readonly stat: Stat | null
  /**
   * `live`: as the connected server showed it. `memory`: what was known when the connection was lost, if anything.
   * `file`: from the cache file; no server has shown it since the path is followed.
   */
  readonly source: 'live' | 'memory' | 'file'
  /** When a server last showed this; null if none has. */
  readonly asOf: Date | null
  /** True: the truth may have moved on: no connection, a change that was not read yet, or a protected list. */
  readonly stale: boolean
  /** True: the list has shrunk below `minInstances`, and this is the last good one. */
  readonly protected: boolean
}

/** What is known of one child. Its data is null if it has none, or may not be read; then its Stat is null too. */
export interface ChildSnapshot<Data = NodeObject> {
  readonly data: Data | null
  readonly stat: Stat | null
}

/** By the names of the children. Without a prototype: any name is only a name. */
export type ChildData<Child extends ChildSnapshot<unknown> = ChildSnapshot> = Readonly<Record<string, Child>>

/** The content: what callbacks are called for. */
export interface Content extends Pick<Snapshot, 'path' | 'data' | 'children' | 'stat'> {
  readonly childData?: ChildData
}

/** A snapshot inside the registry: with the children's data where that was asked for. */
export interface Sight extends Snapshot {
  readonly childData?: ChildData
}

export type Callback<Seen = Snapshot> = (snapshot: Seen) => void

/** Something that can be seen again and again: a path, a path with its children, or a guarded list. */
export interface Source {
  /** The same object as long as nothing changes. */
  readonly snapshot: Sight
  /** The listener is called after everything that may have changed the snapshot; the function returned ends that. */
  listen(listener: () => void): () => void
}

interface Circumstances extends Pick<Snapshot, 'source' | 'stale'> {
  /** Milliseconds of the wall clock. */
  readonly asOf: number | null
  readonly protected?: boolean
}

export function blank(path: string): Content {
  return Object.freeze({ path, data: null, children: Object.freeze([]), stat: null })
}

/** Shared by everybody who asks. A Date cannot be frozen, so each reader gets one of his own. */
export function snapshotOf(content: Content, circumstances: Circumstances): Sight {
  const { source, asOf, stale } = circumstances
  return Object.freeze({
    ...content,
    source,
    get asOf(): Date | null {
      return asOf === null ? null : new Date(asOf)
    },
    stale,
    protected: circumstances.protected ?? false,
  })
}

/** Equal in everything a callback is called for. */
export function sameSight(a: Sight, b: Sight): boolean {
  return a.protected === b.protected && a.childData === b.childData && sameContent(a, b)
}

/** The mzxid does not stand for the data: another ensemble, and one that was set back, uses it again. */
export function sameContent(a: Content, b: Content): boolean {
  return sameStat(a.stat, b.stat) && sameNames(a.children, b.children) && sameData(a.data, b.data)
}

function sameData(a: Content['data'], b: Content['data']): boolean {
  return a === b || isDeepStrictEqual(a, b)
}

export function sameStat(a: Stat | null, b: Stat | null): boolean {
  if (a === null || b === null) return a === b
  return (
    a.czxid === b.czxid &&
    a.mzxid === b.mzxid &&
    a.pzxid === b.pzxid &&
    a.aversion === b.aversion &&
    a.version === b.version
  )
}

function sameNames(a: readonly string[], b: readonly string[]): boolean {
  return a === b || (a.length === b.length && a.every((name, i) => name === b[i]))
}

/** Freezes data that many callbacks share: none of them can change what the others see. */
export function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value)
    for (const item of Object.values(value)) deepFreeze(item)
  }
  return value
}
