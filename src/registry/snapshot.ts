// What the registry knows of a path at one time.
import type { Stat } from '../../protocol/index.ts'
import type { NodeObject } from './codec.ts'

export interface Snapshot {
  readonly path: string
  /** null: no znode, or one without data. */
  readonly data: NodeObject | null
  /** Names of the children, sorted. */
  readonly children: readonly string[]
  /** null: there is no znode. */
  readonly stat: Stat | null
  /** `live`: as the connected server showed it. `memory`: what was known when the connection was lost, if anything. */
  readonly source: 'live' | 'memory'
  /** When a server last showed this; null if none has. */
  readonly asOf: Date | null
  /** True: the truth may have moved on: there is no connection, or a change is known that was not read yet. */
  readonly stale: boolean
}

/** The content: what callbacks are called for. */
export type Content = Pick<Snapshot, 'path' | 'data' | 'children' | 'stat'>

export type Callback = (snapshot: Snapshot) => void

export function blank(path: string): Content {
  return Object.freeze({ path, data: null, children: Object.freeze([]), stat: null })
}

/** Equal in everything a callback is called for. The mzxid stands for the data: no two changes share one. */
export function sameContent(a: Content, b: Content): boolean {
  if (a.stat === null || b.stat === null) return a.stat === b.stat && sameNames(a.children, b.children)
  return sameStat(a.stat, b.stat) && sameNames(a.children, b.children)
}

function sameStat(a: Stat, b: Stat): boolean {
  return (
    a.czxid === b.czxid &&
    a.mzxid === b.mzxid &&
    a.pzxid === b.pzxid &&
    a.aversion === b.aversion &&
    a.version === b.version
  )
}

function sameNames(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((name, i) => name === b[i])
}

/** Freezes data that many callbacks share: none of them can change what the others see. */
export function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value)
    for (const item of Object.values(value)) deepFreeze(item)
  }
  return value
}
