// One session of a program, over however many connections: it comes back by itself when it lost the last one.
import { Buffer } from 'node:buffer'
import { OpCode } from '../../protocol/opcodes.ts'
import type { ConnectRequest } from '../../protocol/records/connect.ts'
import { Line } from './line.ts'
import type { Call, Reconnect } from './program.ts'
import type { Reply } from './trace.ts'
import type { Ground } from './wire.ts'
import { zxidOf } from './wire.ts'

/** Long enough for a machine that stands still for a while: nothing expires by itself. */
const TIME_OUT = 40_000
const CLOSE: Call = { opcode: OpCode.closeSession, request: null }

interface Identity {
  readonly id: bigint
  readonly password: Uint8Array
}

export interface Stage {
  /** host:port */
  readonly at: string
  readonly ground: Ground
  /** Collects every connection, in order. */
  readonly lines: Line[]
}

export class Actor {
  readonly #name: string
  readonly #stage: Stage
  #connections = 0
  #identity: Identity | null = null
  #line: Line | null = null

  constructor(name: string, stage: Stage) {
    this.#name = name
    this.#stage = stage
  }

  async call(command: number, calls: readonly Call[]): Promise<void> {
    const line = await this.#present(command)
    if (line === null) return
    const replies = await line.ask(this.#stage.ground, command, calls)
    if (replies.some(endsConnection)) await line.end(command)
  }

  async login(command: number, scheme: string, auth: string): Promise<void> {
    const line = await this.#present(command)
    if (line === null) return
    const [reply] = await line.login(command, scheme, Buffer.from(auth))
    if (reply !== undefined && reply.err !== 0) await line.end(command)
  }

  async reconnect(command: number, order: Reconnect): Promise<void> {
    const { how, seen, timeOut } = order
    const old = await this.#present(command)
    if (old === null || this.#identity === null) return
    // What is under way to a connection that ends may or may not arrive: so nothing may be under way.
    await old.flush(this.#stage.ground, command)
    if (how === 'drop') old.drop()
    const line = await this.#connect(command, {
      timeOut,
      lastZxidSeen: zxidOf(this.#stage.ground, seen),
      sessionId: this.#identity.id,
      passwd: passwordOf(order, this.#identity.password),
    })
    if (line !== null) this.#line = line
    await old.flush(this.#stage.ground, command)
  }

  async close(command: number): Promise<void> {
    const line = await this.#present(command)
    if (line === null) return
    await line.ask(this.#stage.ground, command, [CLOSE])
    await line.end(command)
    this.#identity = null
  }

  async expire(command: number): Promise<void> {
    const old = await this.#present(command)
    if (old === null || this.#identity === null) return
    await old.flush(this.#stage.ground, command)
    const line = await this.#connect(command, this.#resuming(this.#identity))
    await line?.ask(this.#stage.ground, command, [CLOSE])
    await line?.end(command)
    await old.flush(this.#stage.ground, command)
    this.#identity = null
  }

  /** Leaves no session behind. */
  async leave(command: number): Promise<void> {
    if (this.#identity !== null) await this.close(command)
  }

  async flush(command: number): Promise<void> {
    await this.#line?.flush(this.#stage.ground, command)
  }

  /** The connection, made anew if the last one is over; null when the server has none for us. */
  async #present(command: number): Promise<Line | null> {
    if (this.#line?.isOpen === true) return this.#line
    this.#line = null
    if (this.#identity !== null) this.#line = await this.#connect(command, this.#resuming(this.#identity))
    if (this.#line !== null) return this.#line
    this.#line = await this.#connect(command, { timeOut: TIME_OUT })
    return this.#line
  }

  #resuming({ id, password }: Identity): Partial<ConnectRequest> {
    return { timeOut: TIME_OUT, sessionId: id, passwd: password }
  }

  async #connect(command: number, request: Partial<ConnectRequest>): Promise<Line | null> {
    const { lines, at } = this.#stage
    const line = new Line(`${this.#name}, connection ${this.#connections++}`, at, request)
    lines.push(line)
    const welcome = await line.welcome(command)
    if (welcome === null) return null
    if (welcome.timeOut <= 0) {
      await line.end(command)
      return null
    }
    this.#identity = { id: welcome.sessionId, password: welcome.passwd }
    return line
  }
}

/** After an unknown opcode; nothing else is answered with this zxid. */
function endsConnection({ zxid, err }: Reply): boolean {
  return zxid === -1n && err !== 0
}

function passwordOf({ password }: Reconnect, right: Uint8Array): Uint8Array {
  switch (password) {
    case 'right':
      return right
    case 'wrong':
      return Buffer.from(right.map(byte => byte ^ 1))
    case 'short':
      return right.subarray(0, 8)
    default:
      return Buffer.alloc(0)
  }
}
