// Length-prefixed frames: in from any chunking in linear time, out many to one buffer.
import { Buffer } from 'node:buffer'
import { JuteReader } from './jute/reader.ts'
import { JuteWriter } from './jute/writer.ts'

/** Bytes of the length in front of each frame. */
export const LENGTH_BYTES = 4
const FIRST_ASSEMBLY = 64 * 1024
const OUTPUT_BUFFER = 64 * 1024
const SPARE_BUFFERS = 2
/** A buffer that one large request made grow is not kept. */
const LARGEST_SPARE = 1024 * 1024

/** A length that is negative or above the limit: the stream cannot be read any further. */
export class FrameError extends Error {
  override readonly name: string = 'FrameError'
  readonly length: number
  readonly limit: number

  constructor(length: number, limit: number) {
    super(`frame of ${length} bytes, where 0 to ${limit} are allowed`)
    this.length = length
    this.limit = limit
  }
}

/**
 * Cuts a byte stream into frames. A frame that lies whole in a chunk is read in place; only one that
 * is split is copied, into a buffer that grows with the bytes that have arrived, not with the length claimed.
 */
export class FrameDecoder {
  readonly #limit: number
  readonly #onFrame: (frame: JuteReader) => void
  readonly #reader = new JuteReader()
  #assembly: Buffer = Buffer.alloc(0)
  #assembled = 0
  #stopped = false

  /** `onFrame` reads its frame before it returns: the reader and the bytes are used again. */
  constructor(limit: number, onFrame: (frame: JuteReader) => void) {
    this.#limit = limit
    this.#onFrame = onFrame
  }

  /** No frame is delivered any more, not even from the chunk at hand. */
  stop(): void {
    this.#stopped = true
    this.#assembly = Buffer.alloc(0)
    this.#assembled = 0
  }

  /** Throws a FrameError on a hostile length; what `onFrame` throws passes through. */
  push(chunk: Buffer): void {
    if (this.#stopped) return
    const start = this.#assembled > 0 ? this.#complete(chunk) : 0
    const end = this.#inPlace(chunk, start)
    if (!this.#stopped && end < chunk.length) this.#keep(chunk, end, chunk.length)
  }

  /** Delivers the whole frames from `start` on; returns where the rest begins. */
  #inPlace(chunk: Buffer, start: number): number {
    let offset = start
    const reader = this.#reader
    reader.attach(chunk)
    while (!this.#stopped && chunk.length - offset >= LENGTH_BYTES) {
      const end = offset + LENGTH_BYTES + this.#length(chunk, offset)
      if (end > chunk.length) break
      reader.window(offset + LENGTH_BYTES, end)
      offset = end
      this.#onFrame(reader)
    }
    return offset
  }

  /** Adds to the split frame what it still needs from the chunk; returns how much was taken. */
  #complete(chunk: Buffer): number {
    let taken = 0
    if (this.#assembled < LENGTH_BYTES) {
      taken = Math.min(LENGTH_BYTES - this.#assembled, chunk.length)
      this.#keep(chunk, 0, taken)
      if (this.#assembled < LENGTH_BYTES) return taken
    }
    const whole = LENGTH_BYTES + this.#length(this.#assembly, 0)
    const more = Math.min(whole - this.#assembled, chunk.length - taken)
    this.#keep(chunk, taken, taken + more)
    if (this.#assembled === whole) this.#deliver(whole)
    return taken + more
  }

  #deliver(whole: number): void {
    const frame = this.#assembly
    this.#assembled = 0
    // A large buffer is not kept for the small frames that follow.
    if (frame.length > FIRST_ASSEMBLY) this.#assembly = Buffer.alloc(0)
    this.#reader.attach(frame)
    this.#reader.window(LENGTH_BYTES, whole)
    this.#onFrame(this.#reader)
  }

  #keep(chunk: Buffer, from: number, to: number): void {
    const needed = this.#assembled + to - from
    if (needed > this.#assembly.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(FIRST_ASSEMBLY, needed, this.#assembly.length * 2))
      this.#assembly.copy(larger, 0, 0, this.#assembled)
      this.#assembly = larger
    }
    chunk.copy(this.#assembly, this.#assembled, from, to)
    this.#assembled = needed
  }

  #length(bytes: Buffer, offset: number): number {
    const length = bytes.readInt32BE(offset)
    if (length < 0 || length > this.#limit) throw new FrameError(length, this.#limit)
    return length
  }
}

/** Collects frames in one buffer; `take` hands them out together, `recycle` brings the buffer back. */
export class FrameEncoder {
  readonly #writer = new JuteWriter(Buffer.allocUnsafeSlow(OUTPUT_BUFFER))
  readonly #spare: Buffer[] = []
  #frame = 0

  /** Bytes that wait to be taken. */
  get size(): number {
    return this.#writer.position
  }

  /** Starts a frame; its content goes to the writer returned. */
  begin(): JuteWriter {
    this.#frame = this.#writer.position
    this.#writer.writeInt(0)
    return this.#writer
  }

  /** Ends the frame and returns its length, without the length field. */
  end(): number {
    const length = this.#writer.position - this.#frame - LENGTH_BYTES
    this.#writer.patchInt(this.#frame, length)
    return length
  }

  /** Forgets the frame that was begun last. */
  cancel(): void {
    this.#writer.rewind(this.#frame)
  }

  /** The frames so far; their memory belongs to the caller until it calls `recycle`. */
  take(): Buffer {
    const size = this.#writer.position
    const full = this.#writer.exchange(this.#spare.pop() ?? Buffer.allocUnsafeSlow(OUTPUT_BUFFER))
    return full.subarray(0, size)
  }

  /** Takes back memory that `take` handed out, once it has been written. */
  recycle(bytes: Buffer): void {
    if (this.#spare.length >= SPARE_BUFFERS || bytes.buffer.byteLength > LARGEST_SPARE) return
    this.#spare.push(Buffer.from(bytes.buffer))
  }
}
