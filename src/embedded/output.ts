// Frames on their way out: collected in a buffer from a shared pool, so that an idle connection holds none.
import type { Buffer as NodeBuffer } from 'node:buffer'
import { Buffer } from 'node:buffer'
import { LENGTH_BYTES } from '../../protocol/frame.ts'
import { JuteWriter } from '../../protocol/jute/writer.ts'

const BUFFER_BYTES = 64 * 1024
const MOST_SPARE = 16

export class BufferPool {
  readonly #spare: NodeBuffer[] = []

  take(): NodeBuffer {
    return this.#spare.pop() ?? Buffer.allocUnsafeSlow(BUFFER_BYTES)
  }

  /** Brings back a buffer from `take`; one that grew meanwhile is left to the collector. */
  give(bytes: NodeBuffer): void {
    if (this.#spare.length < MOST_SPARE && bytes.buffer.byteLength === BUFFER_BYTES) {
      this.#spare.push(Buffer.from(bytes.buffer))
    }
  }
}

export class Output {
  readonly #pool: BufferPool
  #writer: JuteWriter | null = null
  #frame = 0

  constructor(pool: BufferPool) {
    this.#pool = pool
  }

  /** Bytes that wait. */
  get size(): number {
    return this.#writer?.position ?? 0
  }

  /** True when the buffer is nearly full: it is time to send. */
  get full(): boolean {
    return this.size > BUFFER_BYTES / 2
  }

  /** Starts a frame; its content goes to the writer returned. */
  begin(): JuteWriter {
    this.#writer ??= new JuteWriter(this.#pool.take())
    this.#frame = this.#writer.position
    this.#writer.writeInt(0)
    return this.#writer
  }

  end(): void {
    this.#writer!.patchInt(this.#frame, this.#writer!.position - this.#frame - LENGTH_BYTES)
  }

  /** What waits; the caller gives it back to the pool once it is sent. */
  take(): NodeBuffer | null {
    const bytes = this.#writer?.bytes ?? null
    this.#writer = null
    return bytes
  }
}
