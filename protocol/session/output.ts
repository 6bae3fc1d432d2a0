// What a connection sends: requests encoded into one shared buffer, written once per turn of the event loop.
import { PacketTooLargeError } from '../errors.ts'
import { FrameEncoder } from '../frame.ts'
import type { Codec } from '../jute/codec.ts'
import type { JuteWriter } from '../jute/writer.ts'
import type { Transport } from '../net/transport.ts'
import type { Clock } from '../support/clock.ts'
import { Fifo } from '../support/fifo.ts'

/** A turn that fills this much is written at once: the server may begin while we go on. */
const EARLY_FLUSH = 256 * 1024

/**
 * - `idle`: nothing waits. `scheduled`: the buffer goes out at the end of this turn.
 * - `saturated`: the transport takes no more; the buffer goes out when it drains.
 * - `stopped`: the connection is over.
 */
type OutputState = 'idle' | 'scheduled' | 'saturated' | 'stopped'

export interface OutputPort {
  /** True while answers are awaited. */
  busy(): boolean
  /** Bytes went out; `at` is the time of the turn. */
  flushed(at: number): void
}

export class Output {
  readonly #transport: Transport
  readonly #clock: Clock
  readonly #port: OutputPort
  readonly #limit: number
  readonly #encoder = new FrameEncoder()
  /** What the transport has not let go of yet, the oldest first. */
  readonly #leaving = new Fifo<JuteWriter>()
  #state: OutputState = 'idle'
  #turn = 0
  readonly #flushTurn: () => void = () => {
    if (this.#state === 'scheduled') this.#flush()
  }
  readonly #written: () => void = () => {
    const writer = this.#leaving.shift()
    if (writer !== undefined) this.#encoder.recycle(writer)
  }

  constructor(transport: Transport, clock: Clock, limit: number, port: OutputPort) {
    this.#transport = transport
    this.#clock = clock
    this.#limit = limit
    this.#port = port
  }

  /** False while requests had better wait where they can still be taken back. */
  get writable(): boolean {
    return this.#state === 'idle' || this.#state === 'scheduled'
  }

  /** The time of this turn, read from the clock once. */
  get turn(): number {
    if (this.#state === 'idle') this.#schedule()
    return this.#turn
  }

  /** Encodes one request and tells its bytes. Throws, having sent nothing, when it is too large or cannot be encoded. */
  request<T>(xid: number, opcode: number, codec: Codec<T> | null, body: T): number {
    const writer = this.#encoder.begin()
    try {
      writer.writeInt(xid)
      writer.writeInt(opcode)
      codec?.write(writer, body)
    } catch (error) {
      this.#encoder.cancel()
      throw error
    }
    return this.#end()
  }

  /** The same for one that was encoded before, `content` being all that follows the xid. */
  encoded(xid: number, content: Uint8Array): number {
    const writer = this.#encoder.begin()
    writer.writeInt(xid)
    writer.writeBytes(content)
    return this.#end()
  }

  /** Encodes a frame without a header: the handshake. */
  bare<T>(codec: Codec<T>, body: T): void {
    codec.write(this.#encoder.begin(), body)
    this.#end()
  }

  drained(): void {
    if (this.#state !== 'saturated') return
    this.#state = 'idle'
    this.#turn = this.#clock.now()
    if (this.#encoder.size > 0) this.#flush()
  }

  stop(): void {
    this.#state = 'stopped'
  }

  #end(): number {
    const length = this.#encoder.end()
    if (length > this.#limit) {
      this.#encoder.cancel()
      throw new PacketTooLargeError(length, this.#limit)
    }
    if (this.#state === 'idle') this.#schedule()
    if (this.#state === 'scheduled' && this.#encoder.size >= EARLY_FLUSH) this.#flush()
    return length
  }

  #schedule(): void {
    this.#state = 'scheduled'
    this.#turn = this.#clock.now()
    if (this.#port.busy()) this.#clock.defer(this.#flushTurn)
    else queueMicrotask(this.#flushTurn)
  }

  #flush(): void {
    this.#state = 'idle'
    if (this.#encoder.size === 0) return
    const writer = this.#encoder.take()
    this.#leaving.push(writer)
    const free = this.#transport.write(writer.bytes, this.#written)
    if (!free) this.#state = 'saturated'
    this.#port.flushed(this.#turn)
  }
}
