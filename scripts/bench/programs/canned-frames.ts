// The frames that the canned server answers with, encoded once.
import { Buffer } from 'node:buffer'
import { JuteWriter } from '../../../protocol/jute/writer.ts'
import { OpCode } from '../../../protocol/opcodes.ts'
import { getChildren2Reply, getChildrenReply } from '../../../protocol/records/children.ts'
import { connectResponse } from '../../../protocol/records/connect.ts'
import type { Stat } from '../../../protocol/records/data.ts'
import { stat } from '../../../protocol/records/data.ts'
import { create2Reply, getDataReply } from '../../../protocol/records/nodes.ts'
import { numbered } from './task.ts'

const ZXID = 0x1_0000_0002n

/** A reply without a body. */
export const bare: Buffer = reply(() => {})

export const handshake: Buffer = frame(writer =>
  connectResponse.write(writer, {
    protocolVersion: 0,
    timeOut: 30_000,
    sessionId: 1n,
    passwd: Buffer.alloc(16),
    readOnly: false,
  }),
)

/** Frames by opcode, with room for the xid; what is not listed is answered without a body. */
export function cannedFrames(dataLength: number, numChildren: number): Map<number, Buffer> {
  const data = Buffer.alloc(dataLength, 'x')
  const children = Array.from({ length: numChildren }, (_, index) => numbered('', 'node', index).slice(1))
  const path = numbered('/bench/created', 'canned', 0)
  const someStat: Stat = {
    czxid: ZXID,
    mzxid: ZXID,
    ctime: 1_700_000_000_000,
    mtime: 1_700_000_000_000,
    version: 1,
    cversion: 0,
    aversion: 0,
    ephemeralOwner: 0n,
    dataLength,
    numChildren,
    pzxid: ZXID,
  }
  return new Map([
    [OpCode.getData, reply(writer => getDataReply.write(writer, { data, stat: someStat }))],
    [OpCode.exists, reply(writer => stat.write(writer, someStat))],
    [OpCode.setData, reply(writer => stat.write(writer, someStat))],
    [OpCode.create, reply(writer => writer.writeString(path))],
    [OpCode.create2, reply(writer => create2Reply.write(writer, { path, stat: someStat }))],
    [OpCode.getChildren, reply(writer => getChildrenReply.write(writer, { children }))],
    [OpCode.getChildren2, reply(writer => getChildren2Reply.write(writer, { children, stat: someStat }))],
  ])
}

function reply(body: (writer: JuteWriter) => void): Buffer {
  return frame(writer => {
    writer.writeInt(0)
    writer.writeLong(ZXID)
    writer.writeInt(0)
    body(writer)
  })
}

function frame(body: (writer: JuteWriter) => void): Buffer {
  const writer = new JuteWriter()
  writer.writeInt(0)
  body(writer)
  writer.patchInt(0, writer.position - 4)
  return Buffer.from(writer.bytes)
}
