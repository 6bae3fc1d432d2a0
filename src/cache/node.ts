// What a cache knows of a znode, and what it tells when that changes.
import type { Stat } from '../../protocol/index.ts'

/** Frozen, and never changed: a change makes another one. */
export interface CacheNode {
  readonly path: string
  /** Shared by everybody who looks: not to be written into. */
  readonly data: Uint8Array | null
  /** Fits the data and the list of children that the cache shows. The server tells nobody of a changed ACL. */
  readonly stat: Stat
}

export interface NodeAdded {
  readonly type: 'added'
  readonly path: string
  readonly old: null
  readonly node: CacheNode
}

export interface NodeUpdated {
  readonly type: 'updated'
  readonly path: string
  readonly old: CacheNode
  readonly node: CacheNode
  /** True: the data was written. False: only the Stat changed, as when a child comes or goes. */
  readonly written: boolean
}

/** The znode was deleted and created again; its descendants tell their own changes. */
export interface NodeReplaced {
  readonly type: 'replaced'
  readonly path: string
  readonly old: CacheNode
  readonly node: CacheNode
}

export interface NodeRemoved {
  readonly type: 'removed'
  readonly path: string
  readonly old: CacheNode
  readonly node: null
}

export type CacheChange = NodeAdded | NodeUpdated | NodeReplaced | NodeRemoved

/** The difference, or null without one. A znode is known by its czxid, and a write by its mzxid: versions repeat. */
export function changeOf(path: string, old: CacheNode | null, node: CacheNode | null): CacheChange | null {
  if (old === null) return node === null ? null : { type: 'added', path, old, node }
  if (node === null) return { type: 'removed', path, old, node }
  if (old.stat.czxid !== node.stat.czxid) return { type: 'replaced', path, old, node }
  const written = old.stat.mzxid !== node.stat.mzxid
  if (!written && sameStat(old.stat, node.stat)) return null
  return { type: 'updated', path, old, node, written }
}

/** Of the same znode, between two writes. */
function sameStat(a: Stat, b: Stat): boolean {
  return (
    a.pzxid === b.pzxid &&
    a.cversion === b.cversion &&
    a.aversion === b.aversion &&
    a.numChildren === b.numChildren
  )
}
