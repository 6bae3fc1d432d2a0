// A transport in memory: two ends in one process, for tests that want no socket and no clock of the system.
import { Buffer } from 'node:buffer'
import type { Transport, TransportHandlers } from './transport.ts'

/** One end. What it writes arrives at the other end in a microtask, in order. */
export class MemoryTransport implements Transport {
  readonly remote: string
  #peer!: MemoryTransport
  #handlers: TransportHandlers | undefined
  #waiting: Buffer[] = []
  #ended = false

  private constructor(remote: string) {
    this.remote = remote
  }

  static pair(): [client: MemoryTransport, server: MemoryTransport] {
    const client = new MemoryTransport('memory:server')
    const server = new MemoryTransport('memory:client')
    client.#peer = server
    server.#peer = client
    return [client, server]
  }

  open(handlers: TransportHandlers): void {
    this.#handlers = handlers
    const endedBefore = this.#ended
    for (const chunk of this.#waiting.splice(0)) {
      // What arrived before the end is delivered; what the handler ends itself is over.
      if (this.#ended === endedBefore) handlers.data(chunk, chunk.length)
    }
    if (endedBefore) queueMicrotask(() => handlers.closed())
  }

  write(bytes: Buffer, written: () => void): boolean {
    if (this.#ended) return false
    const copy = Buffer.from(bytes)
    queueMicrotask(() => {
      written()
      this.#peer.#receive(copy)
    })
    return true
  }

  destroy(): void {
    this.#end()
    this.#peer.#end()
  }

  #receive(chunk: Buffer): void {
    if (this.#ended) return
    if (this.#handlers === undefined) this.#waiting.push(chunk)
    else this.#handlers.data(chunk, chunk.length)
  }

  #end(): void {
    if (this.#ended) return
    this.#ended = true
    const handlers = this.#handlers
    if (handlers !== undefined) queueMicrotask(() => handlers.closed())
  }
}
