// An ephemeral znode as its registration sees it: whose it is, and the only writes that are ever done to it.
import type { Stat, Watcher } from '../../protocol/index.ts'
import { ZooKeeperError } from '../../protocol/index.ts'
import type { Creations } from './creations.ts'
import type { NodePort } from './node-port.ts'
import { withParents } from './parents.ts'

/**
 * What a look at the tree found.
 * - `mine`: owned by the session at hand. `former`: by a session of ours that is over, proved by its id.
 * - `foreign`: by another session. `nobodys`: by none, a persistent node. Neither is ever simply deleted.
 */
export type Found =
  | { readonly kind: 'none' }
  | {
      readonly kind: 'mine' | 'former' | 'foreign' | 'nobodys'
      readonly stat: Stat
      readonly data: Uint8Array | null
    }

export interface OwnedNodePort extends NodePort {
  /** True for a session that is over and was ours. */
  readonly wasOurs: (sessionId: bigint) => boolean
  readonly creations: Creations
}

const EPHEMERAL = { mode: 'ephemeral' } as const

export class OwnedNode {
  readonly path: string
  readonly #port: OwnedNodePort
  readonly #watch: Watcher

  /** One function for all watches, so that they count as one. */
  constructor(path: string, port: OwnedNodePort, watch: Watcher) {
    this.path = path
    this.#port = port
    this.#watch = watch
  }

  /** Reads with a watch, so that the next change is noticed; where nothing stands, no watch is left. */
  async find(): Promise<Found> {
    const { zk } = this.#port
    const before = zk.sessionId
    try {
      const { data, stat } = await zk.get(this.path, { watch: this.#watch })
      const owner = stat.ephemeralOwner
      // Between two sessions nothing is known to be ours.
      if (before !== zk.sessionId) throw new ZooKeeperError('SESSION_EXPIRED', { path: this.path })
      return { kind: this.#kindOf(owner, before), stat, data }
    } catch (error) {
      if (!ZooKeeperError.is(error, 'NO_NODE')) throw error
      return { kind: 'none' }
    }
  }

  #kindOf(owner: bigint, session: bigint): 'mine' | 'former' | 'foreign' | 'nobodys' {
    if (owner === 0n) return 'nobodys'
    if (owner === session) return 'mine'
    return this.#port.wasOurs(owner) ? 'former' : 'foreign'
  }

  /** Creates it, with its parents; false if something stands there already. */
  async create(data: Uint8Array): Promise<boolean> {
    const { zk, acl, creations } = this.#port
    const create = (): Promise<void> => creations.create(this.path, data, acl)
    try {
      await this.#port.limited(() => withParents(zk, this.path, acl, create))
      return true
    } catch (error) {
      if (!ZooKeeperError.is(error, 'NODE_EXISTS')) throw error
      return false
    }
  }

  /** In one transaction: readers see the old node or the new one, and never none. */
  async replace(stat: Stat, data: Uint8Array): Promise<void> {
    const { zk, acl } = this.#port
    const transaction = zk
      .transaction()
      .delete(this.path, { version: stat.version })
      .create(this.path, data, acl === undefined ? EPHEMERAL : { acl, ...EPHEMERAL })
    await this.#port.limited(() => transaction.commit())
  }

  async write(stat: Stat, data: Uint8Array): Promise<void> {
    const { zk, limited } = this.#port
    await limited(() => zk.set(this.path, data, { version: stat.version }))
  }

  async remove(stat: Stat): Promise<void> {
    const { zk, limited } = this.#port
    try {
      await limited(() => zk.delete(this.path, { version: stat.version }))
    } catch (error) {
      if (!ZooKeeperError.is(error, 'NO_NODE')) throw error
    }
  }

  /** Takes the watch back. */
  forget(): void {
    this.#port.zk.removeWatch(this.path, this.#watch)
  }
}
