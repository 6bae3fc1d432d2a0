// Reading the fields of foreign JSON: each is what it should be, or the node is no instance.
import { Buffer } from 'node:buffer'
import type { Json, NodeObject } from '../codec.ts'
import { decode } from '../codec.ts'
import type { Instance } from './instance.ts'
import { instanceOf, isObject, unreadable, weightIn } from './instance.ts'

/** What cannot be a node that somebody wrote on purpose: ZooKeeper's own limit. */
const LARGEST = 1024 * 1024

/** The object in the bytes; throws INVALID_INSTANCE. */
export function objectIn(data: Uint8Array | null): NodeObject {
  if (data === null || data.length === 0) throw unreadable('no data')
  if (data.length > LARGEST) throw unreadable(`${data.length} bytes`)
  const object = decode(data)!
  if ('string_value' in object && Buffer.from(data).indexOf('string_value') < 0) throw unreadable('not JSON')
  return object
}

/** Builds an instance of what was read; what cannot be is INVALID_INSTANCE. */
export function readInstance(fields: Omit<Instance, 'attributes'> & { attributes?: NodeObject }): Instance {
  try {
    const { name, weight, registeredAt, ...input } = fields
    // What was decoded is nobody else's, and may hold what JSON has no word for.
    return instanceOf(
      { ...input, name, weight },
      { name, weight, registeredAt },
      (_field, value) => value as Json,
    )
  } catch (cause) {
    throw unreadable((cause as Error).message, cause)
  }
}

export function textIn(object: NodeObject, key: string): string {
  const value = object[key]
  if (typeof value === 'string' && value !== '') return value
  throw unreadable(`${key} is ${value === undefined ? 'missing' : 'no text'}`)
}

/** null where there is none; Java writes numbers, and others the text of one. */
export function portIn(object: NodeObject, key: string): number | null {
  const value = object[key] ?? null
  if (value === null || typeof value === 'number') return value
  throw unreadable(`${key} is no port`)
}

/** null for anything but a time. */
export function timeIn(value: Json | undefined): number | null {
  return Number.isSafeInteger(value) && (value as number) >= 0 ? (value as number) : null
}

/** Weight and zone, and the object without them; what is neither stays where it is. */
export interface Balance {
  readonly weight: number | undefined
  readonly zone: string | null
  readonly rest: NodeObject
}

export function takeBalance(object: NodeObject): Balance {
  const weight = weightIn(object.weight)
  const zone = typeof object.zone === 'string' && object.zone !== '' ? object.zone : null
  const rest = Object.entries(object).filter(
    ([key]) => !(key === 'weight' && weight !== undefined) && !(key === 'zone' && zone !== null),
  )
  return { weight, zone, rest: Object.fromEntries(rest) }
}

/** What has the texts of `data` only, for formats that know nothing else; throws through `fail`. */
export function texts(data: Json, fail: (message: string) => Error): Record<string, string> {
  if (data === null) return {}
  if (!isObject(data)) throw fail('data must be an object of texts')
  for (const [key, value] of Object.entries(data)) {
    if (typeof value !== 'string') throw fail(`data.${key} must be a text in this format`)
  }
  return { ...data } as Record<string, string>
}

/** null for an object without keys: nothing was said. */
export function orNull(object: NodeObject): Json {
  return Object.keys(object).length === 0 ? null : object
}
