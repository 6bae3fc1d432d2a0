// What the registry has seen, kept in the cache file: a start without ZooKeeper begins with it.
import type { Clock, Timer } from '../../protocol/support/clock.ts'
import { unreferencedClock } from '../../protocol/support/clock.ts'
import { CacheFile, MOST_PATHS } from './cache-file.ts'
import type { SavedFamily, SavedNode, SavedPath, SavedPaths } from './cache-format.ts'
import { revive, reviveListing, save, saveListing } from './cache-format.ts'
import type { ListedNode } from './discovery/listing.ts'
import { ServiceRegistryError } from './errors.ts'
import type { ChildData, ChildSnapshot, Content, Sight, Source } from './snapshot.ts'

/** Changes within this time, in milliseconds, are written together. */
const SAVE_DELAY = 500
/** How long a write waits for other processes, and how long the last one does. */
const PATIENCE = 15_000
const LAST_PATIENCE = 2000

/** What the file says of a path. */
export interface Remembered {
  readonly content: Content
  readonly asOf: number
  readonly family: { readonly childData: ChildData; readonly asOf: number } | null
}

/** The nodes below a path, as a view shows them. */
export interface SeenListing {
  readonly nodes: ReadonlyMap<string, ListedNode>
  /** Milliseconds of the wall clock. */
  readonly asOf: number
}

interface Options {
  readonly file: string
  /** The chroot of the registry: paths are kept as the server knows them. */
  readonly chroot: string
  readonly warn: (error: unknown) => void
  readonly clock?: Clock
  /** Paths that are remembered: those that changed last. */
  readonly most?: number
}

export class SnapshotCache {
  readonly #file: CacheFile
  readonly #chroot: string
  readonly #warn: (error: unknown) => void
  readonly #clock: Clock
  readonly #most: number
  readonly #changed = new Set<Source>()
  /** Listings that are to be saved, by path. */
  readonly #listings = new Map<string, SeenListing>()
  /** What this process has seen: written again each time, in case another process has lost it. */
  readonly #own = new Map<string, SavedPath>()
  #loaded: Promise<SavedPaths> | null = null
  #timer: Timer | null = null
  #saving: Promise<void> = Promise.resolve()

  constructor({ file, chroot, warn, clock = unreferencedClock, most = MOST_PATHS }: Options) {
    this.#file = new CacheFile(file, warn, undefined, most)
    this.#most = most
    this.#chroot = chroot
    this.#warn = warn
    this.#clock = clock
  }

  /** True if the file has something to begin with. */
  async filled(): Promise<boolean> {
    return (await this.#load()).size > 0
  }

  /** What is known of a path from before; null if nothing. */
  async recall(path: string): Promise<Remembered | null> {
    const { node, family } = await this.#known(path)
    if (node === undefined) return null
    return this.#sensible(path, () => ({
      content: Object.freeze({ path, ...revive(node), children: Object.freeze([...node.children]) }),
      asOf: node.asOf,
      family: family === undefined ? null : { childData: familyOf(family), asOf: family.asOf },
    }))
  }

  /** The nodes that views have seen below a path; null if none. */
  async recallListing(path: string): Promise<SeenListing | null> {
    const { listing } = await this.#known(path)
    if (listing === undefined) return null
    return this.#sensible(path, () => ({ nodes: reviveListing(listing), asOf: listing.asOf }))
  }

  /** Saves what the source shows from now on. */
  keep(source: Source): void {
    source.listen(() => {
      this.#changed.add(source)
      this.#saveSoon()
    })
  }

  /** Saves the nodes below a path; an empty list does not replace what was there. */
  keepListing(path: string, listing: SeenListing): void {
    if (listing.nodes.size === 0) return
    this.#listings.set(path, listing)
    this.#saveSoon()
  }

  /** Resolves when what changed is on disk, or cannot be written. */
  flush(): Promise<void> {
    this.#timer?.cancel()
    this.#timer = null
    return this.#save(LAST_PATIENCE)
  }

  #load(): Promise<SavedPaths> {
    this.#loaded ??= this.#file.read()
    return this.#loaded
  }

  /** Of this process, or else of the file as it was at the start. */
  async #known(path: string): Promise<SavedPath> {
    const before = (await this.#load()).get(this.#key(path))
    return { ...before, ...this.#own.get(this.#key(path)) }
  }

  /** null, with a warning, for what cannot be understood. */
  #sensible<T>(path: string, make: () => T): T | null {
    try {
      return make()
    } catch (cause) {
      const message = `cache file ${this.#file.path}: what it says of ${path} makes no sense`
      this.#warn(new ServiceRegistryError('CACHE_FILE', message, { path, cause }))
      return null
    }
  }

  #saveSoon(): void {
    this.#timer ??= this.#clock.schedule(SAVE_DELAY, () => {
      this.#timer = null
      void this.#save(PATIENCE)
    })
  }

  #save(patience: number): Promise<void> {
    this.#saving = this.#saving.then(async () => {
      const [changed, listings] = [[...this.#changed], [...this.#listings]]
      this.#changed.clear()
      this.#listings.clear()
      for (const source of changed) this.#note(source.snapshot)
      for (const [path, { nodes, asOf }] of listings) {
        this.#keep(this.#key(path), { listing: saveListing(nodes, asOf) })
      }
      if (changed.length + listings.length === 0 || this.#own.size === 0) return
      if (await this.#file.write(this.#own, patience)) return
      // With the next change, or the end, it is tried again.
      for (const source of changed) this.#changed.add(source)
      for (const [path, listing] of listings) {
        if (!this.#listings.has(path)) this.#listings.set(path, listing)
      }
    })
    return this.#saving
  }

  /** Neither an absent node nor an empty one replaces what was there. */
  #note(sight: Sight): void {
    const { path, data, children, stat, source, childData } = sight
    const asOf = sight.asOf?.getTime()
    if (asOf === undefined || source === 'file' || stat === null) return
    if (children.length === 0 && data === null) return
    const node: SavedNode = { ...save({ data, stat }), children, asOf }
    this.#keep(
      this.#key(path),
      childData === undefined ? { node } : { node, family: savedFamily(childData, asOf) },
    )
  }

  /** What is not given stays as it was. */
  #keep(key: string, parts: SavedPath): void {
    const before = this.#own.get(key)
    // Behind all others: those that changed last are the last to be forgotten.
    this.#own.delete(key)
    this.#own.set(key, { ...before, ...parts })
    for (const oldest of this.#own.keys()) {
      if (this.#own.size <= this.#most) break
      this.#own.delete(oldest)
    }
  }

  #key(path: string): string {
    return path === '/' ? this.#chroot || '/' : `${this.#chroot}${path}`
  }
}

function savedFamily(childData: ChildData, asOf: number): SavedFamily {
  const children = Object.entries(childData).map(([name, child]) => [name, save(child)] as const)
  return { asOf, children: Object.fromEntries(children) }
}

function familyOf({ children }: SavedFamily): ChildData {
  const record: Record<string, ChildSnapshot> = Object.create(null)
  for (const [name, child] of Object.entries(children)) record[name] = revive(child)
  return Object.freeze(record)
}
