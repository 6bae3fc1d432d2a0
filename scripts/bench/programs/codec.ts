// The codec alone, without a socket: getData requests into bytes, and bytes of getData replies into objects.
import { Buffer } from 'node:buffer'
import { measure } from './load.ts'
import type { Answer, Task } from './task.ts'

type Frames = typeof import('../../../protocol/frame.ts')
type Nodes = typeof import('../../../protocol/records/nodes.ts')
type Opcodes = typeof import('../../../protocol/opcodes.ts')

/** `built` is the folder of the built protocol; `inFlight` frames lie together, as a turn of the event loop has them. */
export async function codec(built: string, task: Task): Promise<Answer> {
  const frames: Frames = await import(`${built}/frame.js`)
  const nodes: Nodes = await import(`${built}/records/nodes.js`)
  const { OpCode }: Opcodes = await import(`${built}/opcodes.js`)
  const batches = Math.ceil(task.total / task.inFlight)
  const load = { total: batches * task.inFlight, inFlight: task.inFlight }
  const batch =
    task.op === 'encode' ? encoder(frames, nodes, OpCode.getData, task) : decoder(frames, nodes, task)
  return measure(load, async () => {
    for (let i = 0; i < batches; i++) batch()
  })
}

function encoder(
  { FrameEncoder }: Frames,
  { readRequest }: Nodes,
  opcode: number,
  { path, inFlight }: Task,
): () => void {
  const encoder = new FrameEncoder()
  return () => {
    for (let xid = 1; xid <= inFlight; xid++) {
      const writer = encoder.begin()
      writer.writeInt(xid)
      writer.writeInt(opcode)
      readRequest.write(writer, { path, watch: false })
      encoder.end()
    }
    encoder.recycle(encoder.take())
  }
}

function decoder(frames: Frames, { getDataReply }: Nodes, { inFlight, size }: Task): () => void {
  const chunk = replies(frames, getDataReply, inFlight, size)
  let version = 0
  const decoder = new frames.FrameDecoder(1024 * 1024, frame => {
    frame.readInt()
    frame.readInt()
    frame.readInt()
    frame.readInt()
    // The sum keeps the reading from being optimised away.
    version += getDataReply.read(frame).stat.version
  })
  return () => {
    version = 0
    decoder.push(chunk)
    if (version !== inFlight) throw new Error('the replies were not all decoded')
  }
}

function replies(
  { FrameEncoder }: Frames,
  reply: Nodes['getDataReply'],
  count: number,
  size: number,
): Buffer {
  const encoder = new FrameEncoder()
  const zxid = 0x1_0000_0002n
  const times = { ctime: 1_700_000_000_000, mtime: 1_700_000_000_000 }
  const zxids = { czxid: zxid, mzxid: zxid, pzxid: zxid, ephemeralOwner: 0n }
  const counts = { version: 1, cversion: 0, aversion: 0, dataLength: size, numChildren: 0 }
  for (let xid = 1; xid <= count; xid++) {
    const writer = encoder.begin()
    writer.writeInt(xid)
    writer.writeLong(zxid)
    writer.writeInt(0)
    reply.write(writer, { data: Buffer.alloc(size, 'x'), stat: { ...times, ...zxids, ...counts } })
    encoder.end()
  }
  return encoder.take().bytes
}
