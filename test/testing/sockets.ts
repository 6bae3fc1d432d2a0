// Plain TCP servers and clients for the tests of the fault proxy, and the frames they exchange.
import { once } from 'node:events'
import type { AddressInfo, Socket } from 'node:net'
import { connect, createServer } from 'node:net'
import type { Test } from '../tap.ts'

const DEADLINE = 60_000

/** Polls until a condition holds, and fails by name when it never does. */
export async function until(what: string, condition: () => boolean): Promise<void> {
  const end = performance.now() + DEADLINE
  while (!condition()) {
    if (performance.now() > end) throw new Error(`never came true: ${what}`)
    await new Promise(resolve => setTimeout(resolve, 2))
  }
}

/** One end of a connection that keeps what it read. */
export class Peer {
  readonly socket: Socket
  #received = Buffer.alloc(0)
  ended = false
  closed = false
  error: NodeJS.ErrnoException | null = null

  constructor(socket: Socket) {
    this.socket = socket
    socket.on('data', chunk => {
      this.#received = Buffer.concat([this.#received, chunk])
    })
    socket.on('end', () => {
      this.ended = true
    })
    socket.on('error', error => {
      this.error = error
    })
    socket.on('close', () => {
      this.closed = true
    })
  }

  static async connect(port: number): Promise<Peer> {
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
    const peer = new Peer(socket)
    await once(socket, 'connect')
    return peer
  }

  get received(): Buffer {
    return this.#received
  }

  get text(): string {
    return this.#received.toString()
  }
}

export interface TestServer {
  readonly target: string
  readonly peers: readonly Peer[]
  close(): Promise<void>
}

/** Listens on a free port until the test ends, and hands each connection to `serve`. */
export async function startServer(t: Test, serve: (peer: Peer) => void): Promise<TestServer> {
  const peers: Peer[] = []
  const server = createServer({ allowHalfOpen: true }, socket => {
    const peer = new Peer(socket)
    peers.push(peer)
    serve(peer)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const close = async (): Promise<void> => {
    for (const peer of peers) peer.socket.destroy()
    if (server.listening) await new Promise(resolve => server.close(resolve))
  }
  t.teardown(close)
  return { target: `127.0.0.1:${port}`, peers, close }
}

/** Sends back what comes in, and ends when the other side does. */
export function echo(peer: Peer): void {
  peer.socket.on('data', chunk => peer.socket.write(chunk))
  peer.socket.on('end', () => peer.socket.end())
}

export function silent(): void {}

/** A frame with its length prefix. */
export function frame(...parts: readonly (number | bigint | string)[]): Buffer {
  const body = Buffer.concat(parts.map(encode))
  return Buffer.concat([encode(body.length), body])
}

// An int, a long, or the bytes of a text.
function encode(part: number | bigint | string): Buffer {
  if (typeof part === 'string') return Buffer.from(part)
  const bytes = Buffer.alloc(typeof part === 'number' ? 4 : 8)
  if (typeof part === 'number') bytes.writeInt32BE(part)
  else bytes.writeBigInt64BE(part)
  return bytes
}
