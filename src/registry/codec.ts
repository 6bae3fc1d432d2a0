// The data of a node: a JSON object with the process and the time of writing, byte for byte as the Python package.
import { Buffer } from 'node:buffer'
import { randomUUID } from 'node:crypto'
import { isDeepStrictEqual, types } from 'node:util'
import type { Envelope } from './envelope.ts'
import { envelopeOfSecond, withoutEnvelope } from './envelope.ts'
import { ServiceRegistryError } from './errors.ts'

export type Json =
  | null
  | boolean
  | number
  | string
  | bigint
  | readonly Json[]
  | { readonly [key: string]: Json }
export type NodeObject = { readonly [key: string]: Json }

/** What callers give: an object, a string (kept under `string_value`), or nothing; with `raw`, bytes. */
export type NodeData = Readonly<Record<string, unknown>> | Uint8Array | string | null | undefined

/**
 * The bytes that `setNode` and `setData` write. Without an envelope (null) the data is all there is, and a string by
 * itself is its text in UTF-8. Throws INVALID_DATA for what is neither an object, nor a string, nor nothing, or what JSON
 * cannot say.
 */
export function encode(data: NodeData, envelope: Envelope | null = envelopeOfSecond()): Uint8Array {
  const given = toObject(data)
  if (envelope === null) return encodeAlone(given)
  const { pid = envelope.pid, created = envelope.created, ...others } = given
  // Without it in the envelope, it is a key like any other.
  if (envelope.created_utc === undefined) return join({ pid, created }, others)
  const { created_utc = envelope.created_utc, ...rest } = others
  return join({ pid, created, created_utc }, rest)
}

/** Texts joined: an object would put keys that look like integers first. */
function join(...objects: readonly Record<string, unknown>[]): Uint8Array {
  const parts = objects.map(object => stringify(object).slice(1, -1))
  return Buffer.from(escapeNonAscii(`{${parts.filter(part => part !== '').join()}}`), 'latin1')
}

function encodeAlone(given: Record<string, unknown>): Uint8Array {
  const { string_value: text, ...rest } = given
  const alone = typeof text === 'string' && Object.values(rest).every(value => value === undefined)
  if (!alone) return join(given)
  // JSON escapes half a pair; here it would be lost.
  if (/\p{Surrogate}/u.test(text)) throw invalid('data is no Unicode text')
  return Buffer.from(text)
}

/**
 * True if the node holds the caller's data already. Process and time of writing do not count, unless the
 * caller gives them: only what the caller says is compared.
 */
export function holds(present: NodeObject | null, data: NodeData): boolean {
  if (present === null) return false
  const wanted = parse(stringify(toObject(data)))
  const { pid, created, ...rest } = present
  return isDeepStrictEqual(
    { ...('pid' in wanted && { pid }), ...('created' in wanted && { created }), ...rest },
    wanted,
  )
}

/** The caller's part of a node: without process and time of writing; a lone `string_value` is its text. */
export function userDataOf(present: NodeObject | null): NodeData {
  if (present === null) return null
  const rest = withoutEnvelope(present)
  const keys = Object.keys(rest)
  if (keys.length === 0) return null
  return keys.length === 1 && typeof rest.string_value === 'string' ? rest.string_value : rest
}

/** A copy of data that `encode` accepts: the caller may go on with the original. */
export function copyOf<T>(data: T): T {
  if (typeof data !== 'object' || data === null) return data
  if (types.isUint8Array(data)) return new Uint8Array(data) as T
  if (Array.isArray(data)) return data.map(copyOf) as T
  const copy: Record<string, unknown> = {}
  for (const key of Object.keys(data)) {
    const value = copyOf((data as Record<string, unknown>)[key])
    // Assigned, this one would become the prototype.
    if (key === '__proto__') Object.defineProperty(copy, key, { value, enumerable: true })
    else copy[key] = value
  }
  return copy as T
}

/**
 * - nothing: null. Only blanks: an empty object.
 * - a JSON object: that object. Anything else: an object with the text under `string_value`.
 *
 * Tolerates what Python writes and JSON.parse refuses: NaN and infinities; integers that a double cannot hold
 * become bigint. Bytes that are no UTF-8 stay readable under `string_value` as Latin-1, with `binary: true`.
 */
export function decode(bytes: Uint8Array | null): NodeObject | null {
  if (bytes === null || bytes.length === 0) return null
  const stripped = strip(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length))
  if (stripped.length === 0) return {}
  let text: string
  try {
    text = UTF8.decode(stripped)
  } catch {
    return { string_value: stripped.toString('latin1'), binary: true }
  }
  if (!text.startsWith('{') || !text.endsWith('}')) return { string_value: text }
  try {
    return parse(text)
  } catch {
    return { string_value: text }
  }
}

function toObject(data: NodeData): Record<string, unknown> {
  if (data === null || data === undefined) return {}
  if (typeof data === 'string') return { string_value: data }
  if (types.isUint8Array(data)) throw invalid('data that is bytes needs { raw: true }')
  checkJson(data, 'data', 0)
  return data
}

/** Only what comes back as it went: an object of a class, a function or a symbol would be lost in silence. */
export function checkJson(value: unknown, at: string, depth: number): void {
  if (value === null || typeof value === 'boolean' || typeof value === 'bigint')
    return wantObject(depth, value)
  if (typeof value === 'string' || (typeof value === 'number' && Number.isFinite(value)))
    return wantObject(depth, value)
  if (depth > DEEPEST) throw invalid(`data is nested deeper than ${DEEPEST} levels, or in a circle`)
  if (Array.isArray(value) && depth > 0) {
    for (const [i, item] of value.entries()) checkJson(item, `${at}[${i}]`, depth + 1)
    return
  }
  if (!isPlain(value))
    throw invalid(`${at} must be ${depth === 0 ? 'an object or a string' : 'JSON'}, not ${kindOf(value)}`)
  for (const [key, item] of Object.entries(value)) {
    // An optional key that is not there, as JSON has it.
    if (item !== undefined && typeof item !== 'string' && typeof item !== 'boolean')
      checkJson(item, `${at}.${key}`, depth + 1)
  }
}

function wantObject(depth: number, value: unknown): void {
  if (depth === 0) throw invalid(`data must be an object or a string, not ${kindOf(value)}`)
}

function isPlain(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  const prototype = Object.getPrototypeOf(value)
  return (prototype === null || prototype === Object.prototype) && !('toJSON' in value)
}

function invalid(message: string, cause?: unknown): ServiceRegistryError {
  return new ServiceRegistryError('INVALID_DATA', message, { cause })
}

/** Text that `decode` reads as this data, also where JSON has no word for it. */
export function textOf(data: NodeObject): string {
  return stringify(data)
}

/** Integers beyond a double, NaN and infinities are written as they are read. */
export function stringify(value: Readonly<Record<string, unknown>>): string {
  try {
    return JSON.stringify(value)
  } catch {
    return stringifyMarked(value)
  }
}

/** Slower, and for bigint alone. */
function stringifyMarked(value: Readonly<Record<string, unknown>>): string {
  const text = JSON.stringify(value, (_key, item: unknown) =>
    typeof item === 'bigint' || (typeof item === 'number' && !Number.isFinite(item))
      ? `${MARK}${item}`
      : item,
  )
  return text.replace(SPECIAL_NUMBER, '$1')
}

/** Python's json escapes everything outside printable ASCII, in UTF-16 code units. */
function escapeNonAscii(text: string): string {
  return text.replace(
    /[\u007f-\uffff]/g,
    character => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

/** ASCII whitespace only, as Python strips bytes: trim() would take more. */
function strip(bytes: Buffer): Buffer {
  const blank = (byte: number | undefined): boolean =>
    byte === 0x20 || (byte !== undefined && byte >= 0x09 && byte <= 0x0d)
  let start = 0
  let end = bytes.length
  while (start < end && blank(bytes[start])) start++
  while (end > start && blank(bytes[end - 1])) end--
  return bytes.subarray(start, end)
}

function kindOf(value: unknown): string {
  if (Array.isArray(value)) return 'an array'
  if (typeof value === 'object') return value?.constructor?.name ?? 'null'
  return typeof value
}

/**
 * JSON.parse knows neither big integers nor Python's NaN and Infinity: they are marked first, outside strings.
 * Throws where Python does, or where recursion over the result would end in a stack overflow.
 */
function parse(text: string): NodeObject {
  const value = (SPECIAL.test(text) ? parseMarked(text) : JSON.parse(text)) as NodeObject
  checkDepth(value)
  return value
}

function parseMarked(text: string): unknown {
  const marked = text.replace(TOKENS, token => {
    const special = token in LITERALS || isUnsafeInteger(token)
    return special && !token.startsWith('"') ? `{"${MARK}":"${token}"}` : token
  })
  return JSON.parse(marked, (_key, item: unknown) =>
    typeof item === 'object' && item !== null && MARK in item
      ? unmark(String((item as Record<string, unknown>)[MARK]))
      : item,
  )
}

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
/** What only the slower way can read, or something that looks like it inside a string. */
const SPECIAL = /NaN|Infinity|\d{16}/
/** Strings first, so that nothing inside them counts; without its end quote, a string takes all the rest. */
const TOKENS = /"[^"\\]*(?:\\.[^"\\]*)*"?|-?Infinity|NaN|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/gs
/** Nobody who writes data knows it. As an object, what is marked cannot stand for a key. */
const MARK: string = randomUUID()
const SPECIAL_NUMBER = new RegExp(`"${MARK}(-?\\d+|NaN|-?Infinity)"`, 'g')
const LITERALS: Readonly<Record<string, number>> = {
  NaN: Number.NaN,
  Infinity: Number.POSITIVE_INFINITY,
  '-Infinity': Number.NEGATIVE_INFINITY,
}
/** Python's own limit: the time that it takes to read a number grows faster than its length. */
const MOST_DIGITS = 4300
const DEEPEST = 500

function unmark(token: string): Json {
  if (token.length > MOST_DIGITS) throw new RangeError(`an integer of ${token.length} digits`)
  return LITERALS[token] ?? BigInt(token)
}

function isUnsafeInteger(token: string): boolean {
  return /^-?\d{16,}$/.test(token) && !Number.isSafeInteger(Number(token))
}

function checkDepth(top: Json): void {
  let level: readonly Json[] = [top]
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > DEEPEST) throw new RangeError(`more than ${DEEPEST} levels`)
    level = level.flatMap(item => (typeof item === 'object' && item !== null ? Object.values(item) : []))
  }
}
