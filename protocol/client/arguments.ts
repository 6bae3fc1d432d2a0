// The arguments of operations, checked before anything is sent.
import { Buffer } from 'node:buffer'
import type { CreateMode, CreateModeFacts } from '../create-mode.ts'
import { createModes, MAX_TTL } from '../create-mode.ts'
import { InvalidArgumentError } from '../errors.ts'

/** Bytes of a znode; a string is written as UTF-8. null and empty are different things. */
export type Data = Uint8Array | string | null

export function toBytes(data: Data): Uint8Array | null {
  if (data === null || data instanceof Uint8Array) return data
  if (typeof data === 'string') return Buffer.from(data, 'utf8')
  throw new InvalidArgumentError('data', 'bytes, a string or null', data)
}

/** The bytes as they are now, for what may be written more than once: meanwhile, the caller may use its buffer again. */
export function ownBytes(data: Data): Uint8Array | null {
  return data instanceof Uint8Array ? Buffer.from(data) : toBytes(data)
}

/** -1 matches any version. */
export function checkedVersion(version = -1): number {
  if ((version | 0) !== version) throw new InvalidArgumentError('version', 'an integer', version)
  return version
}

export function checkedMode(mode: CreateMode = 'persistent'): CreateModeFacts {
  if (Object.hasOwn(createModes, mode)) return createModes[mode]
  throw new InvalidArgumentError('mode', 'a create mode', mode)
}

/** Milliseconds. */
export function checkedTtl(ttl: number | undefined): number {
  if (ttl !== undefined && Number.isInteger(ttl) && ttl >= 1 && ttl <= MAX_TTL) return ttl
  throw new InvalidArgumentError('ttl', `an integer from 1 to ${MAX_TTL}`, ttl)
}
