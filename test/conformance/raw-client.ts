// A client of bare frames: it sends what a test says, even what no client would, and keeps what comes back in order.
import { Buffer } from 'node:buffer'
import type { Socket } from 'node:net'
import { connect } from 'node:net'
import { FrameDecoder } from '../../protocol/frame.ts'
import type { Codec } from '../../protocol/jute/codec.ts'
import { JuteReader } from '../../protocol/jute/reader.ts'
import { JuteWriter } from '../../protocol/jute/writer.ts'
import { OpCode } from '../../protocol/opcodes.ts'
import type { ConnectRequest, ConnectResponse } from '../../protocol/records/connect.ts'
import { connectRequest, connectResponse } from '../../protocol/records/connect.ts'
import { replyHeader, requestHeader } from '../../protocol/records/headers.ts'
import { watcherEvent } from '../../protocol/records/watches.ts'

export interface RawReply {
  readonly xid: number
  readonly zxid: bigint
  readonly err: number
  readonly body: Buffer
}

export interface RawEvent {
  readonly xid: -1
  readonly zxid: bigint
  readonly type: number
  readonly state: number
  readonly path: string
}

const PATIENCE = 60_000
const LARGEST_FRAME = 64 * 1024 * 1024
const NEW_SESSION: ConnectRequest = {
  protocolVersion: 0,
  lastZxidSeen: 0n,
  // These clients send no pings: a machine that stands still for a while shall not cost them their sessions.
  timeOut: 40_000,
  sessionId: 0n,
  passwd: Buffer.alloc(16),
  readOnly: false,
}

/** A frame with its length. */
export function frameOf(write: (writer: JuteWriter) => void): Buffer {
  const writer = new JuteWriter()
  writer.writeInt(0)
  write(writer)
  writer.patchInt(0, writer.position - 4)
  return Buffer.from(writer.bytes)
}

export function requestFrame<T>(xid: number, opcode: number, codec?: Codec<T> | null, value?: T): Buffer {
  return frameOf(writer => {
    requestHeader.write(writer, { xid, opcode })
    codec?.write(writer, value as T)
  })
}

export function connectFrame(request: Partial<ConnectRequest> = {}): Buffer {
  return frameOf(writer => connectRequest.write(writer, { ...NEW_SESSION, ...request }))
}

/** A socket that keeps every frame it gets. */
export class RawLink {
  readonly frames: Buffer[] = []
  readonly #socket: Socket
  readonly #patience: number
  #waiting: (() => void)[] = []
  ended = false

  /** `patience`: how many milliseconds the server may take for what it has to send. */
  constructor(at: string, patience: number = PATIENCE) {
    this.#patience = patience
    const [host, port] = at.split(':')
    this.#socket = connect({ host: host!, port: Number(port) })
    const decoder = new FrameDecoder(LARGEST_FRAME, frame => this.frames.push(bytesOf(frame)))
    this.#socket.on('data', chunk => {
      try {
        decoder.push(chunk)
      } catch {
        // No frame: such as the alert with which a TLS server may turn a plain client away.
        this.#socket.destroy()
      }
      this.#wake()
    })
    this.#socket.on('error', () => {})
    this.#socket.on('close', () => {
      this.ended = true
      this.#wake()
    })
  }

  #wake(): void {
    for (const go of this.#waiting.splice(0)) go()
  }

  /** Waits for what the server has still to send; fails when it closes the connection, or takes too long. */
  async until<T>(what: string, probe: () => T | undefined): Promise<T> {
    const late = AbortSignal.timeout(this.#patience)
    for (;;) {
      const found = probe()
      if (found !== undefined) return found
      if (this.ended) throw new Error(`${what}: the server closed the connection`)
      await new Promise<void>((resolve, reject) => {
        this.#waiting.push(resolve)
        late.onabort = () => reject(new Error(`${what}: not within ${this.#patience} ms`))
      })
    }
  }

  send(...frames: Uint8Array[]): void {
    this.#socket.write(Buffer.concat(frames))
  }

  frame(index: number): Promise<Buffer> {
    return this.until(`frame ${index}`, () => this.frames[index])
  }

  /** Waits until the server has closed the connection. */
  end(): Promise<true> {
    return this.until('the end of the connection', () => (this.ended ? true : undefined))
  }

  destroy(): void {
    this.#socket.destroy()
  }
}

/** A link with a session, past its handshake. */
export class RawClient {
  readonly link: RawLink
  readonly welcome: ConnectResponse
  #xid = 0

  static async open(at: string, request: Partial<ConnectRequest> = {}): Promise<RawClient> {
    const link = new RawLink(at)
    link.send(connectFrame(request))
    const response = connectResponse.read(new JuteReader(await link.frame(0)))
    return new RawClient(link, response)
  }

  constructor(link: RawLink, welcome: ConnectResponse) {
    this.link = link
    this.welcome = welcome
  }

  /** Replies and events after the handshake, in order of arrival. */
  get received(): (RawReply | RawEvent)[] {
    return this.link.frames.slice(1).map(parse)
  }

  get events(): RawEvent[] {
    return this.received.filter(frame => frame.xid === -1) as RawEvent[]
  }

  /** As `type path`, for comparison. */
  get heard(): string[] {
    return this.events.map(({ type, path }) => `${type} ${path}`)
  }

  async call<T>(opcode: number, codec?: Codec<T> | null, value?: T): Promise<RawReply> {
    const xid = ++this.#xid
    this.link.send(requestFrame(xid, opcode, codec, value))
    return await this.reply(xid)
  }

  /** Sends a body of the test's own making. */
  async callRaw(opcode: number, write: (writer: JuteWriter) => void): Promise<RawReply> {
    const xid = ++this.#xid
    this.link.send(
      frameOf(writer => {
        requestHeader.write(writer, { xid, opcode })
        write(writer)
      }),
    )
    return await this.reply(xid)
  }

  reply(xid: number): Promise<RawReply> {
    const of = (frame: RawReply | RawEvent): boolean => frame.xid === xid
    return this.link.until(`the reply ${xid}`, () => this.received.find(of) as RawReply | undefined)
  }

  async close(): Promise<void> {
    this.link.send(requestFrame(0, OpCode.closeSession))
    await this.link.end()
  }
}

function parse(frame: Buffer): RawReply | RawEvent {
  const reader = new JuteReader(frame)
  const header = replyHeader.read(reader)
  if (header.xid === -1) return { xid: -1, zxid: header.zxid, ...watcherEvent.read(reader) }
  return { ...header, body: frame.subarray(reader.offset) }
}

function bytesOf(frame: JuteReader): Buffer {
  const at = frame.view.byteOffset + frame.readBlock(0)
  return Buffer.from(Buffer.from(frame.view.buffer as ArrayBuffer, at, frame.remaining))
}
