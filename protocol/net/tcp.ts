// TCP transports over node:net. Only own timers are relied on: socket timeouts differ between runtimes.
import { Buffer } from 'node:buffer'
import type { OnReadOpts, Socket } from 'node:net'
import { connect } from 'node:net'
import { onAbort } from '../support/abort.ts'
import { formatEndpoint } from './connect-string.ts'
import type { Address, Connector, Transport, TransportHandlers } from './transport.ts'

/** Bytes read at once: what sockets take by themselves. */
const INBOX = 64 * 1024

/** Memory that a socket reads into, again and again: a stream would make a buffer for each chunk. */
class Inbox implements OnReadOpts {
  readonly buffer: Buffer = Buffer.allocUnsafeSlow(INBOX)
  #deliver: TransportHandlers['data'] = () => {}

  /** To be called before the socket is resumed. */
  deliverTo({ data }: TransportHandlers): void {
    this.#deliver = data
  }

  readonly callback = (length: number): boolean => {
    this.#deliver(this.buffer, length)
    return true
  }
}

export class SocketTransport implements Transport {
  readonly remote: string
  readonly #socket: Socket
  readonly #inbox: Inbox | null

  /** `inbox`: what the socket was told to read into; null when it is a stream of chunks. */
  constructor(socket: Socket, remote: string, inbox: Inbox | null) {
    this.#socket = socket
    this.remote = remote
    this.#inbox = inbox
  }

  open(handlers: TransportHandlers): void {
    const socket = this.#socket
    let cause: Error | undefined
    if (this.#inbox === null) socket.on('data', (chunk: Buffer) => handlers.data(chunk, chunk.length))
    else this.#inbox.deliverTo(handlers)
    socket.on('drain', () => handlers.drain())
    socket.on('error', error => {
      cause = error
    })
    // A server that ends its side is done with us: there are no half-open ZooKeeper connections.
    socket.on('end', () => socket.destroy())
    if (socket.destroyed) {
      queueMicrotask(() => handlers.closed(cause))
      return
    }
    socket.on('close', () => handlers.closed(cause))
    socket.resume()
  }

  write(bytes: Buffer, written: () => void): boolean {
    if (this.#socket.destroyed) return false
    return this.#socket.write(bytes, written)
  }

  destroy(): void {
    this.#socket.destroy()
  }
}

/** Opens TCP connections without delay for small packets; with `ref` false they do not keep the process from ending. */
export function tcpConnector(ref = true): Connector {
  return (address, signal) => open(address, signal, ref)
}

async function open(address: Address, signal: AbortSignal, ref: boolean): Promise<Transport> {
  signal.throwIfAborted()
  const inbox = new Inbox()
  const socket = connect({ host: address.ip, port: address.port, onread: inbox })
  if (!ref) socket.unref()
  return whenConnected(socket, 'connect', address, signal, inbox)
}

/** Waits for the event that makes a socket usable; a socket that does not get there is destroyed. */
export function whenConnected(
  socket: Socket,
  event: 'connect' | 'secureConnect',
  address: Address,
  signal: AbortSignal,
  inbox: Inbox | null = null,
): Promise<Transport> {
  socket.pause()
  return new Promise((resolve, reject) => {
    const off = onAbort(signal, reason => {
      socket.destroy()
      reject(reason)
    })
    const failed = (error: Error): void => {
      off()
      socket.destroy()
      reject(error)
    }
    socket.once('error', failed)
    socket.once(event, () => {
      off()
      socket.off('error', failed)
      // Many requests are a few bytes that nothing follows: none is to wait for the answer to the one before.
      socket.setNoDelay(true)
      // Between here and open() an error must not be fatal; 'close' tells of it.
      socket.on('error', () => {})
      resolve(new SocketTransport(socket, describeAddress(address), inbox))
    })
  })
}

export function describeAddress({ host, ip, port }: Address): string {
  const at = formatEndpoint({ host: ip, port })
  return host === ip ? at : `${host} (${at})`
}
