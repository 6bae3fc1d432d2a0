// One connection: bytes to frames to the core and back, at the pace at which the client reads.
import { Buffer } from 'node:buffer'
import type { Socket } from 'node:net'
import { FrameDecoder, FrameError } from '../../protocol/frame.ts'
import { JuteError } from '../../protocol/jute/error.ts'
import { JuteReader } from '../../protocol/jute/reader.ts'
import { Xid } from '../../protocol/opcodes.ts'
import type { ConnectResponse } from '../../protocol/records/connect.ts'
import type { Id } from '../../protocol/records/data.ts'
import { replyHeader } from '../../protocol/records/headers.ts'
import { watcherEvent } from '../../protocol/records/watches.ts'
import type { Timer } from '../../protocol/support/clock.ts'
import { systemClock } from '../../protocol/support/clock.ts'
import { Fifo } from '../../protocol/support/fifo.ts'
import type { Link } from './client.ts'
import { Client } from './client.ts'
import { ConnectionStats } from './connection-stats.ts'
import type { Greeting } from './handshake.ts'
import { readGreeting, responseFor, welcome, writeWelcome } from './handshake.ts'
import type { BufferPool } from './output.ts'
import { Output } from './output.ts'
import type { Reply } from './processor.ts'
import { process } from './processor.ts'
import type { World } from './world.ts'

/** Above this many unread bytes no further request of the client is taken. */
const PAUSE_ABOVE = 1024 * 1024
/** Events come whether the client reads or not: above this many unread bytes the connection is given up. */
const GIVE_UP_ABOVE = 16 * 1024 * 1024
/** How long a client may take to read the last words. */
const GRACE = 1000
/** KeeperState.SyncConnected: the only state that a server ever sends. */
const SYNC_CONNECTED = 3

/** A four-letter word, with the mask that follows one of them. */
const LONGEST_WORD = 12

/** `greeting`: no session yet. `ending`: what was written still goes out, what comes in is dropped. */
type Phase = 'greeting' | 'serving' | 'ending' | 'closed'

/** Why nothing is read: the client leaves answers unread, or the server is frozen. */
type Hold = 'unread' | 'frozen'

/** The server as its connections see it. */
export interface Host {
  readonly world: World
  readonly pool: BufferPool
  /** The answer to the four-letter word that a connection opens with; undefined when it is none. */
  answer(opening: Buffer, asker: Connection): string | undefined
  greeted(connection: Connection): void
  closed(connection: Connection): void
}

export class Connection implements Link {
  readonly address: string
  readonly stats: ConnectionStats
  readonly #socket: Socket
  readonly #host: Host
  readonly #client: Client
  readonly #decoder: FrameDecoder
  readonly #output: Output
  /** Frames of a chunk that was under way when reading stopped. */
  readonly #backlog = new Fifo<Buffer>()
  #phase: Phase = 'greeting'
  #greeting: Greeting | null = null
  readonly #holds = new Set<Hold>()
  /** The first bytes, as long as they may be a word. */
  #opening: Buffer = Buffer.alloc(0)
  #sending = false
  #grace: Timer | null = null

  constructor(socket: Socket, host: Host, identities: readonly Id[]) {
    this.#socket = socket
    this.#host = host
    this.address = plainAddress(socket.remoteAddress ?? '')
    this.stats = new ConnectionStats(host.world.time)
    this.#client = new Client(this, identities)
    this.#output = new Output(host.pool)
    this.#decoder = new FrameDecoder(host.world.settings.maxFrameSize, frame => this.#onFrame(frame))
    socket.on('data', chunk => this.#onChunk(chunk))
    socket.on('drain', () => this.#onDrain())
    socket.on('end', () => this.close())
    // `close` follows each error and tells the rest.
    socket.on('error', () => {})
    socket.on('close', () => this.#onClose())
  }

  get port(): number {
    return this.#socket.remotePort ?? 0
  }

  get client(): Client {
    return this.#client
  }

  get queued(): number {
    return this.#backlog.size
  }

  /** Says what is left to say and ends the connection. */
  close(): void {
    if (this.#phase === 'ending' || this.#phase === 'closed') return
    this.#leave('ending')
    this.#send()
    this.#socket.end()
    // Unread input would turn the end into a reset, and a reset takes the last words away.
    this.#socket.resume()
    this.#grace = systemClock.schedule(GRACE, () => this.destroy())
  }

  destroy(): void {
    if (this.#phase !== 'closed') this.#leave('closed')
    this.#socket.destroy()
  }

  notify(type: number, path: string, zxid: bigint): void {
    if (this.#phase !== 'serving') return
    const writer = this.#output.begin()
    replyHeader.write(writer, { xid: Xid.notification, zxid, err: 0 })
    watcherEvent.write(writer, { type, state: SYNC_CONNECTED, path })
    this.#written()
    if (this.#socket.writableLength + this.#output.size > GIVE_UP_ABOVE) this.destroy()
  }

  /** Takes nothing more from the client until `thaw`, as a process that was stopped. */
  freeze(): void {
    this.#hold('frozen')
  }

  thaw(): void {
    this.#release('frozen')
  }

  #leave(phase: 'ending' | 'closed'): void {
    this.#phase = phase
    this.#decoder.stop()
    this.#backlog.drain()
    this.#host.world.detach(this.#client)
  }

  #onClose(): void {
    this.#grace?.cancel()
    if (this.#phase !== 'closed') this.#leave('closed')
    this.#host.closed(this)
  }

  #onChunk(chunk: Buffer): void {
    if (this.#phase === 'greeting' && this.#opening.length < LONGEST_WORD) {
      const more = chunk.subarray(0, LONGEST_WORD - this.#opening.length)
      this.#opening = Buffer.concat([this.#opening, more])
    }
    try {
      this.#decoder.push(chunk)
    } catch (error) {
      if (error instanceof FrameError && this.#phase === 'greeting') this.#onWord()
      else if (error instanceof FrameError || error instanceof JuteError) this.close()
      else throw error
    }
  }

  /** Four letters, read as a length, are more than any limit allows. */
  #onWord(): void {
    const answer = this.#host.answer(this.#opening, this)
    if (answer !== undefined) this.#socket.write(answer)
    this.close()
  }

  #onFrame(frame: JuteReader): void {
    if (this.#holds.size > 0) this.#backlog.push(copyOf(frame))
    else this.#handle(frame)
  }

  #handle(frame: JuteReader): void {
    this.stats.received++
    if (this.#phase === 'greeting') this.#greet(frame)
    else this.#serve(frame)
    if (this.#output.full) this.#send()
    if (this.#socket.writableLength > PAUSE_ABOVE && this.#phase === 'serving') this.#hold('unread')
  }

  #greet(frame: JuteReader): void {
    const greeting = readGreeting(frame)
    this.#greeting = greeting
    const result = welcome(this.#host.world, this.#client, greeting)
    if (result.type !== 'turnAway') this.#welcome(result.response)
    if (result.type !== 'serve') return this.close()
    this.#phase = 'serving'
    this.#host.greeted(this)
  }

  #welcome(response: ConnectResponse): void {
    if (this.#greeting === null) return
    writeWelcome(this.#output.begin(), this.#greeting, response)
    this.#written()
  }

  #serve(frame: JuteReader): void {
    const outcome = process(this.#host.world, this.#client, frame)
    // The request itself may have ended the connection, as a write that brings too many events does.
    if (this.#phase !== 'serving') return
    if (outcome.type === 'close') return this.close()
    if (outcome.type === 'welcome') return this.#welcome(responseFor(this.#host.world, outcome.session))
    this.#reply(outcome)
    if (outcome.next === 'close') this.close()
  }

  #reply(reply: Reply): void {
    const writer = this.#output.begin()
    replyHeader.write(writer, reply)
    reply.body?.(writer)
    const { stats } = this
    stats.lastOperation = reply.name
    stats.lastXid = reply.xid
    stats.lastZxid = reply.zxid
    this.#written()
  }

  /** A frame is complete; what this turn brings goes out together. */
  #written(): void {
    this.#output.end()
    this.stats.sent++
    if (this.#sending) return
    this.#sending = true
    queueMicrotask(() => {
      this.#sending = false
      this.#send()
    })
  }

  #send(): void {
    const bytes = this.#output.take()
    if (bytes === null || this.#phase === 'closed') return
    this.#socket.write(bytes, () => this.#host.pool.give(bytes))
  }

  #onDrain(): void {
    this.#release('unread')
  }

  #hold(why: Hold): void {
    this.#holds.add(why)
    this.#socket.pause()
  }

  #release(why: Hold): void {
    if (!this.#holds.delete(why)) return
    while (this.#holds.size === 0) {
      const frame = this.#backlog.shift()
      if (frame === undefined) break
      this.#handle(new JuteReader(frame))
    }
    if (this.#holds.size === 0) this.#socket.resume()
  }
}

function copyOf(frame: JuteReader): Buffer {
  const { view, remaining } = frame
  const at = view.byteOffset + frame.readBlock(0)
  return Buffer.from(Buffer.from(view.buffer as ArrayBuffer, at, remaining))
}

/** IPv4 as such, also where the socket listens on both families. */
function plainAddress(address: string): string {
  return address.startsWith('::ffff:') ? address.slice('::ffff:'.length) : address
}
