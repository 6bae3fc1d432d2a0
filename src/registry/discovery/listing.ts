// The port of a view to the tree: the nodes of the instances, whoever follows them.

export interface ListedNode {
  readonly data: Uint8Array | null
  /** Another one: another znode of the same name. */
  readonly czxid: bigint
  /** Another one: other data. */
  readonly mzxid: bigint
}

export interface Listing {
  /** By name. */
  readonly nodes: ReadonlyMap<string, ListedNode>
  /** True: as the connected server shows it. */
  readonly live: boolean
  /** True: from the cache file; no server has shown it since the view began. */
  readonly remembered: boolean
  /** When a server last showed it, to whichever process; null: never. */
  readonly asOf: Date | null
}

export interface ListingSource {
  /** Resolves when a server, or without a connection the cache file, has shown the nodes for the first time. */
  readonly ready: Promise<void>
  readonly listing: Listing
  /** Called when the nodes changed, or whether they are live. */
  listen(listener: () => void): () => void
  stop(): void
}
