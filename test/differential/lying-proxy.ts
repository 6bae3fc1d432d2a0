// A proxy that changes what a server says: the wrong server that the differential run has to find out.
import { Buffer } from 'node:buffer'
import type { AddressInfo, Socket } from 'node:net'
import { connect, createServer } from 'node:net'
import { FrameDecoder } from '../../protocol/frame.ts'
import type { JuteReader } from '../../protocol/jute/reader.ts'
import type { Test } from '../tap.ts'

/** Changes a frame in place; false drops it. The first frame of a connection, its welcome, is never asked about. */
export type Lie = (frame: Buffer) => boolean

/** host:port of a server that says what the one at `at` says, but for the lie. */
export async function lyingProxy(t: Test, at: string, lie: Lie): Promise<string> {
  const [host, port] = at.split(':')
  const sockets = new Set<Socket>()
  const keep = (socket: Socket): Socket => {
    sockets.add(socket)
    socket.on('error', () => {})
    return socket
  }
  const proxy = createServer({ noDelay: true }, client => {
    const server = connect({ host: host!, port: Number(port), noDelay: true })
    keep(client).pipe(keep(server))
    relay(server, client, lie)
  })
  t.teardown(() => {
    for (const socket of sockets) socket.destroy()
    proxy.close()
  })
  await new Promise<void>(resolve => proxy.listen(0, '127.0.0.1', resolve))
  return `127.0.0.1:${(proxy.address() as AddressInfo).port}`
}

function relay(server: Socket, client: Socket, lie: Lie): void {
  let welcomed = false
  const decoder = new FrameDecoder(2 ** 24, reader => {
    const frame = bytesOf(reader)
    if (!welcomed || lie(frame)) client.write(Buffer.concat([lengthOf(frame), frame]))
    welcomed = true
  })
  server.on('data', chunk => decoder.push(chunk))
  server.on('end', () => client.end())
}

function lengthOf(frame: Buffer): Buffer {
  const length = Buffer.alloc(4)
  length.writeInt32BE(frame.length)
  return length
}

function bytesOf(frame: JuteReader): Buffer {
  const at = frame.view.byteOffset + frame.readBlock(0)
  return Buffer.from(Buffer.from(frame.view.buffer as ArrayBuffer, at, frame.remaining))
}
