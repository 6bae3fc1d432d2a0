// What callers say when they set and unset nodes, and what they are shown of what is set.
import type { NodeData } from './codec.ts'
import type { EncodingOptions } from './encoding.ts'
import type { CallOptions } from './options.ts'
import type { Conflict, Standing } from './wanted.ts'

export interface SetOptions extends EncodingOptions {
  /** False takes the node away and keeps the data for later. Default true. */
  state?: boolean | undefined
  /**
   * What to do when a znode of somebody else stands at the path of an ephemeral node; `setData` does not ask.
   * - `wait`: waits for it to go, for as long as it takes.
   * - `fail`: rejects with OWNED_BY_OTHER at once, and does not want the node any more.
   * - `takeover`: replaces it in one transaction, and warns; less and less often while the other one takes it back.
   *
   * A persistent znode is never replaced. Default: that of the registry, `wait`.
   */
  conflict?: Conflict | undefined
  /** Milliseconds until the call rejects; a node that is wanted stays wanted. Default: two session timeouts. */
  timeout?: number | undefined
  signal?: AbortSignal | undefined
}

export type BytesOptions = Pick<SetOptions, 'timeout' | 'signal'>

export interface UnsetOptions extends CallOptions {
  /** Deletes a node whoever wrote it. Default false: only what this registry wrote. */
  force?: boolean
}

/** One path that this registry has set, as far as is known here. */
export interface RegistrationStatus {
  readonly path: string
  /** `node`: ephemeral, by `setNode`. `data`: persistent, by `setData`. */
  readonly kind: 'node' | 'data'
  /** True if the node is wanted; of a data node, true while it stands. */
  readonly state: boolean
  /** The caller's data: of a node, what is wanted; of a data node, what it holds now, whoever wrote it. */
  readonly data: NodeData
  /** `settled`: as wanted. `pending`: on its way there. `blocked`: something of somebody else stands there. */
  readonly standing: Standing
}
