// Follows the frame boundaries of a byte stream, and holds back whole frames only while asked to.

/** What a tracker calls, in stream order. */
export interface FrameSink {
  /** Whether the frame that starts now is to be held back and handed over whole. */
  wantsFrames(): boolean
  /** Bytes that were not held back: any part of any frames. */
  onBytes(bytes: Uint8Array): void
  /** A frame that went by as bytes is complete; `header` is its first bytes, valid during the call only. */
  onPassed(header: Uint8Array): void
  /** A whole frame with its length prefix. Nothing of it was forwarded yet. */
  onFrame(frame: Uint8Array): void
}

const LENGTH_SIZE = 4
// Length, xid, zxid and error: all that is ever read of a frame that passes by.
const HEADER_SIZE = 20

export class FrameTracker {
  readonly #maxFrameSize: number
  readonly #sink: FrameSink
  readonly #header = new Uint8Array(HEADER_SIZE)
  readonly #headerView = new DataView(this.#header.buffer)
  #held: Uint8Array[] = []
  #holding = false
  // Bytes of the current frame seen so far, and its size with the prefix.
  #seen = 0
  #size = LENGTH_SIZE
  #raw = false

  constructor(maxFrameSize: number, sink: FrameSink) {
    this.#maxFrameSize = maxFrameSize
    this.#sink = sink
  }

  /** Takes the next chunk. Each byte is looked at once, however the stream is cut into chunks. */
  feed(chunk: Uint8Array): void {
    let forwarded = 0
    let position = 0
    while (position < chunk.length && !this.#raw) {
      if (this.#seen === 0) this.#holding = this.#sink.wantsFrames()
      if (this.#holding && forwarded < position) this.#sink.onBytes(chunk.subarray(forwarded, position))
      const piece = chunk.subarray(position, position + this.#size - this.#seen)
      position += piece.length
      this.#keepHeader(piece)
      if (this.#holding) {
        this.#held.push(piece)
        forwarded = position
      }
      this.#advance(piece.length)
    }
    if (forwarded < chunk.length) this.#sink.onBytes(chunk.subarray(forwarded))
  }

  #keepHeader(piece: Uint8Array): void {
    const room = HEADER_SIZE - this.#seen
    if (room > 0) this.#header.set(piece.subarray(0, room), this.#seen)
  }

  #advance(count: number): void {
    const hadLength = this.#seen >= LENGTH_SIZE
    this.#seen += count
    if (!hadLength && this.#seen === LENGTH_SIZE && !this.#readLength()) return
    if (this.#seen === this.#size) this.#completeFrame()
  }

  // A four-letter word or a TLS record reads as an absurd length: such a stream has no frames to follow.
  #readLength(): boolean {
    const length = this.#headerView.getInt32(0)
    if (length >= 0 && length <= this.#maxFrameSize) {
      this.#size = LENGTH_SIZE + length
      return true
    }
    this.#raw = true
    for (const piece of this.#held.splice(0)) this.#sink.onBytes(piece)
    return false
  }

  #completeFrame(): void {
    const size = this.#size
    this.#seen = 0
    this.#size = LENGTH_SIZE
    if (this.#holding) this.#sink.onFrame(join(this.#held.splice(0), size))
    else this.#sink.onPassed(this.#header.subarray(0, Math.min(size, HEADER_SIZE)))
  }
}

function join(pieces: readonly Uint8Array[], size: number): Uint8Array {
  if (pieces.length === 1) return pieces[0]!
  const whole = new Uint8Array(size)
  let offset = 0
  for (const piece of pieces) {
    whole.set(piece, offset)
    offset += piece.length
  }
  return whole
}
