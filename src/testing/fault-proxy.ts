// A TCP proxy that breaks the link between a client and a server in every way a network can.
import type { AddressInfo, Server, Socket } from 'node:net'
import { connect, createServer } from 'node:net'
import type { Direction, ProxiedFrame } from './conversation.ts'
import type { FaultMode, FrameRule, SharedFaults } from './fault-mode.ts'
import { ProxyConnection } from './proxy-connection.ts'
import { resetSocket } from './proxy-lane.ts'

export interface FaultProxyOptions {
  /** Where connections go: `host:port`. */
  readonly target: string
  /** The port to listen on; a free one by default. */
  readonly port?: number
  /** The address to listen on; 127.0.0.1 by default. */
  readonly host?: string
  /** A longer frame is taken for a stream without frames, which rules do not see; 16 MiB by default. */
  readonly maxFrameSize?: number
}

const DEFAULT_MAX_FRAME_SIZE = 16 * 1024 * 1024

/**
 * Stands between clients and one server. Modes, cuts and rules reach the connections that exist and
 * those to come.
 */
export class FaultProxy implements AsyncDisposable {
  readonly #server: Server
  readonly #faults: Faults
  readonly #connections = new Set<ProxyConnection>()
  #target: HostPort
  #accepted = 0
  #refused = 0
  #closing: Promise<void> | undefined

  /** Listens, and resolves when clients can connect. */
  static async start(options: FaultProxyOptions): Promise<FaultProxy> {
    const proxy = new FaultProxy(options)
    await proxy.#listen(options.port ?? 0, options.host ?? '127.0.0.1')
    return proxy
  }

  private constructor(options: FaultProxyOptions) {
    this.#target = parseTarget(options.target)
    this.#faults = new Faults(options.maxFrameSize ?? DEFAULT_MAX_FRAME_SIZE)
    this.#server = createServer({ allowHalfOpen: true }, socket => this.#onConnection(socket))
  }

  get port(): number {
    return this.#address.port
  }

  /** What a client is given in the place of the server's address. */
  get connectString(): string {
    const { address, family, port } = this.#address
    return family === 'IPv6' ? `[${address}]:${port}` : `${address}:${port}`
  }

  /** How many clients are connected now. */
  get connections(): number {
    return [...this.#connections].filter(connection => connection.open).length
  }

  /** How many connections were let in since the start. */
  get accepted(): number {
    return this.#accepted
  }

  /** How many connections were reset at once by the mode `refuse`. */
  get refused(): number {
    return this.#refused
  }

  get mode(): FaultMode {
    return this.#faults.mode
  }

  /** Sends the connections to come to another server. */
  setTarget(target: string): void {
    this.#target = parseTarget(target)
  }

  /** Sets the one mode in force. */
  set(mode: FaultMode): void {
    this.#faults.mode = mode
    for (const connection of [...this.#connections]) connection.onMode()
  }

  /** Resets every connection; new ones are welcome. */
  cut(): void {
    for (const connection of [...this.#connections]) connection.cut()
  }

  /** Delivers this many more bytes in a direction, on whatever connection, and cuts the one at the limit. */
  cutAfter(bytes: number, direction: Direction): void {
    this.#faults.limits[direction] = bytes
  }

  /**
   * Shows each whole frame to a rule, from the next frame of each connection on. With several rules, the
   * first that does not answer `pass` decides. A rule that throws cuts the connection, and its error comes
   * out of `close()`. Returns the function that takes the rule away.
   */
  filter(rule: FrameRule): () => void {
    // Wrapped, so that the same function can be set twice and each be undone.
    const entry: FrameRule = frame => rule(frame)
    this.#faults.rules = [...this.#faults.rules, entry]
    return () => this.#forget(entry)
  }

  /**
   * Shows each whole frame to an observer before any rule decides on it. One that throws cuts the connection, as a
   * rule does. Returns the function that takes the observer away.
   */
  observe(observer: (frame: ProxiedFrame) => void): () => void {
    const entry: FrameRule = frame => {
      observer(frame)
      return 'pass'
    }
    this.#faults.rules = [entry, ...this.#faults.rules]
    return () => this.#forget(entry)
  }

  /** Stops listening and cuts everything. Rejects with the first error that a rule threw, if one did. */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #forget(entry: FrameRule): void {
    this.#faults.rules = this.#faults.rules.filter(other => other !== entry)
  }

  get #address(): AddressInfo {
    const address = this.#server.address()
    if (address === null || typeof address === 'string') throw new Error('the fault proxy is closed')
    return address
  }

  #listen(port: number, host: string): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject)
      this.#server.listen(port, host, () => {
        this.#server.off('error', reject)
        // Running out of descriptors must not take the process down: the client sees no answer.
        this.#server.on('error', () => {})
        resolve()
      })
    })
  }

  #onConnection(client: Socket): void {
    if (this.#closing !== undefined || this.#faults.mode.kind === 'refuse') {
      this.#refused += 1
      client.on('error', () => {})
      resetSocket(client)
      return
    }
    const server = connect({ ...this.#target, allowHalfOpen: true })
    const connection = new ProxyConnection(this.#accepted++, client, server, this.#faults)
    this.#connections.add(connection)
    void connection.closed.then(() => this.#connections.delete(connection))
  }

  async #close(): Promise<void> {
    const stopped = new Promise<void>(resolve => this.#server.close(() => resolve()))
    const closed = [...this.#connections].map(connection => connection.closed)
    this.cut()
    await Promise.all([stopped, ...closed])
    const [failure] = this.#faults.ruleErrors
    if (failure) throw failure.error
  }
}

class Faults implements SharedFaults {
  mode: FaultMode = { kind: 'pass' }
  rules: readonly FrameRule[] = []
  readonly limits: Record<Direction, number | null> = { toServer: null, toClient: null }
  readonly ruleErrors: { readonly error: unknown }[] = []
  readonly maxFrameSize: number

  constructor(maxFrameSize: number) {
    this.maxFrameSize = maxFrameSize
  }

  spend(direction: Direction, count: number): number | null {
    const left = this.limits[direction]
    if (left === null) return null
    this.limits[direction] = count < left ? left - count : null
    return count < left ? null : left
  }

  onRuleError(error: unknown): void {
    this.ruleErrors.push({ error })
  }
}

interface HostPort {
  readonly host: string
  readonly port: number
}

function parseTarget(target: string): HostPort {
  const match = /^(?:\[([^\]]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(target)
  const port = Number(match?.[3])
  if (!match || port > 65535)
    throw new TypeError(`a proxy target is host:port, not ${JSON.stringify(target)}`)
  return { host: match[1] ?? match[2]!, port }
}
