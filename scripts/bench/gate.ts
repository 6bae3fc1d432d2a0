// A gate in front of a server: it passes bytes on, until it is cut; and it tells when the client came back.
import { once } from 'node:events'
import type { AddressInfo, Server, Socket } from 'node:net'
import { connect, createServer } from 'node:net'

export class Gate implements AsyncDisposable {
  readonly #server: Server
  readonly #pairs = new Set<readonly [Socket, Socket]>()
  #open = true
  #entered: (() => void) | null = null

  private constructor(server: Server) {
    this.#server = server
  }

  static async before(address: string): Promise<Gate> {
    const [host, port] = address.split(':')
    const server = createServer()
    const gate = new Gate(server)
    server.on('connection', socket => gate.#enter(socket, host as string, Number(port)))
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return gate
  }

  /** host:port. */
  get connect(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  /** Breaks all connections, and closes those that come until `open`. */
  cut(): void {
    this.#open = false
    for (const pair of this.#pairs) for (const socket of pair) socket.destroy()
  }

  /** Lets connections in again; resolves with the first. */
  open(): Promise<void> {
    this.#open = true
    return new Promise(resolve => {
      this.#entered = resolve
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cut()
    this.#server.close()
    await once(this.#server, 'close')
  }

  #enter(inside: Socket, host: string, port: number): void {
    inside.on('error', () => {})
    if (!this.#open) {
      inside.destroy()
      return
    }
    const outside = connect({ host, port, noDelay: true })
    outside.on('error', () => {})
    inside.setNoDelay(true)
    const pair = [inside, outside] as const
    this.#pairs.add(pair)
    const over = (): void => {
      this.#pairs.delete(pair)
      inside.destroy()
      outside.destroy()
    }
    inside.on('close', over)
    outside.on('close', over)
    inside.pipe(outside)
    outside.pipe(inside)
    this.#entered?.()
    this.#entered = null
  }
}
