// The Jute reader: primitives taken from a window of a buffer, in place, with every bound checked.
import { Buffer, isAscii } from 'node:buffer'
import { JuteError } from './error.ts'

const NOTHING = Buffer.alloc(0)
const LENGTH_BYTES = 4
/** Fewer strings than this are read one by one: a block has a price of its own. */
const FEW_STRINGS = 4
/** Longer strings are decoded one by one: their length is no ASCII, and the call counts for little. */
const LONG_STRING = 127
/** Bytes decoded together. A string that is cut out of another keeps it in memory: so much a kept name may cost. */
const STRING_BLOCK = 1024

/** `lent`: the bytes are used again, and all that is read is a copy. `given`: nobody else has them. */
export type Ownership = 'lent' | 'given'

export class JuteReader {
  #buffer: Buffer = NOTHING
  #ownership: Ownership = 'lent'
  #view: DataView = viewOf(NOTHING)
  #start = 0
  #position = 0
  #end = 0

  constructor(bytes?: Uint8Array) {
    if (bytes !== undefined) {
      this.attach(bytes)
      this.window(0, bytes.length)
    }
  }

  /** Reads from `bytes` from now on; `window` says from where to where. */
  attach(bytes: Uint8Array, ownership: Ownership = 'lent'): void {
    this.#ownership = ownership
    // Sockets read into the same memory again and again.
    if (bytes === this.#buffer) return
    this.#buffer = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
    this.#view = viewOf(this.#buffer)
  }

  window(start: number, end: number): void {
    this.#start = start
    this.#position = start
    this.#end = end
  }

  get remaining(): number {
    return this.#end - this.#position
  }

  /** Bytes read, counted from the start of the window. */
  get offset(): number {
    return this.#position - this.#start
  }

  /**
   * Takes `length` bytes with one check of the bounds and tells where they begin in `view`:
   * for records of fixed size on the hot path.
   */
  readBlock(length: number): number {
    return this.#take(length)
  }

  /** The bytes below, for what `readBlock` gave. */
  get view(): DataView {
    return this.#view
  }

  readBoolean(): boolean {
    const at = this.#take(1)
    return this.#buffer[at] !== 0
  }

  readInt(): number {
    return this.#view.getInt32(this.#take(4))
  }

  readLong(): bigint {
    return this.#view.getBigInt64(this.#take(8))
  }

  /** A long as a double: exact for times and durations. */
  readLongNumber(): number {
    const at = this.#take(8)
    return this.#view.getInt32(at) * 2 ** 32 + this.#view.getUint32(at + 4)
  }

  /**
   * Bytes that belong to the caller: a copy, or a part of what was given where that is more than half of it, so that no
   * small data keeps a large frame in memory.
   */
  readBuffer(): Uint8Array | null {
    const length = this.#readLength('buffer')
    if (length === -1) return null
    const at = this.#take(length)
    if (this.#ownership === 'given' && length > this.#buffer.length / 2) {
      return this.#buffer.subarray(at, at + length)
    }
    const copy = Buffer.allocUnsafe(length)
    this.#buffer.copy(copy, 0, at, at + length)
    return copy
  }

  readNullableString(): string | null {
    const length = this.#readLength('string')
    if (length === -1) return null
    const at = this.#take(length)
    return this.#buffer.toString('utf8', at, at + length)
  }

  /** A string in a place where the protocol knows no null; a null reads as empty, as it does in C clients. */
  readString(): string {
    return this.readNullableString() ?? ''
  }

  /**
   * A vector of strings. Where they are short and all ASCII, as most names are, many are decoded with one call and cut
   * apart: the call is what costs.
   */
  readStrings(): string[] {
    const count = this.readInt()
    const strings: string[] = []
    while (strings.length < count) {
      const end = this.#endOfBlock(count - strings.length)
      if (end > this.#position && isAscii(this.#buffer.subarray(this.#position, end))) {
        this.#cutBlock(end, strings)
      } else {
        do strings.push(this.readString())
        while (this.#position < end)
      }
    }
    return strings
  }

  /** Null and negative counts read as empty, as in Java. The list grows only with items that are there. */
  readVector<T>(read: (reader: JuteReader) => T): T[] {
    const count = this.readInt()
    const items: T[] = []
    for (let i = 0; i < count; i++) items.push(read(this))
    return items
  }

  /** Where the block ends that begins here: before a length that is not sound, a long string, or the end of the frame. */
  #endOfBlock(most: number): number {
    if (most < FEW_STRINGS) return this.#position
    const limit = Math.min(this.#position + STRING_BLOCK, this.#end)
    let end = this.#position
    for (let i = 0; i < most && end + LENGTH_BYTES <= limit; i++) {
      const length = this.#view.getInt32(end)
      if (length < 0 || length > LONG_STRING || length > limit - end - LENGTH_BYTES) break
      end += LENGTH_BYTES + length
    }
    return end
  }

  /** The strings up to `end`, where every byte, those of the lengths too, is one character. */
  #cutBlock(end: number, strings: string[]): void {
    const start = this.#position
    const text = this.#buffer.toString('latin1', start, end)
    while (this.#position < end) {
      const from = this.#position + LENGTH_BYTES
      this.#position = from + this.#view.getInt32(this.#position)
      strings.push(text.slice(from - start, this.#position - start))
    }
  }

  #readLength(what: string): number {
    const at = this.#position
    const length = this.readInt()
    if (length < -1) throw new JuteError(`negative ${what} length ${length}`, at - this.#start)
    return length
  }

  #take(count: number): number {
    const at = this.#position
    if (count > this.#end - at) {
      throw new JuteError(`frame ends: ${count} bytes wanted, ${this.#end - at} left`, at - this.#start)
    }
    this.#position = at + count
    return at
  }
}

function viewOf(buffer: Buffer): DataView {
  return new DataView(buffer.buffer, buffer.byteOffset, buffer.length)
}
