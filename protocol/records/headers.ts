// The headers in front of every request, every reply and every item of a multi.
import type { Codec } from '../jute/codec.ts'

export interface RequestHeader {
  readonly xid: number
  readonly opcode: number
}

export interface ReplyHeader {
  readonly xid: number
  readonly zxid: bigint
  readonly err: number
}

export interface MultiHeader {
  readonly opcode: number
  readonly done: boolean
  readonly err: number
}

export const requestHeader: Codec<RequestHeader> = {
  write(writer, value) {
    writer.writeInt(value.xid)
    writer.writeInt(value.opcode)
  },
  read: reader => ({ xid: reader.readInt(), opcode: reader.readInt() }),
}

export const replyHeader: Codec<ReplyHeader> = {
  write(writer, value) {
    writer.writeInt(value.xid)
    writer.writeLong(value.zxid)
    writer.writeInt(value.err)
  },
  read: reader => ({ xid: reader.readInt(), zxid: reader.readLong(), err: reader.readInt() }),
}

export const multiHeader: Codec<MultiHeader> = {
  write(writer, value) {
    writer.writeInt(value.opcode)
    writer.writeBoolean(value.done)
    writer.writeInt(value.err)
  },
  read: reader => ({ opcode: reader.readInt(), done: reader.readBoolean(), err: reader.readInt() }),
}
