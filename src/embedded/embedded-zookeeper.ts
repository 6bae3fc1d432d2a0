// The embedded server: one process, memory only, no quorum; for development and tests.
import type { AddressInfo, Server, Socket } from 'node:net'
import { createServer } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { createServer as createTlsServer } from 'node:tls'
import type { Id } from '../../protocol/records/data.ts'
import { systemClock } from '../../protocol/support/clock.ts'
import { identitiesOf } from './certificate.ts'
import type { Host } from './connection.ts'
import { Connection } from './connection.ts'
import { nextEpoch } from './epoch.ts'
import type { ServerView } from './four-letter-words.ts'
import { answerWord, DEFAULT_TRACE_MASK } from './four-letter-words.ts'
import { Housekeeper } from './housekeeper.ts'
import type { EmbeddedOptions } from './options.ts'
import { settingsOf } from './options.ts'
import { BufferPool } from './output.ts'
import { Strangers } from './strangers.ts'
import { World } from './world.ts'

/** A server that any ZooKeeper client can use, in this process. */
export class EmbeddedZooKeeper implements AsyncDisposable {
  readonly #secure: boolean
  readonly #server: Server
  #world: World
  #housekeeper: Housekeeper
  #host: Host
  readonly #connections = new Set<Connection>()
  /** Every socket, also those that have not got through their TLS handshake. */
  readonly #sockets = new Set<Socket>()
  readonly #strangers: Strangers
  readonly #gone = { received: 0, sent: 0 }
  #frozen = false
  /** What was asked of a server that stands still. */
  readonly #later: (() => void)[] = []
  #listening: AddressInfo | null = null
  /** Restarts happen one after the other. */
  #restarted: Promise<void> = Promise.resolve()
  #closing: Promise<void> | null = null

  /** Listens, and resolves when clients can connect. */
  static async start(options: EmbeddedOptions = {}): Promise<EmbeddedZooKeeper> {
    const server = new EmbeddedZooKeeper(options)
    await server.#listen(options.port ?? 0, options.host ?? '127.0.0.1')
    return server
  }

  private constructor(options: EmbeddedOptions) {
    const settings = settingsOf(options)
    this.#world = new World(settings, nextEpoch(), options.readOnly === true ? 'readOnly' : 'standalone')
    this.#housekeeper = new Housekeeper(this.#world)
    this.#strangers = new Strangers(systemClock, settings.handshakeTimeout)
    this.#secure = options.tls !== undefined
    this.#host = this.#hostOf(this.#world)
    const sockets = { allowHalfOpen: true, noDelay: true }
    this.#server =
      options.tls === undefined
        ? createServer(sockets)
        : createTlsServer({ ...options.tls, ...sockets, handshakeTimeout: settings.handshakeTimeout })
    this.#server.on('connection', (socket: Socket) => this.#keep(socket))
    if (options.tls === undefined)
      this.#server.on('connection', (socket: Socket) => this.#welcome(socket, []))
    else {
      const { certificateOfSuperUser } = settings
      this.#server.on('secureConnection', (socket: TLSSocket) =>
        this.#welcome(socket, identitiesOf(socket, certificateOfSuperUser)),
      )
      // There is nobody to tell. node:tls itself does not close whoever takes too long.
      this.#server.on('tlsClientError', (_error: Error, socket: TLSSocket) => socket.destroy())
    }
    // Running out of descriptors must not take the process down: the client sees no answer.
    this.#server.on('error', () => {})
  }

  get port(): number {
    return this.#address.port
  }

  /** What clients are given: `host:port`. */
  get connectString(): string {
    const { address, family, port } = this.#address
    if (address === '0.0.0.0' || address === '::') return `127.0.0.1:${port}`
    return family === 'IPv6' ? `[${address}]:${port}` : `${address}:${port}`
  }

  /** Sessions that are alive, connected or not. */
  get sessionIds(): bigint[] {
    return [...this.#world.sessions].map(({ id }) => id)
  }

  get readOnly(): boolean {
    return this.#world.mode === 'readOnly'
  }

  /** Loses the quorum, or finds it again. Either way all connections end, as they do in an ensemble. */
  setReadOnly(readOnly: boolean): void {
    this.#whenAwake(() => this.#world.changeMode(readOnly ? 'readOnly' : 'standalone'))
  }

  /** Ends a session as if its client had not been heard of for too long; false if there is none. */
  expireSession(id: bigint): boolean {
    const session = this.#world.sessions.get(id)
    if (session === undefined) return false
    this.#whenAwake(() => {
      if (this.#world.sessions.get(id) === session) this.#world.expire(session)
    })
    return true
  }

  /**
   * Goes down and comes up again on the same port, as after a crash: every connection is cut, watches are forgotten,
   * sessions and znodes stay and sessions count their timeout anew. With `wipe` the data is gone too: the new server is
   * empty, in a higher epoch, and clients learn that their sessions have expired. Rejects when the port is taken meanwhile.
   */
  restart(options: { readonly wipe?: boolean } = {}): Promise<void> {
    const { wipe = false } = options
    const restarted = this.#restarted.then(() => this.#restart(wipe))
    this.#restarted = restarted.catch(() => {})
    return restarted
  }

  /**
   * Stands still, as a process that was stopped: connections stay open, new ones are not answered, nothing is read and
   * no session expires, until `thaw`. The clock goes on, so that sessions that were not heard of for too long expire then.
   * So do the others of `expireSession`, and `setReadOnly` waits too. A restart ends the standstill as well.
   */
  freeze(): void {
    if (this.#frozen) return
    this.#frozen = true
    this.#housekeeper.stop()
    this.#strangers.pause()
    for (const connection of this.#connections) connection.freeze()
  }

  /** Goes on after `freeze`. */
  thaw(): void {
    // A server that is closed has nobody who would stop a housekeeper.
    if (!this.#frozen || this.#closing !== null) return
    this.#wake()
    this.#keepHouse()
    for (const connection of this.#connections) connection.thaw()
  }

  /** Stops listening and cuts every connection. The data is gone. */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #whenAwake(task: () => void): void {
    if (this.#frozen) this.#later.push(task)
    else task()
  }

  #wake(): void {
    this.#frozen = false
    for (const task of this.#later.splice(0)) task()
    this.#strangers.resume()
  }

  #keepHouse(): void {
    this.#housekeeper.stop()
    this.#housekeeper = new Housekeeper(this.#world)
    this.#housekeeper.look()
  }

  get #address(): AddressInfo {
    if (this.#listening === null) throw new Error('the server does not listen')
    return this.#listening
  }

  #hostOf(world: World): Host {
    const view: Omit<ServerView, 'port'> = {
      world,
      connections: this.#connections,
      secure: this.#secure,
      traceMask: { value: DEFAULT_TRACE_MASK },
      traffic: () => this.#traffic(),
      resetTraffic: () => this.#resetTraffic(),
    }
    return {
      world,
      pool: new BufferPool(),
      answer: (opening, asker) => answerWord(opening, { ...view, port: this.port }, asker),
      greeted: connection => this.#strangers.remove(connection),
      closed: connection => this.#forget(connection),
    }
  }

  #listen(port: number, host: string): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject)
      this.#server.listen(port, host, () => {
        this.#server.off('error', reject)
        this.#listening = this.#server.address() as AddressInfo
        resolve()
      })
    })
  }

  /** Counts connections when they come: a TLS handshake that never ends takes a place too. */
  #keep(socket: Socket): void {
    this.#sockets.add(socket)
    socket.once('close', () => this.#sockets.delete(socket))
    if (this.#isTooMany(socket)) socket.destroy()
  }

  #welcome(socket: Socket, identities: readonly Id[] | null): void {
    if (socket.destroyed) return
    if (identities === null) {
      socket.destroy()
      return
    }
    const connection = new Connection(socket, this.#host, identities)
    if (this.#frozen) connection.freeze()
    this.#connections.add(connection)
    this.#strangers.add(connection)
  }

  #isTooMany({ remoteAddress }: Socket): boolean {
    const { maxClientCnxns, maxCnxns } = this.#world.settings
    if (maxCnxns > 0 && this.#sockets.size > maxCnxns) return true
    return maxClientCnxns > 0 && this.#countFrom(remoteAddress) > maxClientCnxns
  }

  #countFrom(address: string | undefined): number {
    let count = 0
    for (const { remoteAddress } of this.#sockets) if (remoteAddress === address) count++
    return count
  }

  #forget(connection: Connection): void {
    this.#connections.delete(connection)
    this.#strangers.remove(connection)
    this.#gone.received += connection.stats.received
    this.#gone.sent += connection.stats.sent
  }

  #traffic(): { received: number; sent: number } {
    const total = { ...this.#gone }
    for (const { stats } of this.#connections) {
      total.received += stats.received
      total.sent += stats.sent
    }
    return total
  }

  #resetTraffic(): void {
    const { received, sent } = this.#traffic()
    this.#gone.received -= received
    this.#gone.sent -= sent
  }

  async #close(): Promise<void> {
    // A restart under way opens the port again: the end waits for it.
    await this.#restarted
    await this.#down()
  }

  async #restart(wipe: boolean): Promise<void> {
    if (this.#closing !== null) throw new Error('the server is closed')
    const { address, port } = this.#address
    await this.#down()
    this.#wake()
    const { settings, mode } = this.#world
    if (wipe) this.#world = new World(settings, nextEpoch(), mode)
    else for (const session of [...this.#world.sessions]) this.#world.sessions.touch(session)
    this.#keepHouse()
    this.#host = this.#hostOf(this.#world)
    await this.#listen(port, address)
  }

  async #down(): Promise<void> {
    this.#housekeeper.stop()
    this.#strangers.pause()
    const stopped = new Promise<void>(resolve => this.#server.close(() => resolve()))
    for (const connection of [...this.#connections]) connection.destroy()
    for (const socket of this.#sockets) socket.destroy()
    await stopped
  }
}
