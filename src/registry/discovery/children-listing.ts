// The listing of one znode through a cache of its children: one watch, and one read for each node that changed.
import type { ZooKeeperView } from '../../../protocol/index.ts'
import { nameOf } from '../../../protocol/index.ts'
import { deferred, handled } from '../../../protocol/support/deferred.ts'
import { ChildrenCache } from '../../cache/children-cache.ts'
import type { ListedNode, Listing, ListingSource } from './listing.ts'

export class ChildrenListing implements ListingSource {
  readonly ready: Promise<void>
  readonly #ready = deferred<void>()
  readonly #warn: (error: unknown) => void
  readonly #listeners = new Set<() => void>()
  readonly #zk: ZooKeeperView
  readonly #path: string
  readonly #unsubscribe: () => void
  #cache: ChildrenCache
  /** What was shown before the client was closed, until it is known anew. */
  #before: Listing | null = null
  #nodes: { readonly of: object; readonly map: ReadonlyMap<string, ListedNode> } | null = null

  constructor(zk: ZooKeeperView, path: string, warn: (error: unknown) => void) {
    this.#warn = warn
    this.ready = handled(this.#ready.promise)
    this.#zk = zk
    this.#path = path
    this.#cache = this.#open()
    // A cache ends with its client, and the registry may be started again.
    this.#unsubscribe = zk.on('state', ({ state }) => {
      if (this.#cache.state === 'closed' && state !== 'closed' && state !== 'authFailed') this.#reopen()
    })
  }

  get listing(): Listing {
    const { current, asOf } = this.#cache
    if (asOf === null && this.#before !== null) return this.#before
    // Right after this process stood still, nothing has told yet that the session is gone.
    return { nodes: this.#map(), live: current && this.#zk.sessionRemaining > 0, asOf }
  }

  listen(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  stop(): void {
    this.#unsubscribe()
    this.#listeners.clear()
    void this.#cache.close()
  }

  #reopen(): void {
    this.#before = { ...this.listing, live: false }
    this.#cache = this.#open()
  }

  #open(): ChildrenCache {
    const cache = new ChildrenCache(this.#zk, this.#path)
    const tell = (): void => {
      for (const listener of [...this.#listeners]) listener()
    }
    cache.on('changes', tell)
    cache.on('state', tell)
    cache.on('warning', this.#warn)
    // Where the client is closed before, a later cache may be ready.
    cache.start().then(this.#ready.resolve, () => {})
    return cache
  }

  #map(): ReadonlyMap<string, ListedNode> {
    // The same object until something changes.
    const snapshot = this.#cache.snapshot()
    if (this.#nodes?.of === snapshot) return this.#nodes.map
    const map = new Map<string, ListedNode>()
    for (const { path, data, stat } of snapshot.children.values()) {
      map.set(nameOf(path), { data, czxid: stat.czxid, mzxid: stat.mzxid })
    }
    this.#nodes = { of: snapshot, map }
    return map
  }
}
