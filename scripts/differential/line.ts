// One connection of a program: sends requests, waits for what must come, and keeps all that came.
import type { Buffer } from 'node:buffer'
import { JuteReader } from '../../protocol/jute/reader.ts'
import { OpCode, Xid } from '../../protocol/opcodes.ts'
import { operations } from '../../protocol/operations.ts'
import type { ConnectRequest, ConnectResponse } from '../../protocol/records/connect.ts'
import { connectResponse } from '../../protocol/records/connect.ts'
import { replyHeader } from '../../protocol/records/headers.ts'
import { watcherEvent } from '../../protocol/records/watches.ts'
import { connectFrame, RawLink, requestFrame } from '../../test/conformance/raw-client.ts'
import type { Call } from './program.ts'
import type { Channel, Entry } from './trace.ts'
import type { Ground } from './wire.ts'
import { callFrame, readBody } from './wire.ts'

/** What was asked, in order: answers come in the same order. */
interface Asked {
  readonly command: number
  readonly opcode: number
}

/** Milliseconds until a server counts as silent. */
const PATIENCE = 30_000
const PING: Call = { opcode: OpCode.ping, request: null }

export class Line {
  readonly name: string
  readonly #link: RawLink
  readonly #asked: Asked[] = []
  readonly #entries: Entry[] = []
  #read = 0
  #answered = 0
  #xid = 0
  #open = true

  constructor(name: string, at: string, request: Partial<ConnectRequest>) {
    this.name = name
    this.#link = new RawLink(at, PATIENCE)
    this.#link.send(connectFrame(request))
  }

  /** False once the server ended the connection, or fell silent. */
  get isOpen(): boolean {
    return this.#open
  }

  get channel(): Channel {
    return { name: this.name, entries: this.#entries }
  }

  /** The answer to the handshake; null when the server ends the connection instead. */
  async welcome(command: number): Promise<ConnectResponse | null> {
    if (!(await this.#until(command, () => this.#link.frames.length > 0))) return null
    const { passwd, ...rest } = connectResponse.read(new JuteReader(this.#link.frames[0]!))
    this.#read = 1
    const { timeOut, sessionId, readOnly } = rest
    this.#entries.push({ type: 'welcome', timeOut, sessionId, passwordLength: passwd.length, readOnly })
    return { ...rest, passwd }
  }

  /** Sends all requests and waits for all replies; gives those that came. */
  async ask(ground: Ground, command: number, calls: readonly Call[]): Promise<(Entry & { type: 'reply' })[]> {
    const frames = calls.map(call => callFrame(ground, call, ++this.#xid))
    return await this.#exchange(
      calls.map(({ opcode }) => ({ command, opcode })),
      frames,
    )
  }

  async login(command: number, scheme: string, auth: Uint8Array): Promise<(Entry & { type: 'reply' })[]> {
    const frame = requestFrame(Xid.auth, OpCode.auth, operations.auth.request, { type: 0, scheme, auth })
    return await this.#exchange([{ command, opcode: OpCode.auth }], [frame])
  }

  /** All that was caused before has arrived when the reply is there, or the end. */
  async flush(ground: Ground, command: number): Promise<void> {
    if (this.#open) await this.ask(ground, command, [PING])
  }

  /** Waits for the server to end the connection. */
  async end(command: number): Promise<void> {
    if (!this.#open) return
    await this.#until(command, () => false)
  }

  /** Ends the connection from this side. */
  drop(): void {
    this.#open = false
    this.#link.destroy()
  }

  async #exchange(
    asked: readonly Asked[],
    frames: readonly Buffer[],
  ): Promise<(Entry & { type: 'reply' })[]> {
    const before = this.#entries.length
    this.#asked.push(...asked)
    this.#link.send(...frames)
    await this.#until(asked[0]!.command, () => this.#answered === this.#asked.length)
    return this.#entries.slice(before).filter(entry => entry.type === 'reply')
  }

  /** True when `probe` was, false when the connection ended or stayed silent before. */
  async #until(command: number, probe: () => boolean): Promise<boolean> {
    try {
      await this.#link.until(this.name, () => {
        if (this.#link.frames.length > 1) this.#take()
        return probe() ? true : undefined
      })
      return true
    } catch {
      this.#open = false
      this.#entries.push(this.#link.ended ? { type: 'ended' } : { type: 'silence', command })
      this.#link.destroy()
      return false
    }
  }

  #take(): void {
    for (const { frames } = this.#link; this.#read < frames.length; this.#read++) {
      this.#entries.push(this.#parse(frames[this.#read]!))
    }
  }

  #parse(frame: Buffer): Entry {
    const reader = new JuteReader(frame)
    const { xid, zxid, err } = replyHeader.read(reader)
    if (xid === Xid.notification) {
      const { type, state, path } = watcherEvent.read(reader)
      return { type: 'event', zxid, event: type, state, path }
    }
    const { command, opcode } = this.#asked[this.#answered++] ?? { command: -1, opcode: 0 }
    const body = readBody(opcode, err, frame.subarray(reader.offset))
    return { type: 'reply', command, opcode, xid, zxid, err, body }
  }
}
