// A ZooKeeper peer in memory that does what a test tells it, frame by frame, and remembers what it was sent.
import { Buffer } from 'node:buffer'
import { randomBytes } from 'node:crypto'
import { FrameDecoder, FrameEncoder } from '../../protocol/frame.ts'
import type { Codec } from '../../protocol/jute/codec.ts'
import type { JuteReader } from '../../protocol/jute/reader.ts'
import type { JuteWriter } from '../../protocol/jute/writer.ts'
import { MemoryTransport } from '../../protocol/net/memory.ts'
import type { Address, Connector } from '../../protocol/net/transport.ts'
import { OpCode, Xid } from '../../protocol/opcodes.ts'
import type { Operation, Operations } from '../../protocol/operations.ts'
import { operations } from '../../protocol/operations.ts'
import type { ConnectRequest } from '../../protocol/records/connect.ts'
import { connectRequest, connectResponse } from '../../protocol/records/connect.ts'
import type { Stat } from '../../protocol/records/data.ts'
import { replyHeader, requestHeader } from '../../protocol/records/headers.ts'
import { EventType, watcherEvent } from '../../protocol/records/watches.ts'
import { WatchedTransport } from './watched-transport.ts'

const rows = new Map<number, Operation<unknown, unknown>>(
  Object.values(operations).map(row => [row.opcode, row as Operation<unknown, unknown>]),
)

export const aStat: Stat = {
  czxid: 2n,
  mzxid: 3n,
  ctime: 1_600_000_000_000,
  mtime: 1_700_000_000_000,
  version: 4,
  cversion: 5,
  aversion: 6,
  ephemeralOwner: 0n,
  dataLength: 7,
  numChildren: 8,
  pzxid: 9n,
}

/** One request as the server read it. */
export interface ScriptedRequest {
  readonly xid: number
  readonly name: string
  /** The record, or undefined without a body. */
  readonly body: unknown
}

export interface Acceptance {
  /** Negotiated session timeout; 0 says that the session is gone. Default: what was asked for. */
  timeout?: number
  sessionId?: bigint
  password?: Uint8Array
  readOnly?: boolean
}

interface ScriptedConnectionPort {
  onHandshake(connection: ScriptedConnection): void
  answerTo(word: string, address: Address): string | undefined
}

/** One connection, seen from the server. */
export class ScriptedConnection {
  readonly address: Address
  readonly transport: WatchedTransport
  handshake: ConnectRequest | undefined
  /** The four-letter word that came in place of a handshake. */
  word: string | undefined
  /** Everything after the handshake except pings, in order. */
  readonly requests: ScriptedRequest[] = []
  /** Hears of each request except pings, as it comes. */
  onRequest: (request: ScriptedRequest) => void = () => {}
  pings = 0
  /** False: pings get no answer. */
  pongs = true
  closed = false
  /** zxid of the newest reply. */
  zxid = 100n
  readonly #end: MemoryTransport
  readonly #encoder = new FrameEncoder()
  readonly #port: ScriptedConnectionPort
  #taken = 0

  constructor(address: Address, port: ScriptedConnectionPort) {
    const [client, server] = MemoryTransport.pair()
    this.address = address
    this.transport = new WatchedTransport(client, `${address.host}:${address.port}`)
    this.#end = server
    this.#port = port
    const decoder = new FrameDecoder(64 * 1024 * 1024, frame => this.#frame(frame))
    server.open({
      data: chunk => {
        if (this.handshake === undefined && chunk.length === 4) this.#answer(chunk.toString('latin1'))
        else decoder.push(chunk)
      },
      drain: () => {},
      closed: () => {
        this.closed = true
      },
    })
  }

  /** How often the client wrote to its socket. */
  get writes(): readonly Buffer[] {
    return this.transport.writes
  }

  /** Names of all requests so far, in order. */
  get names(): string[] {
    return this.requests.map(({ name }) => name)
  }

  /** The oldest request that was not taken yet; an error if there is none or it has another name. */
  take(name: string): ScriptedRequest {
    const request = this.requests[this.#taken]
    if (request?.name !== name) throw new Error(`no ${name} but ${request?.name ?? 'nothing'} was sent`)
    this.#taken++
    return request
  }

  /** Requests that were not taken yet. */
  get waiting(): number {
    return this.requests.length - this.#taken
  }

  nextZxid(): bigint {
    this.zxid++
    return this.zxid
  }

  accept({ timeout, sessionId, password, readOnly = false }: Acceptance = {}): void {
    this.bare(connectResponse, {
      protocolVersion: 0,
      timeOut: timeout ?? this.handshake?.timeOut ?? 0,
      sessionId: sessionId ?? this.handshake?.sessionId ?? 0n,
      passwd: password ?? this.handshake?.passwd ?? Buffer.alloc(16),
      readOnly,
    })
  }

  /** What a server says to a session that it does not know; then it hangs up. */
  denySession(): void {
    this.accept({ timeout: 0, sessionId: 0n, password: Buffer.alloc(16) })
    this.close()
  }

  /** Answers a request with its record. */
  reply(request: ScriptedRequest, body?: unknown, zxid: bigint = this.nextZxid()): void {
    const codec = operations[request.name as keyof Operations].reply as Codec<unknown> | null
    this.frame(writer => {
      replyHeader.write(writer, { xid: request.xid, zxid, err: 0 })
      if (body !== undefined) codec?.write(writer, body)
    })
  }

  /** Answers a request with an error. */
  refuse(request: ScriptedRequest, err: number, zxid: bigint = this.nextZxid()): void {
    this.frame(writer => replyHeader.write(writer, { xid: request.xid, zxid, err }))
  }

  notify(type: keyof typeof EventType | number, path: string, zxid = -1n): void {
    const number = typeof type === 'number' ? type : EventType[type]
    this.frame(writer => {
      replyHeader.write(writer, { xid: Xid.notification, zxid, err: 0 })
      watcherEvent.write(writer, { type: number, state: 3, path })
    })
  }

  bare<T>(codec: Codec<T>, value: T): void {
    this.frame(writer => codec.write(writer, value))
  }

  frame(content: (writer: JuteWriter) => void): void {
    content(this.#encoder.begin())
    this.#encoder.end()
    this.raw(Buffer.from(this.#encoder.take().bytes))
  }

  /** Any bytes, given as they are or as hex digits in which spaces do not count. */
  raw(bytes: Buffer | string): void {
    const buffer = typeof bytes === 'string' ? Buffer.from(bytes.replaceAll(' ', ''), 'hex') : bytes
    this.#end.write(buffer, () => {})
  }

  /** Hangs up, after what was sent before has arrived. */
  close(): void {
    queueMicrotask(() => this.#end.destroy())
  }

  #answer(word: string): void {
    this.word = word
    const answer = this.#port.answerTo(word, this.address)
    if (answer === undefined) return
    this.raw(Buffer.from(answer))
    this.close()
  }

  #frame(frame: JuteReader): void {
    if (this.handshake === undefined) {
      this.handshake = connectRequest.read(frame)
      this.#port.onHandshake(this)
      return
    }
    const { xid, opcode } = requestHeader.read(frame)
    if (opcode === OpCode.ping) {
      this.pings++
      if (this.pongs) this.frame(writer => replyHeader.write(writer, { xid, zxid: 0n, err: 0 }))
      return
    }
    const row = rows.get(opcode)
    const request = { xid, name: row?.name ?? `opcode ${opcode}`, body: row?.request?.read(frame) }
    this.requests.push(request)
    this.onRequest(request)
  }
}

/** What becomes of an attempt to connect. */
export type Reachability = 'open' | 'refused' | 'hanging'

/** All servers of a connect string: hands out connections and keeps the sessions that they share. */
export class ScriptedEnsemble {
  /** Every connection that was opened, in order. */
  readonly connections: ScriptedConnection[] = []
  /** Every address that the client tried, in order, as host:port or ip:port. */
  readonly tried: string[] = []
  /** Decides what an attempt meets. */
  reach: (address: Address) => Reachability = () => 'open'
  /** Decides how a handshake is answered; the default knows the sessions that it has given. */
  onHandshake: (connection: ScriptedConnection) => void = connection => this.admit(connection)
  /** What a server says to a four-letter word; undefined: nothing at all. */
  answerTo: (word: string, address: Address) => string | undefined = () => undefined
  /** Negotiated session timeout; undefined: what was asked for. */
  sessionTimeout: number | undefined
  /** zxid of the newest reply on a new connection. */
  zxid = 100n
  /** Sessions that are alive, with their passwords. */
  readonly sessions: Map<bigint, Buffer> = new Map()
  #lastSession = 0x100n

  readonly connect: Connector = (address, signal) => {
    this.tried.push(`${address.ip}:${address.port}`)
    const reachability = this.reach(address)
    if (reachability === 'refused') return Promise.reject(new Error(`connect ECONNREFUSED ${address.ip}`))
    if (reachability === 'hanging') {
      return new Promise((_, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason), { once: true })
      })
    }
    const connection = new ScriptedConnection(address, {
      onHandshake: made => this.onHandshake(made),
      answerTo: (word, to) => this.answerTo(word, to),
    })
    connection.zxid = this.zxid
    this.connections.push(connection)
    return Promise.resolve(connection.transport)
  }

  /** The newest connection, apart from those for a four-letter word. */
  get link(): ScriptedConnection {
    const link = this.connections.findLast(({ word }) => word === undefined)
    if (link === undefined) throw new Error('no connection was opened')
    return link
  }

  /** Opens a session or continues one, as a server does. */
  admit(connection: ScriptedConnection, more: Acceptance = {}): void {
    const asked = connection.handshake?.sessionId ?? 0n
    if (asked !== 0n && !this.sessions.has(asked)) return connection.denySession()
    const sessionId = asked === 0n ? this.#newSession() : asked
    const password = this.sessions.get(sessionId) as Buffer
    const timeout = this.sessionTimeout ?? connection.handshake?.timeOut ?? 0
    connection.accept({ timeout, sessionId, password, ...more })
  }

  /** Ends all sessions, as their time-out does: nobody is told. */
  expireAll(): void {
    this.sessions.clear()
  }

  #newSession(): bigint {
    const id = ++this.#lastSession
    // Ids are the same in each ensemble, passwords are not.
    const password = randomBytes(16)
    password.write(`secret ${id}`)
    this.sessions.set(id, password)
    return id
  }
}
