// A server that answers every request from memory at once, so that a bench measures the client and not the server.
import { Buffer } from 'node:buffer'
import type { AddressInfo, Socket } from 'node:net'
import { createServer } from 'node:net'
import { JuteWriter } from '../../protocol/jute/writer.ts'
import { OpCode, Xid } from '../../protocol/opcodes.ts'
import { connectResponse } from '../../protocol/records/connect.ts'
import type { Stat } from '../../protocol/records/data.ts'
import { stat } from '../../protocol/records/data.ts'
import { create2Reply, getDataReply } from '../../protocol/records/nodes.ts'

const LENGTH = 4
const DATA_SIZE = Number(process.env.CANNED_DATA_SIZE ?? 100)

const someStat: Stat = {
  czxid: 0x100000001n,
  mzxid: 0x100000002n,
  ctime: 1_700_000_000_000,
  mtime: 1_700_000_000_000,
  version: 1,
  cversion: 0,
  aversion: 0,
  ephemeralOwner: 0n,
  dataLength: DATA_SIZE,
  numChildren: 0,
  pzxid: 0x100000001n,
}

/** Frames by opcode, with room for the xid; what is not listed is answered with a header alone. */
const frames = new Map<number, Buffer>([
  [
    OpCode.getData,
    frame(writer => getDataReply.write(writer, { data: Buffer.alloc(DATA_SIZE, 'x'), stat: someStat })),
  ],
  [OpCode.exists, frame(writer => stat.write(writer, someStat))],
  [OpCode.setData, frame(writer => stat.write(writer, someStat))],
  [OpCode.create, frame(writer => writer.writeString('/bench/node'))],
  [OpCode.create2, frame(writer => create2Reply.write(writer, { path: '/bench/node', stat: someStat }))],
])
const bare = frame(() => {})

const handshake = (() => {
  const writer = new JuteWriter()
  writer.writeInt(0)
  connectResponse.write(writer, {
    protocolVersion: 0,
    timeOut: 30_000,
    sessionId: 1n,
    passwd: Buffer.alloc(16),
    readOnly: false,
  })
  writer.patchInt(0, writer.position - 4)
  return Buffer.from(writer.bytes)
})()

function frame(body: (writer: JuteWriter) => void): Buffer {
  const writer = new JuteWriter()
  writer.writeInt(0)
  writer.writeInt(0)
  writer.writeLong(0x100000002n)
  writer.writeInt(0)
  body(writer)
  writer.patchInt(0, writer.position - 4)
  return Buffer.from(writer.bytes)
}

/** One connection: cuts requests out of the stream, and answers those of a chunk in one write. */
function serve(socket: Socket): void {
  socket.setNoDelay(true)
  socket.on('error', () => {})
  let rest: Buffer = Buffer.alloc(0)
  let greeted = false
  socket.on('data', (chunk: Buffer) => {
    const requests = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
    const output = new JuteWriter(Buffer.allocUnsafeSlow(64 * 1024))
    let offset = 0
    while (requests.length - offset >= LENGTH) {
      const end = offset + LENGTH + requests.readInt32BE(offset)
      if (end > requests.length) break
      if (greeted) answer(requests, offset + LENGTH, output)
      else output.writeBytes(handshake)
      greeted = true
      offset = end
    }
    rest = requests.subarray(offset)
    if (output.position > 0) socket.write(output.bytes)
  })
}

function answer(requests: Buffer, at: number, output: JuteWriter): void {
  const xid = requests.readInt32BE(at)
  const start = output.position
  output.writeBytes(xid === Xid.ping ? bare : (frames.get(requests.readInt32BE(at + 4)) ?? bare))
  output.patchInt(start + LENGTH, xid)
}

const server = createServer(serve)
server.listen(0, '127.0.0.1', () => {
  process.stdout.write(`${(server.address() as AddressInfo).port}\n`)
})
// The bench ends its server by closing the pipe, and so does its death.
process.stdin.resume().on('end', () => process.exit(0))
