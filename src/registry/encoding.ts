// The forms in which a caller's data is written, and when a node holds it in its form already.
import { Buffer } from 'node:buffer'
import { isDeepStrictEqual, types } from 'node:util'
import type { NodeData } from './codec.ts'
import { decode, encode, holds, userDataOf } from './codec.ts'
import { envelopeOfSecond } from './envelope.ts'
import { ServiceRegistryError } from './errors.ts'

/**
 * What is written around the caller's data.
 * - `python`: `pid` and `created`, byte for byte as the Python package.
 * - `utc`: `created_utc` besides, the same moment as `YYYY-MM-DDTHH:MM:SSZ`.
 * - `none`: nothing. An object is its JSON; a string, or an object with `string_value` alone, is that text in UTF-8.
 */
export type EnvelopeForm = 'python' | 'utc' | 'none'

/** `raw`: bytes as they are given. */
export type Encoding = EnvelopeForm | 'raw'

export interface EncodingOptions {
  /** What is written around the data. Default: as the data had it that is kept, or that of the registry. */
  envelope?: EnvelopeForm | undefined
  /** True: the data is a Uint8Array, written as it is; null is no bytes at all. Goes without `envelope`. */
  raw?: boolean | undefined
}

/** What the caller asks for; undefined: nothing in particular. Throws INVALID_OPTION. */
export function encodingOf({ envelope, raw }: EncodingOptions): Encoding | undefined {
  if (envelope !== undefined) checkEnvelope(envelope)
  if (raw !== undefined && typeof raw !== 'boolean') throw invalid('raw must be true or false')
  if (raw !== true) return envelope
  if (envelope !== undefined) throw invalid('raw bytes have no envelope')
  return 'raw'
}

export function checkEnvelope(value: unknown): EnvelopeForm {
  if (value === 'python' || value === 'utc' || value === 'none') return value
  throw invalid("envelope must be 'python', 'utc' or 'none'")
}

/** The bytes are the caller's no more. Throws INVALID_DATA for what has no such form. */
export function encodeAs(data: NodeData, encoding: Encoding): Uint8Array {
  switch (encoding) {
    case 'raw':
      return rawBytes(data)
    case 'none':
      return encode(data, null)
    case 'utc':
      return encode(data, envelopeOfSecond('utc'))
    case 'python':
      return encode(data)
  }
}

/**
 * True if the node holds the data, in its form. Process and time of writing do not count, unless the caller gives
 * them; that they are there does.
 */
export function holdsAs(present: Uint8Array | null, data: NodeData, encoding: Encoding): boolean {
  if (present === null) return false
  if (encoding === 'python') return holds(decode(present), data)
  if (encoding === 'utc') {
    const { created_utc, ...rest } = decode(present) ?? {}
    // What the caller gives is compared like everything else.
    const given = (Object(data) as Record<string, unknown>).created_utc !== undefined
    return created_utc !== undefined && holds(given ? { ...rest, created_utc } : rest, data)
  }
  const wanted = encodeAs(data, encoding)
  if (Buffer.compare(present, wanted) === 0) return true
  // The order of the keys does not count; of a text, everything does.
  return encoding === 'none' && isObject(wanted) && isObject(present) && sameObject(present, wanted)
}

/** The caller's part of a node that was written in this form, or that somebody else wrote in its place. */
export function callerPart(present: Uint8Array | null, encoding: Encoding): NodeData {
  if (present === null || encoding === 'raw') return present
  const decoded = decode(present)
  if (encoding !== 'none') return userDataOf(decoded)
  // The text as it stands, and not as readers see it, without the blanks around it.
  if (!isObject(present)) return Buffer.from(present).toString('utf8')
  return decoded === null || Object.keys(decoded).length === 0 ? null : decoded
}

function rawBytes(data: NodeData): Uint8Array {
  if (data === null || data === undefined) return new Uint8Array(0)
  if (types.isUint8Array(data)) return new Uint8Array(data)
  throw new ServiceRegistryError('INVALID_DATA', 'raw data must be a Uint8Array')
}

/** True for what readers take for an object. */
function isObject(bytes: Uint8Array): boolean {
  const decoded = decode(bytes)
  if (decoded === null) return false
  const keys = Object.keys(decoded)
  if (keys.length === 0) return Buffer.from(bytes).includes('{')
  if (typeof decoded.string_value !== 'string') return true
  return keys.length > (decoded.binary === true ? 2 : 1)
}

function sameObject(a: Uint8Array, b: Uint8Array): boolean {
  return isDeepStrictEqual(decode(a), decode(b))
}

function invalid(message: string): ServiceRegistryError {
  return new ServiceRegistryError('INVALID_OPTION', message)
}
