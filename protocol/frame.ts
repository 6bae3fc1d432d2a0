// Length-prefixed frames: in from any chunking in linear time, out many to one buffer.
import { Buffer } from 'node:buffer'
import { JuteReader } from './jute/reader.ts'
import { JuteWriter } from './jute/writer.ts'

/** Bytes of the length in front of each frame. */
export const LENGTH_BYTES = 4
const NOTHING = Buffer.alloc(0)
const FIRST_ASSEMBLY = 64 * 1024
/** For each byte that has arrived of a split frame, so many are set aside for the rest of it. */
const FORESIGHT = 16
const OUTPUT_BUFFER = 64 * 1024
const SPARE_BUFFERS = 2
/** A buffer that grew beyond the largest request that servers take by default (1 MiB) is not kept. */
const LARGEST_SPARE = 1024 * 1024 + OUTPUT_BUFFER

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
 * is split is copied, into a buffer that grows with the bytes that have arrived, not with the length claimed. A large
 * frame gets memory of its own that way, just as long as it is, and large data is handed out in place.
 */
export class FrameDecoder {
  readonly #limit: number
  readonly #onFrame: (frame: JuteReader) => void
  readonly #reader = new JuteReader()
  #assembly: Buffer = NOTHING
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
    this.#assembly = NOTHING
    this.#assembled = 0
  }

  /** Takes the first `size` bytes. Throws a FrameError on a hostile length; what `onFrame` throws passes through. */
  push(chunk: Buffer, size: number = chunk.length): void {
    if (this.#stopped) return
    const start = this.#assembled > 0 ? this.#complete(chunk, size) : 0
    const end = this.#inPlace(chunk, start, size)
    if (this.#stopped || end === size) return
    const whole = size - end < LENGTH_BYTES ? LENGTH_BYTES : LENGTH_BYTES + this.#length(chunk, end)
    this.#keep(chunk, end, size, whole)
  }

  /** Delivers the whole frames from `start` on; returns where the rest begins. */
  #inPlace(chunk: Buffer, start: number, size: number): number {
    let offset = start
    const reader = this.#reader
    reader.attach(chunk)
    while (!this.#stopped && size - offset >= LENGTH_BYTES) {
      const end = offset + LENGTH_BYTES + this.#length(chunk, offset)
      if (end > size) break
      reader.window(offset + LENGTH_BYTES, end)
      offset = end
      this.#onFrame(reader)
    }
    return offset
  }

  /** Adds to the split frame what it still needs from the chunk; returns how much was taken. */
  #complete(chunk: Buffer, size: number): number {
    let taken = 0
    if (this.#assembled < LENGTH_BYTES) {
      taken = Math.min(LENGTH_BYTES - this.#assembled, size)
      this.#keep(chunk, 0, taken, LENGTH_BYTES)
      if (this.#assembled < LENGTH_BYTES) return taken
    }
    const whole = LENGTH_BYTES + this.#length(this.#assembly, 0)
    const more = Math.min(whole - this.#assembled, size - taken)
    this.#keep(chunk, taken, taken + more, whole)
    if (this.#assembled === whole) this.#deliver(whole)
    return taken + more
  }

  #deliver(whole: number): void {
    const frame = this.#assembly
    this.#assembled = 0
    // A large buffer is not kept for the small frames that follow: it belongs to whoever reads the frame.
    const ownership = frame.length > FIRST_ASSEMBLY ? 'given' : 'lent'
    if (ownership === 'given') this.#assembly = NOTHING
    this.#reader.attach(frame, ownership)
    this.#reader.window(LENGTH_BYTES, whole)
    this.#onFrame(this.#reader)
  }

  /** `whole` is the length of the frame that the bytes are part of, as far as it is known. */
  #keep(chunk: Buffer, from: number, to: number, whole: number): void {
    const needed = this.#assembled + to - from
    if (needed > this.#assembly.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(FIRST_ASSEMBLY, Math.min(whole, needed * FORESIGHT)))
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

/** Collects frames in one writer; `take` hands it out with all of them, `recycle` brings it back. */
export class FrameEncoder {
  #writer = emptyWriter()
  readonly #spare: JuteWriter[] = []
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

  /** The frames so far, as the bytes of a writer that is the caller's until it calls `recycle`. */
  take(): JuteWriter {
    const full = this.#writer
    this.#writer = this.#spare.pop() ?? emptyWriter()
    return full
  }

  /** Takes back what `take` handed out, once its bytes are needed no more. */
  recycle(writer: JuteWriter): void {
    if (this.#spare.length >= SPARE_BUFFERS || writer.capacity > LARGEST_SPARE) return
    writer.rewind(0)
    this.#spare.push(writer)
  }
}

function emptyWriter(): JuteWriter {
  return new JuteWriter(Buffer.allocUnsafeSlow(OUTPUT_BUFFER))
}
