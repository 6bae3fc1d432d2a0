// What an owner wants of its node, and how far it has come.
import { Buffer } from 'node:buffer'
import type { NodeData } from './codec.ts'
import type { Encoding } from './encoding.ts'
import { holdsAs } from './encoding.ts'

/** What becomes of a path on which a znode of somebody else stands; see `SetOptions.conflict`. */
export type Conflict = 'wait' | 'fail' | 'takeover'

/** What the owner wants: a node with this data, in these bytes, or none. */
export type Wanted =
  | {
      readonly kind: 'present'
      readonly data: NodeData
      readonly encoding: Encoding
      readonly bytes: Uint8Array
      readonly conflict: Conflict
    }
  | { readonly kind: 'absent' }

/** `settled`: as wanted, as far as is known. */
export type Standing = 'pending' | 'settled' | 'blocked'

/** Process and time of writing do not count: two that write the same need not correct each other. */
export function isAsWanted(
  present: Uint8Array | null,
  wanted: Extract<Wanted, { kind: 'present' }>,
): boolean {
  if (present === null) return false
  return Buffer.compare(present, wanted.bytes) === 0 || holdsAs(present, wanted.data, wanted.encoding)
}
