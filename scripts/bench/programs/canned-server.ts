// A server that answers every request from memory at once, so that a bench measures the client and not the server.
import { Buffer } from 'node:buffer'
import type { AddressInfo, Socket } from 'node:net'
import { createServer } from 'node:net'
import { createInterface } from 'node:readline'
import { JuteReader } from '../../../protocol/jute/reader.ts'
import { JuteWriter } from '../../../protocol/jute/writer.ts'
import { OpCode } from '../../../protocol/opcodes.ts'
import { setWatches } from '../../../protocol/records/watches.ts'
import { bare, cannedFrames, handshake } from './canned-frames.ts'

const LENGTH = 4
const HEADER = 8
const [dataSize, children] = process.argv.slice(2).map(Number) as [number, number]
const frames = cannedFrames(dataSize, children)
/** Watches by connection: what the bench asks for when it wants to know what a client re-armed. */
const watches = new Map<Socket, number>()

/** One connection: cuts requests out of the stream, and answers those of a chunk in one write. */
function serve(socket: Socket): void {
  socket.setNoDelay(true)
  socket.on('error', () => {})
  socket.on('close', () => watches.delete(socket))
  watches.set(socket, 0)
  let rest: Buffer = Buffer.alloc(0)
  let greeted = false
  socket.on('data', (chunk: Buffer) => {
    const requests = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
    const output = new JuteWriter(Buffer.allocUnsafeSlow(64 * 1024))
    let offset = 0
    let over = false
    while (requests.length - offset >= LENGTH) {
      const end = offset + LENGTH + requests.readInt32BE(offset)
      if (end > requests.length) break
      if (greeted) over = answer(socket, requests, offset + LENGTH, end, output)
      else output.writeBytes(handshake)
      greeted = true
      offset = end
    }
    rest = requests.subarray(offset)
    if (output.position > 0) socket.write(output.bytes)
    if (over) socket.end()
  })
}

/** Writes the answer, which is all canned but for the xid; true when the session is over. */
function answer(socket: Socket, requests: Buffer, at: number, end: number, output: JuteWriter): boolean {
  const opcode = requests.readInt32BE(at + 4)
  const start = output.position
  output.writeBytes(frames.get(opcode) ?? bare)
  output.patchInt(start + LENGTH, requests.readInt32BE(at))
  if (opcode === OpCode.exists) count(socket, requests[end - 1] as number)
  else if (opcode === OpCode.setWatches || opcode === OpCode.setWatches2) {
    // Of the longer request, the first part is the shorter one, and that is what the clients here use.
    const lists = setWatches.read(new JuteReader(requests.subarray(at + HEADER, end)))
    count(socket, lists.dataWatches.length + lists.existWatches.length + lists.childWatches.length)
  }
  return opcode === OpCode.closeSession
}

function count(socket: Socket, more: number): void {
  if (more > 0) watches.set(socket, (watches.get(socket) ?? 0) + more)
}

const server = createServer(serve)
server.listen(0, '127.0.0.1', () => {
  process.stdout.write(`${(server.address() as AddressInfo).port}\n`)
})
// Every line asks for the number of watches. The bench ends its server by closing the pipe, and so does its death.
createInterface({ input: process.stdin })
  .on('line', () => process.stdout.write(`${[...watches.values()].reduce((sum, some) => sum + some, 0)}\n`))
  .on('close', () => process.exit(0))
