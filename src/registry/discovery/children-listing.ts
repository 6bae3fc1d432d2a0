// The listing of one znode through a cache of its children: one watch, and one read for each node that changed.
import type { ZooKeeperView } from '../../../protocol/index.ts'
import { isLinked, nameOf } from '../../../protocol/index.ts'
import { deferred, handled } from '../../../protocol/support/deferred.ts'
import { ChildrenCache } from '../../cache/children-cache.ts'
import type { ListedNode, Listing, ListingSource } from './listing.ts'

export interface ChildrenListingPort {
  readonly warning: (error: unknown) => void
  /** What an earlier process has seen, if that is known. Asked once, and only without a connection. */
  readonly recall: () => Promise<{ readonly nodes: Listing['nodes']; readonly asOf: number } | null>
}

export class ChildrenListing implements ListingSource {
  readonly ready: Promise<void>
  readonly #ready = deferred<void>()
  readonly #port: ChildrenListingPort
  readonly #listeners = new Set<() => void>()
  readonly #zk: ZooKeeperView
  readonly #path: string
  readonly #unsubscribe: () => void
  #cache: ChildrenCache
  /** What was shown before the client was closed, or the process began, until it is known anew. */
  #before: Listing | null = null
  #nodes: { readonly of: object; readonly map: ReadonlyMap<string, ListedNode> } | null = null

  #recalling: 'not yet' | 'asked' | 'stopped' = 'not yet'

  constructor(zk: ZooKeeperView, path: string, port: ChildrenListingPort) {
    this.#port = port
    this.ready = handled(this.#ready.promise)
    this.#zk = zk
    this.#path = path
    this.#cache = this.#open()
    // A cache ends with its client, and the registry may be started again.
    this.#unsubscribe = zk.on('state', ({ state }) => {
      if (this.#cache.state === 'closed' && state !== 'closed' && state !== 'authFailed') this.#reopen()
      this.#recall()
    })
    this.#recall()
  }

  get listing(): Listing {
    const { current, asOf } = this.#cache
    if (asOf === null && this.#before !== null) return this.#before
    // Right after this process stood still, nothing has told yet that the session is gone.
    const live = current && this.#zk.sessionRemaining > 0
    return { nodes: this.#map(), live, remembered: false, asOf }
  }

  listen(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  stop(): void {
    this.#recalling = 'stopped'
    this.#unsubscribe()
    this.#listeners.clear()
    void this.#cache.close()
  }

  /** While there is a connection, the server is about to answer. */
  #recall(): void {
    if (this.#recalling !== 'not yet' || this.listing.asOf !== null || isLinked(this.#zk.state)) return
    this.#recalling = 'asked'
    const show = (known: Awaited<ReturnType<ChildrenListingPort['recall']>>): void => {
      if (known === null || this.#recalling === 'stopped' || this.listing.asOf !== null) return
      this.#before = { nodes: known.nodes, live: false, remembered: true, asOf: new Date(known.asOf) }
      this.#tell()
      this.#ready.resolve()
    }
    this.#port.recall().then(show, this.#port.warning)
  }

  #tell(): void {
    for (const listener of [...this.#listeners]) listener()
  }

  #reopen(): void {
    this.#before = { ...this.listing, live: false }
    this.#cache = this.#open()
  }

  #open(): ChildrenCache {
    const cache = new ChildrenCache(this.#zk, this.#path)
    cache.on('changes', () => this.#tell())
    cache.on('state', () => this.#tell())
    cache.on('warning', this.#port.warning)
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
