// The data tree: every znode by its path, and the three ways to change it, each of which can be taken back.
import { Buffer } from 'node:buffer'
import { childOf, nameOf, parentOf } from '../../protocol/paths.ts'
import type { Acl } from '../../protocol/records/data.ts'
import { Permission } from '../../protocol/records/data.ts'
import {
  formatUsage,
  LIMITS_NAME,
  parseQuota,
  QuotaPaths,
  quotaTarget,
  STATS_NAME,
  statsPath,
} from './quotas.ts'
import type { Transaction } from './transaction.ts'
import type { NewZnode, Znode } from './znode.ts'
import { NO_OWNER, newZnode, OPEN_ACL, sizeOf } from './znode.ts'

const READ_ONLY_ACL: readonly Acl[] = [{ perms: Permission.READ, id: { scheme: 'world', id: 'anyone' } }]
const SYSTEM_PATHS = ['/zookeeper', '/zookeeper/quota', '/zookeeper/config'] as const

/** Of stats that a client overwrote with something else. */
const UNKNOWN_USAGE = { count: -1, bytes: -1 } as const

export class DataTree {
  readonly #nodes = new Map<string, Znode>()
  readonly #ephemerals = new Map<bigint, Set<string>>()
  /** Paths of the znodes that a reaper looks at: containers and those with a time to live. */
  readonly reapable: Set<string> = new Set()
  readonly quotas: QuotaPaths = new QuotaPaths()

  constructor() {
    const empty = (): Znode => newZnode({ data: Buffer.alloc(0), acl: OPEN_ACL, owner: NO_OWNER }, 0n, 0)
    const root = empty()
    // The root answers to both names, as in ZooKeeper, which also counts it twice.
    this.#nodes.set('', root)
    this.#nodes.set('/', root)
    for (const path of SYSTEM_PATHS) this.#attach(path, empty())
    const config = this.#nodes.get('/zookeeper/config')!
    config.acl = READ_ONLY_ACL
    config.aversion = -1
  }

  /** As `srvr` shows it. */
  get size(): number {
    return this.#nodes.size
  }

  get(path: string): Znode | undefined {
    return this.#nodes.get(path)
  }

  /** Every znode once. */
  *entries(): IterableIterator<[string, Znode]> {
    for (const entry of this.#nodes) if (entry[0] !== '') yield entry
  }

  /** These stay: the root and the znodes that the server itself made. */
  isSystem(path: string): boolean {
    return path === '/' || (SYSTEM_PATHS as readonly string[]).includes(path)
  }

  /** Sessions that own ephemerals, with the paths. */
  get ephemerals(): ReadonlyMap<bigint, ReadonlySet<string>> {
    return this.#ephemerals
  }

  /** A copy, because the caller may be about to delete them. */
  ephemeralsOf(session: bigint): string[] {
    return [...(this.#ephemerals.get(session) ?? [])]
  }

  /** All znodes below this one; below the root by its empty name is also the root. */
  countBelow(path: string): number {
    return this.#usage(path).count - (path === '' ? 0 : 1)
  }

  /** Bytes of all paths and data, as `mntr` shows it. */
  get approximateSize(): number {
    let total = 0
    for (const [path, node] of this.#nodes) total += path.length + sizeOf(node)
    return total
  }

  /** The parent is there and the path is free: the caller made sure. */
  create(txn: Transaction, path: string, values: NewZnode): Znode {
    const node = newZnode(values, txn.zxid, txn.time)
    const parent = this.#parent(path)
    const { creates, pzxid } = parent
    this.#attach(path, node)
    const next = (creates + 1) | 0
    // The counter never goes back: at its end it stays where it is.
    if (next > creates) {
      parent.creates = next
      parent.pzxid = txn.zxid
    }
    const undo = (): void => {
      this.#detach(path, node)
      parent.creates = creates
      parent.pzxid = pzxid
    }
    txn.did(undo, { type: 'created', path, acl: node.acl, parentAcl: parent.acl })
    this.#quotaNodeCame(path, node)
    this.#account(txn, path, sizeOf(node), 1)
    return node
  }

  delete(txn: Transaction, path: string): void {
    const node = this.#nodes.get(path)!
    const parent = this.#parent(path)
    const { pzxid } = parent
    this.#detach(path, node)
    parent.pzxid = txn.zxid
    const undo = (): void => {
      this.#attach(path, node)
      parent.pzxid = pzxid
    }
    txn.did(undo, { type: 'deleted', path, acl: node.acl, parentAcl: parent.acl })
    this.#account(txn, path, -sizeOf(node), -1)
  }

  setData(txn: Transaction, path: string, data: Uint8Array | null): Znode {
    const node = this.#nodes.get(path)!
    const { data: before, version, mzxid, mtime } = node
    node.data = data
    node.version = (version + 1) | 0
    node.mzxid = txn.zxid
    node.mtime = txn.time
    const undo = (): void => {
      Object.assign(node, { data: before, version, mzxid, mtime })
    }
    txn.did(undo, { type: 'dataChanged', path, acl: node.acl })
    this.#account(txn, path, (data?.length ?? 0) - (before?.length ?? 0), 0)
    return node
  }

  setAcl(path: string, acl: readonly Acl[]): Znode {
    const node = this.#nodes.get(path)!
    node.acl = acl
    node.aversion = (node.aversion + 1) | 0
    return node
  }

  #parent(path: string): Znode {
    return this.#nodes.get(parentOf(path))!
  }

  #attach(path: string, node: Znode): void {
    const parent = this.#parent(path)
    this.#nodes.set(path, node)
    parent.children ??= new Set()
    parent.children.add(nameOf(path))
    if (node.owner.kind === 'session') {
      const owned = this.#ephemerals.get(node.owner.id)
      if (owned === undefined) this.#ephemerals.set(node.owner.id, new Set([path]))
      else owned.add(path)
    } else if (node.owner.kind !== 'none') this.reapable.add(path)
    this.#quotaPath(path, target => this.quotas.add(target))
  }

  #detach(path: string, node: Znode): void {
    this.#nodes.delete(path)
    this.#parent(path).children?.delete(nameOf(path))
    if (node.owner.kind === 'session') {
      const owned = this.#ephemerals.get(node.owner.id)
      owned?.delete(path)
      if (owned?.size === 0) this.#ephemerals.delete(node.owner.id)
    } else if (node.owner.kind !== 'none') this.reapable.delete(path)
    this.#quotaPath(path, target => this.quotas.delete(target))
  }

  /** The limits node is what makes a quota be in force. */
  #quotaPath(path: string, change: (target: string) => void): void {
    const target = nameOf(path) === LIMITS_NAME ? quotaTarget(parentOf(path)) : null
    if (target !== null) change(target)
  }

  /** A new stats node is filled with what is there already. */
  #quotaNodeCame(path: string, node: Znode): void {
    const target = nameOf(path) === STATS_NAME ? quotaTarget(parentOf(path)) : null
    if (target === null) return
    const { count, bytes } = this.#usage(target)
    node.data = formatUsage(count, bytes)
  }

  /** Keeps the stats of the nearest quota. Neither the version nor the times of the stats node change. */
  #account(txn: Transaction, path: string, bytes: number, count: number): void {
    const target = this.quotas.above(path)
    const stats = target === null ? undefined : this.#nodes.get(statsPath(target))
    if (stats === undefined) return
    const before = stats.data
    const usage = parseQuota(before) ?? UNKNOWN_USAGE
    stats.data = formatUsage(usage.count + count, usage.bytes + bytes)
    txn.did(() => {
      stats.data = before
    })
  }

  /** Counts without recursion: a path can be deeper than the stack. */
  #usage(path: string): { count: number; bytes: number } {
    let [count, bytes] = [0, 0]
    const waiting = [path === '' ? '/' : path]
    for (let at = waiting.pop(); at !== undefined; at = waiting.pop()) {
      const node = this.#nodes.get(at)
      if (node === undefined) continue
      count++
      bytes += sizeOf(node)
      for (const name of node.children ?? []) waiting.push(childOf(at, name))
    }
    return { count, bytes }
  }
}
