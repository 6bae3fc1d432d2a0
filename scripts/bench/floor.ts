// The floor: a bare socket that sends ready-made frames and counts the bytes of the replies.
import { Buffer } from 'node:buffer'
import { connect } from 'node:net'
import { FrameEncoder } from '../../protocol/frame.ts'
import { OpCode } from '../../protocol/opcodes.ts'
import { connectRequest } from '../../protocol/records/connect.ts'
import { readRequest } from '../../protocol/records/nodes.ts'
import type { Figures } from './figures.ts'
import { measure } from './figures.ts'

/** Length field, header, length of the data, data, and Stat. */
const REPLY_BYTES = 4 + 16 + 4 + 100 + 68

/** Sends `total` getData requests, `inFlight` at a time, and waits for the bytes of their replies. */
export async function floor(port: number, path: string, total: number, inFlight: number): Promise<Figures> {
  const socket = connect({ host: '127.0.0.1', port, noDelay: true })
  await new Promise(resolve => socket.once('connect', resolve))
  socket.write(greeting())
  await new Promise(resolve => socket.once('data', resolve))
  const frame = request(path)
  const figures = await measure(total, () => pump(socket, frame, total, inFlight))
  socket.destroy()
  return figures
}

function pump(
  socket: ReturnType<typeof connect>,
  frame: Buffer,
  total: number,
  inFlight: number,
): Promise<void> {
  return new Promise(resolve => {
    let bytes = 0
    let answered = 0
    let sent = 0
    const send = (count: number): void => {
      const many = Math.min(count, total - sent)
      sent += many
      if (many > 0) socket.write(Buffer.alloc(frame.length * many, frame))
    }
    socket.on('data', chunk => {
      bytes += chunk.length
      const now = Math.floor(bytes / REPLY_BYTES)
      send(now - answered)
      answered = now
      if (answered === total) resolve()
    })
    send(inFlight)
  })
}

function greeting(): Buffer {
  const encoder = new FrameEncoder()
  const passwd = Buffer.alloc(16)
  const session = {
    protocolVersion: 0,
    lastZxidSeen: 0n,
    timeOut: 30_000,
    sessionId: 0n,
    passwd,
    readOnly: false,
  }
  connectRequest.write(encoder.begin(), session)
  encoder.end()
  return encoder.take()
}

function request(path: string): Buffer {
  const encoder = new FrameEncoder()
  const writer = encoder.begin()
  writer.writeInt(1)
  writer.writeInt(OpCode.getData)
  readRequest.write(writer, { path, watch: false })
  encoder.end()
  return encoder.take()
}
