// Shared data: Stat, Id and ACL.
import type { Codec } from '../jute/codec.ts'
import type { JuteReader } from '../jute/reader.ts'
import type { JuteWriter } from '../jute/writer.ts'

/** What the server knows of a znode besides its data. */
export interface Stat {
  /** zxid of the transaction that created the znode. */
  readonly czxid: bigint
  /** zxid of the last change of its data. */
  readonly mzxid: bigint
  /** Creation time, in milliseconds since the epoch. */
  readonly ctime: number
  /** Time of the last change of its data, in milliseconds since the epoch. */
  readonly mtime: number
  /** Changes of the data. */
  readonly version: number
  /** Changes of the children. */
  readonly cversion: number
  /** Changes of the ACL. */
  readonly aversion: number
  /** Session id of the owner of an ephemeral znode, otherwise 0n. */
  readonly ephemeralOwner: bigint
  /** Bytes of data. */
  readonly dataLength: number
  readonly numChildren: number
  /** zxid of the last change of the children. */
  readonly pzxid: bigint
}

export interface Id {
  readonly scheme: string
  readonly id: string
}

export interface Acl {
  /** Bits of Permission. */
  readonly perms: number
  readonly id: Id
}

/** One that changes no more, whatever becomes of the list it was made of. */
export function copyOfAcl(acl: readonly Acl[]): Acl[] {
  return acl.map(({ perms, id: { scheme, id } }) => ({ perms, id: { scheme, id } }))
}

export const Permission = { READ: 1, WRITE: 2, CREATE: 4, DELETE: 8, ADMIN: 16, ALL: 31 } as const

export const stat: Codec<Stat> = {
  write(writer, value) {
    writer.writeLong(value.czxid)
    writer.writeLong(value.mzxid)
    writer.writeLongNumber(value.ctime)
    writer.writeLongNumber(value.mtime)
    writer.writeInt(value.version)
    writer.writeInt(value.cversion)
    writer.writeInt(value.aversion)
    writer.writeLong(value.ephemeralOwner)
    writer.writeInt(value.dataLength)
    writer.writeInt(value.numChildren)
    writer.writeLong(value.pzxid)
  },
  read(reader) {
    const at = reader.readBlock(STAT_BYTES)
    const { view } = reader
    const czxid = view.getBigInt64(at)
    return {
      czxid,
      mzxid: longLike(view, at + 8, at, czxid),
      ctime: longNumber(view, at + 16),
      mtime: longNumber(view, at + 24),
      version: view.getInt32(at + 32),
      cversion: view.getInt32(at + 36),
      aversion: view.getInt32(at + 40),
      ephemeralOwner: isZero(view, at + 44) ? 0n : view.getBigInt64(at + 44),
      dataLength: view.getInt32(at + 52),
      numChildren: view.getInt32(at + 56),
      pzxid: longLike(view, at + 60, at, czxid),
    }
  },
}

const STAT_BYTES = 68

/** The long at `at`; where it equals the one at `other`, that bigint again: a Stat comes with every answer. */
function longLike(view: DataView, at: number, other: number, value: bigint): bigint {
  const same =
    view.getInt32(at + 4) === view.getInt32(other + 4) && view.getInt32(at) === view.getInt32(other)
  return same ? value : view.getBigInt64(at)
}

function isZero(view: DataView, at: number): boolean {
  return view.getInt32(at) === 0 && view.getInt32(at + 4) === 0
}

function longNumber(view: DataView, at: number): number {
  return view.getInt32(at) * 2 ** 32 + view.getUint32(at + 4)
}

export const acl: Codec<Acl> = {
  write(writer, value) {
    writer.writeInt(value.perms)
    writer.writeString(value.id.scheme)
    writer.writeString(value.id.id)
  },
  read(reader) {
    return { perms: reader.readInt(), id: { scheme: reader.readString(), id: reader.readString() } }
  },
}

export function writeAcls(writer: JuteWriter, acls: readonly Acl[]): void {
  writer.writeVector(acls, acl.write)
}

export function readAcls(reader: JuteReader): Acl[] {
  return reader.readVector(acl.read)
}
