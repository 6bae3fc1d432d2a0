// The Jute writer: primitives appended to one growing buffer, big-endian, as Java's BinaryOutputArchive.
import { Buffer } from 'node:buffer'

/** Below this many characters a loop over char codes beats the call into the UTF-8 encoder. */
const SHORT_STRING = 40
/** Set aside behind large data, for the few fields that follow it: growing for them would copy the data again. */
const ROOM_BEHIND = 1024

export class JuteWriter {
  #buffer: Buffer
  #view: DataView
  #position = 0

  constructor(buffer: Buffer = Buffer.allocUnsafeSlow(1024)) {
    this.#buffer = buffer
    this.#view = viewOf(buffer)
  }

  get position(): number {
    return this.#position
  }

  /** The bytes written so far, not copied: valid until the next write. */
  get bytes(): Buffer {
    return this.#buffer.subarray(0, this.#position)
  }

  /** Bytes of memory held. */
  get capacity(): number {
    return this.#buffer.length
  }

  /** Forgets what was written after `position`. */
  rewind(position: number): void {
    this.#position = position
  }

  /** Overwrites an int that was written before. */
  patchInt(position: number, value: number): void {
    this.#view.setInt32(position, value)
  }

  writeBoolean(value: boolean): void {
    this.#reserve(1)
    this.#buffer[this.#position++] = value ? 1 : 0
  }

  writeInt(value: number): void {
    this.#reserve(4)
    this.#view.setInt32(this.#position, value)
    this.#position += 4
  }

  writeLong(value: bigint): void {
    this.#reserve(8)
    this.#view.setBigInt64(this.#position, value)
    this.#position += 8
  }

  /** A long that fits a double exactly: times and durations. */
  writeLongNumber(value: number): void {
    this.#reserve(8)
    this.#view.setInt32(this.#position, Math.floor(value / 2 ** 32))
    this.#view.setUint32(this.#position + 4, value >>> 0)
    this.#position += 8
  }

  /** Length -1 is null; null and empty stay apart. */
  writeBuffer(value: Uint8Array | null): void {
    if (value === null) {
      this.writeInt(-1)
      return
    }
    this.#reserve(4 + value.length)
    this.#view.setInt32(this.#position, value.length)
    this.#buffer.set(value, this.#position + 4)
    this.#position += 4 + value.length
  }

  /** Bytes as they are, without a length. */
  writeBytes(value: Uint8Array): void {
    this.#reserve(value.length)
    this.#buffer.set(value, this.#position)
    this.#position += value.length
  }

  writeString(value: string | null): void {
    if (value === null) {
      this.writeInt(-1)
      return
    }
    this.#reserve(4 + value.length * 3)
    const length = this.#encode(value, this.#position + 4)
    this.#view.setInt32(this.#position, length)
    this.#position += 4 + length
  }

  writeVector<T>(items: readonly T[] | null, write: (writer: JuteWriter, item: T) => void): void {
    if (items === null) {
      this.writeInt(-1)
      return
    }
    this.writeInt(items.length)
    for (const item of items) write(this, item)
  }

  #encode(value: string, start: number): number {
    const length = value.length
    if (length > SHORT_STRING) return this.#buffer.write(value, start, 'utf8')
    const buffer = this.#buffer
    for (let i = 0; i < length; i++) {
      const code = value.charCodeAt(i)
      if (code > 0x7f) return buffer.write(value, start, 'utf8')
      buffer[start + i] = code
    }
    return length
  }

  #reserve(more: number): void {
    const needed = this.#position + more
    if (needed <= this.#buffer.length) return
    const larger = Buffer.allocUnsafeSlow(Math.max(needed + ROOM_BEHIND, this.#buffer.length * 2))
    this.#buffer.copy(larger, 0, 0, this.#position)
    this.#buffer = larger
    this.#view = viewOf(larger)
  }
}

function viewOf(buffer: Buffer): DataView {
  return new DataView(buffer.buffer, buffer.byteOffset, buffer.length)
}
