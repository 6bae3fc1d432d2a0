// The Jute reader: primitives taken from a window of a buffer, in place, with every bound checked.
import { Buffer } from 'node:buffer'
import { JuteError } from './error.ts'

const NOTHING = Buffer.alloc(0)

export class JuteReader {
  #buffer: Buffer = NOTHING
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
  attach(bytes: Uint8Array): void {
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

  /** The lower half of a long that is read as two ints. */
  readUnsignedInt(): number {
    return this.#view.getUint32(this.#take(4))
  }

  readLong(): bigint {
    return this.#view.getBigInt64(this.#take(8))
  }

  /** A long as a double: exact for times and durations. */
  readLongNumber(): number {
    const at = this.#take(8)
    return this.#view.getInt32(at) * 2 ** 32 + this.#view.getUint32(at + 4)
  }

  /** A copy, because the bytes below belong to the connection. */
  readBuffer(): Uint8Array | null {
    const length = this.#readLength('buffer')
    if (length === -1) return null
    const at = this.#take(length)
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

  /** Null and negative counts read as empty, as in Java. The list grows only with items that are there. */
  readVector<T>(read: (reader: JuteReader) => T): T[] {
    const count = this.readInt()
    const items: T[] = []
    for (let i = 0; i < count; i++) items.push(read(this))
    return items
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
