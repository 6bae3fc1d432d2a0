// The ready-made frames that the floor sends.
import { Buffer } from 'node:buffer'
import { FrameEncoder } from '../../../protocol/frame.ts'
import type { Codec } from '../../../protocol/jute/codec.ts'
import { OpCode } from '../../../protocol/opcodes.ts'
import { connectRequest } from '../../../protocol/records/connect.ts'
import { createRequest, readRequest, setDataRequest } from '../../../protocol/records/nodes.ts'
import type { Task } from './task.ts'
import { numbered } from './task.ts'

const EPHEMERAL = 1
const EVERYBODY = [{ perms: 31, id: { scheme: 'world', id: 'anyone' } }]

export function sessionRequest(): Buffer {
  const encoder = new FrameEncoder()
  connectRequest.write(encoder.begin(), {
    protocolVersion: 0,
    lastZxidSeen: 0n,
    timeOut: 30_000,
    sessionId: 0n,
    passwd: Buffer.alloc(16),
    readOnly: false,
  })
  encoder.end()
  return encoder.take().bytes
}

/** Request number `index` of a task. */
export function request({ op, path, size, tag }: Task, index: number): Buffer {
  switch (op) {
    case 'get':
      return frame(index, OpCode.getData, readRequest, { path, watch: false })
    case 'list':
      return frame(index, OpCode.getChildren2, readRequest, { path, watch: false })
    case 'set': {
      const data = Buffer.alloc(size, 'x')
      return frame(index, OpCode.setData, setDataRequest, { path, data, version: -1 })
    }
    case 'create': {
      const created = { path: numbered(path, tag, index), data: Buffer.alloc(size, 'x') }
      return frame(index, OpCode.create2, createRequest, { ...created, acl: EVERYBODY, flags: EPHEMERAL })
    }
    default:
      throw new Error(`the floor has no ${op}`)
  }
}

const encoder = new FrameEncoder()

function frame<T>(index: number, opcode: number, codec: Codec<T>, body: T): Buffer {
  const writer = encoder.begin()
  writer.writeInt(index + 1)
  writer.writeInt(opcode)
  codec.write(writer, body)
  encoder.end()
  const full = encoder.take()
  const copy = Buffer.from(full.bytes)
  encoder.recycle(full)
  return copy
}
