// Tells what the frames of one proxied ZooKeeper connection are: handshake, requests, and their replies.

export type Direction = 'toServer' | 'toClient'

interface FrameBase {
  /** Which connection of the proxy, from 0 in the order of acceptance. */
  readonly connection: number
  /** Which frame of its direction on that connection, from 0. */
  readonly index: number
  /** The whole frame, with its four bytes of length. */
  readonly bytes: Uint8Array
}

/** The first frame of either direction: ConnectRequest or ConnectResponse, which carry no header. */
export interface ConnectFrame extends FrameBase {
  readonly kind: 'connect'
  readonly direction: Direction
}

export interface RequestFrame extends FrameBase {
  readonly kind: 'request'
  readonly direction: 'toServer'
  readonly xid: number
  readonly opcode: number
}

export interface ReplyFrame extends FrameBase {
  readonly kind: 'reply'
  readonly direction: 'toClient'
  readonly xid: number
  readonly zxid: bigint
  readonly err: number
  /** The opcode of the request that this answers; null for a notification and for an unknown xid. */
  readonly opcode: number | null
}

/** A frame too short for its header. */
export interface ShortFrame extends FrameBase {
  readonly kind: 'short'
  readonly direction: Direction
}

export type ProxiedFrame = ConnectFrame | RequestFrame | ReplyFrame | ShortFrame

const REQUEST_HEADER_END = 12
const REPLY_HEADER_END = 20

export class Conversation {
  readonly #connection: number
  readonly #counts: Record<Direction, number> = { toServer: 0, toClient: 0 }
  // Requests under way. Pings, auth packets and the like share an xid, but then they share an opcode too.
  readonly #opcodes = new Map<number, number>()

  constructor(connection: number) {
    this.#connection = connection
  }

  /** Describes the next frame of a direction. */
  describe(direction: Direction, bytes: Uint8Array): ProxiedFrame {
    const index = this.#counts[direction]++
    const base: FrameBase = { connection: this.#connection, index, bytes }
    if (index === 0) return { kind: 'connect', direction, ...base }
    return direction === 'toServer' ? this.#request(base) : this.#reply(base)
  }

  /** Notes a request that does go to the server, so that its reply is known. */
  noteSent(frame: ProxiedFrame): void {
    if (frame.kind === 'request') this.#opcodes.set(frame.xid, frame.opcode)
  }

  /** Notes bytes that go to the server in the place of a frame. */
  noteReplaced(index: number, bytes: Uint8Array): void {
    if (index > 0) this.noteSent(this.#request({ connection: this.#connection, index, bytes }))
  }

  #request(base: FrameBase): RequestFrame | ShortFrame {
    if (base.bytes.length < REQUEST_HEADER_END) return { kind: 'short', direction: 'toServer', ...base }
    const view = viewOf(base.bytes)
    return {
      kind: 'request',
      direction: 'toServer',
      ...base,
      xid: view.getInt32(4),
      opcode: view.getInt32(8),
    }
  }

  #reply(base: FrameBase): ReplyFrame | ShortFrame {
    if (base.bytes.length < REPLY_HEADER_END) return { kind: 'short', direction: 'toClient', ...base }
    const view = viewOf(base.bytes)
    const xid = view.getInt32(4)
    const opcode = this.#opcodes.get(xid) ?? null
    if (xid >= 0) this.#opcodes.delete(xid)
    const zxid = view.getBigInt64(8)
    return { kind: 'reply', direction: 'toClient', ...base, xid, zxid, err: view.getInt32(16), opcode }
  }
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
