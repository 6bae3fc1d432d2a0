// Records what goes through a fault proxy, frame by frame, decoded, and prints it a line each.
import { inspect } from 'node:util'
import type { DecodedFrame } from './decode-frame.ts'
import { decodeFrame } from './decode-frame.ts'
import type { FaultProxy } from './fault-proxy.ts'

export interface RecorderOptions {
  /** Called with each line as it is recorded; what it throws cuts the connection, as a rule of the proxy does. */
  readonly write?: (line: string) => void
  /** How many frames are kept; the oldest go first. Default 10,000. */
  readonly capacity?: number
}

const CAPACITY = 10_000
const MOST_TEXT = 200

/**
 * Of `proxy`, a `FaultProxy`:
 * ```ts
 * import { recordFrames } from 'nd-service-registry/testing'
 *
 * const recorder = recordFrames(proxy, { write: console.log })
 * // 0 > 1 create2 { path: '/a', data: 'hello', acls: [...], flags: 0 }
 * // 0 < 1 create2 OK zxid 0x2 { path: '/a', stat: {...} }
 * ```
 * Frames are recorded before the rules that were added earlier decide on them; those that a rule drops are
 * recorded too. Passwords, their hashes in ACLs and tokens are never shown; data of znodes is.
 */
export class Recorder {
  readonly #frames: DecodedFrame[] = []
  readonly #capacity: number
  readonly #stop: () => void

  constructor(proxy: FaultProxy, options: RecorderOptions = {}) {
    const { write, capacity = CAPACITY } = options
    if (!(Number.isInteger(capacity) && capacity > 0))
      throw new RangeError('capacity must be a positive integer')
    this.#capacity = capacity
    this.#stop = proxy.observe(frame => {
      const decoded = decodeFrame(frame)
      this.#keep(decoded)
      write?.(formatFrame(decoded))
    })
  }

  /** What was recorded, oldest first. */
  get frames(): readonly DecodedFrame[] {
    return this.#frames
  }

  /** The same as lines of text. */
  get text(): string {
    return this.#frames.map(frame => `${formatFrame(frame)}\n`).join('')
  }

  clear(): void {
    this.#frames.length = 0
  }

  /** Ends the recording; what was recorded stays. */
  stop(): void {
    this.#stop()
  }

  [Symbol.dispose](): void {
    this.stop()
  }

  #keep(frame: DecodedFrame): void {
    this.#frames.push(frame)
    if (this.#frames.length > this.#capacity) this.#frames.shift()
  }
}

/** Starts to record what goes through the proxy. */
export function recordFrames(proxy: FaultProxy, options: RecorderOptions = {}): Recorder {
  return new Recorder(proxy, options)
}

/** One line: connection, direction (`>` to the server, `<` to the client), xid, operation, result, zxid, fields. */
export function formatFrame(frame: DecodedFrame): string {
  const { connection, direction, kind, operation, xid, zxid, result, body } = frame
  const words = [
    connection,
    direction === 'toServer' ? '>' : '<',
    kind === 'request' || kind === 'reply' ? xid : kind,
    operation,
    result,
    zxid === null ? null : `zxid 0x${BigInt.asUintN(64, zxid).toString(16)}`,
    body === null ? null : fieldsOf(body),
  ]
  return words.filter(word => word !== null).join(' ')
}

function fieldsOf(body: unknown): string {
  const text = inspect(readable(body), {
    breakLength: Number.POSITIVE_INFINITY,
    compact: true,
    depth: 6,
    maxStringLength: MOST_TEXT,
  })
  return text.replaceAll('\n', ' ')
}

/** Bytes as text where they are text, and in hex where they are not. */
function readable(value: unknown): unknown {
  if (value instanceof Uint8Array) return textOf(value)
  if (Array.isArray(value)) return value.map(readable)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, readable(field)]))
}

function textOf(bytes: Uint8Array): string {
  const head = bytes.subarray(0, MOST_TEXT)
  const text = new TextDecoder().decode(head)
  const printable = !/[^\t\n\r\x20-\uFFFC]/.test(text)
  const shown = printable ? text : `0x${Buffer.from(head).toString('hex')}`
  return bytes.length > MOST_TEXT ? `${shown}... (${bytes.length} bytes)` : shown
}
