// The digest of a tree, as the word `hash` tells it: the sum of a checksum for each znode (DigestCalculator, AdHash).
import { Buffer } from 'node:buffer'
import { crc32 } from 'node:zlib'
import type { DataTree } from './data-tree.ts'
import type { Owner, Znode } from './znode.ts'

/** What the server itself keeps there does not count. */
const SYSTEM = '/zookeeper/'
const STAT_BYTES = 60
const CONTAINER_OWNER = 1n << 63n
const TTL_OWNER = 0xffn << 56n

/** A znode as far as its checksum goes; `creates` is the counter that clients do not see. */
export type Checked = Pick<
  Znode,
  'data' | 'owner' | 'czxid' | 'mzxid' | 'pzxid' | 'ctime' | 'mtime' | 'version' | 'creates' | 'aversion'
>

/** Looks at every znode: nothing is kept up to date between two calls. */
export function digestOf(tree: DataTree): bigint {
  let sum = 0n
  for (const [path, node] of tree.entries()) sum += BigInt(checksum(path, node))
  return BigInt.asIntN(64, sum)
}

export function checksum(path: string, node: Checked): number {
  if (path.startsWith(SYSTEM)) return 0
  const stat = Buffer.alloc(STAT_BYTES)
  let at = stat.writeBigInt64BE(node.czxid)
  at = stat.writeBigInt64BE(node.mzxid, at)
  at = stat.writeBigInt64BE(node.pzxid, at)
  at = stat.writeBigInt64BE(BigInt(node.ctime), at)
  at = stat.writeBigInt64BE(BigInt(node.mtime), at)
  at = stat.writeInt32BE(node.version, at)
  at = stat.writeInt32BE(node.creates, at)
  at = stat.writeInt32BE(node.aversion, at)
  stat.writeBigUInt64BE(BigInt.asUintN(64, storedOwner(node.owner)), at)
  return crc32(stat, crc32(node.data ?? Buffer.alloc(0), crc32(path === '/' ? '' : path)))
}

/** Containers and times to live are kept in the field of the owner, though clients are shown none. */
function storedOwner(owner: Owner): bigint {
  switch (owner.kind) {
    case 'session':
      return owner.id
    case 'container':
      return CONTAINER_OWNER
    case 'ttl':
      return TTL_OWNER | BigInt(owner.ttl)
    default:
      return 0n
  }
}
