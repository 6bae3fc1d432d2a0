// A znode in memory, and the Stat that a client sees of it.
import type { Acl, Stat } from '../../protocol/records/data.ts'
import { Permission } from '../../protocol/records/data.ts'

/** Who or what ends a znode's life. Clients see only the session. */
export type Owner =
  | { readonly kind: 'none' }
  | { readonly kind: 'session'; readonly id: bigint }
  | { readonly kind: 'container' }
  | { readonly kind: 'ttl'; readonly ttl: number }

export const NO_OWNER: Owner = { kind: 'none' }
export const CONTAINER: Owner = { kind: 'container' }

export interface Znode {
  data: Uint8Array | null
  acl: readonly Acl[]
  readonly owner: Owner
  readonly czxid: bigint
  mzxid: bigint
  pzxid: bigint
  readonly ctime: number
  mtime: number
  version: number
  /** How many children were ever created: what sequential names count, and half of what cversion shows. */
  creates: number
  aversion: number
  /** Names; undefined as long as there was none, which is most znodes. */
  children: Set<string> | undefined
}

export const OPEN_ACL: readonly Acl[] = [{ perms: Permission.ALL, id: { scheme: 'world', id: 'anyone' } }]

export interface NewZnode {
  readonly data: Uint8Array | null
  readonly acl: readonly Acl[]
  readonly owner: Owner
}

export function newZnode({ data, acl, owner }: NewZnode, zxid: bigint, time: number): Znode {
  return {
    data,
    acl: isOpen(acl) ? OPEN_ACL : acl,
    owner,
    czxid: zxid,
    mzxid: zxid,
    pzxid: zxid,
    ctime: time,
    mtime: time,
    version: 0,
    creates: 0,
    aversion: 0,
    children: undefined,
  }
}

/** Nearly every znode has this one list, so all of them share it. */
function isOpen(acl: readonly Acl[]): boolean {
  const [first] = acl
  if (acl.length !== 1 || first === undefined || first.perms !== Permission.ALL) return false
  return first.id.scheme === 'world' && first.id.id === 'anyone'
}

export function childCount(node: Znode): number {
  return node.children?.size ?? 0
}

export function sizeOf(node: Znode): number {
  return node.data?.length ?? 0
}

/** cversion is 2 x creates - children: it grows by one with each child that comes and each that goes. */
export function statOf(node: Znode): Stat {
  const numChildren = childCount(node)
  return {
    czxid: node.czxid,
    mzxid: node.mzxid,
    ctime: node.ctime,
    mtime: node.mtime,
    version: node.version,
    cversion: (2 * node.creates - numChildren) | 0,
    aversion: node.aversion,
    ephemeralOwner: node.owner.kind === 'session' ? node.owner.id : 0n,
    dataLength: sizeOf(node),
    numChildren,
    pzxid: node.pzxid,
  }
}
