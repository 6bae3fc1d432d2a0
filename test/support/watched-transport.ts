// The client's end of a connection in memory: counts writes, and can claim that the socket is full.
import { Buffer } from 'node:buffer'
import type { Transport, TransportHandlers } from '../../protocol/net/transport.ts'

export class WatchedTransport implements Transport {
  readonly remote: string
  readonly #inner: Transport
  #handlers: TransportHandlers | undefined
  writes: Buffer[] = []
  full = false

  constructor(inner: Transport, remote: string) {
    this.#inner = inner
    this.remote = remote
  }

  open(handlers: TransportHandlers): void {
    this.#handlers = handlers
    this.#inner.open(handlers)
  }

  write(bytes: Buffer, written: () => void): boolean {
    this.writes.push(Buffer.from(bytes))
    return this.#inner.write(bytes, written) && !this.full
  }

  destroy(): void {
    this.#inner.destroy()
  }

  drain(): void {
    this.full = false
    this.#handlers?.drain()
  }

  /** Hands bytes to the client at once, past all queues. */
  deliver(bytes: Buffer): void {
    this.#handlers?.data(bytes, bytes.length)
  }

  /** Ends the connection as the system does when it breaks, with the error that it gives. */
  break(cause: Error | undefined): void {
    this.#handlers?.closed(cause)
    this.#inner.destroy()
  }
}
