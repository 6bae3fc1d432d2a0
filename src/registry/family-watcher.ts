// Follows the data of all children of a path that is followed already.
import { isDeepStrictEqual } from 'node:util'
import type { WatchedEvent, ZooKeeperView } from '../../protocol/index.ts'
import { childOf, isLinked, isTerminal, ZooKeeperError } from '../../protocol/index.ts'
import { Backoff } from '../../protocol/support/backoff.ts'
import { isPassing, isSessionOver } from '../recipes/persistence.ts'
import { decode } from './codec.ts'
import { Listeners } from './listeners.ts'
import type { PathWatcher, PathWatcherPort } from './path-watcher.ts'
import type { ChildData, ChildSnapshot, Content, Sight, Source } from './snapshot.ts'
import { deepFreeze, sameStat, snapshotOf } from './snapshot.ts'

/** Reads on their way at the same time: the queue of the connection is for others too. */
const READS_AT_ONCE = 500

const UNREADABLE: ChildSnapshot = Object.freeze({ data: null, stat: null })
const NOBODY: ChildData = Object.freeze(Object.create(null))

interface Child {
  readonly shown: ChildSnapshot
  /** True while a watch will tell of the next change. */
  armed: boolean
}

/**
 * A change of one child costs one read; a new child costs the listing of the path and one read. What changes while a
 * round of reads is under way is shown together, after it.
 */
export class FamilyWatcher implements Source {
  readonly #zk: ZooKeeperView
  readonly #parent: PathWatcher
  readonly #port: PathWatcherPort
  readonly #listeners = new Listeners()
  readonly #backoff = new Backoff({ base: 200, cap: 10_000 })
  readonly #unsubscribe: readonly (() => void)[]
  readonly #children = new Map<string, Child>()
  /** True if `childData` has to be made anew. */
  #changed = false
  #content: Content & { readonly childData: ChildData }
  /** What the parent showed when the round began that gave the content. */
  #of: Content | null = null
  #asOf: number | null = null
  #shown: { readonly above: Sight; readonly live: boolean; readonly sight: Sight } | null = null
  #round: Promise<void> | null = null
  /** Children to read in the next round. */
  readonly #due = new Set<string>()
  /** True while the content is from the cache file. */
  #remembered: boolean
  #retry: ReturnType<typeof setTimeout> | null = null
  #stopped = false

  /** `remembered` was known before this process began. */
  constructor(
    zk: ZooKeeperView,
    parent: PathWatcher,
    port: PathWatcherPort,
    remembered: { readonly childData: ChildData; readonly asOf: number } | null = null,
  ) {
    this.#zk = zk
    this.#parent = parent
    this.#port = port
    this.#remembered = remembered !== null
    this.#asOf = remembered?.asOf ?? null
    const { childData } = remembered ?? { childData: NOBODY }
    this.#content = Object.freeze({ ...parent.content, childData })
    for (const [name, shown] of Object.entries(childData)) this.#children.set(name, { shown, armed: false })
    this.#unsubscribe = [
      parent.listen(() => this.#look()),
      zk.on('state', ({ state }) => {
        if (isLinked(state)) this.#linked()
        else if (isTerminal(state) && state !== 'expired') this.#disarm()
      }),
    ]
  }

  get snapshot(): Sight {
    const above = this.#parent.snapshot
    const live =
      !above.stale && this.#round === null && this.#due.size === 0 && this.#of === this.#parent.content
    const known = this.#shown
    if (known !== null && known.above === above && known.live === live) return known.sight
    const source = live ? 'live' : this.#remembered ? 'file' : 'memory'
    const sight = snapshotOf(this.#content, { source, asOf: this.#asOf, stale: !live })
    this.#shown = { above, live, sight }
    return sight
  }

  listen(listener: () => void): () => void {
    return this.#listeners.add(listener)
  }

  /** Reads what was not read yet. Without a connection it resolves at once, and catches up by itself. */
  async start(): Promise<void> {
    this.#look()
    await this.#round
  }

  /** Reads all children anew. */
  again(): void {
    this.#disarm()
    this.#look()
  }

  stop(): void {
    this.#stopped = true
    for (const off of this.#unsubscribe) off()
    this.#listeners.clear()
    if (this.#retry !== null) clearTimeout(this.#retry)
  }

  /** Takes the watches back, also those of a round that is under way. */
  forget(): void {
    const take = (): void => {
      for (const [name, { armed }] of this.#children) {
        if (armed) this.#zk.removeWatch(childOf(this.#parent.path, name), this.#onChild)
      }
    }
    take()
    this.#round?.then(take, take)
  }

  readonly #onChild = (event: WatchedEvent): void => {
    const name = event.path.slice(event.path.lastIndexOf('/') + 1)
    const child = this.#children.get(name)
    if (child === undefined) return
    child.armed = false
    // A deletion also changes the list of the path, and that decides.
    if (event.type === 'nodeDeleted') return
    this.#due.add(name)
    this.#look()
  }

  /** One round at a time. A round without a connection would only wait in the queue. */
  #look(): void {
    if (this.#stopped || this.#round !== null || this.#retry !== null || !isLinked(this.#zk.state)) return
    const { source, asOf } = this.#parent.snapshot
    if (source === 'file' || asOf === null) return
    if (this.#of === this.#parent.content && this.#due.size === 0) return
    this.#round = this.#readDue().finally(() => {
      this.#round = null
      if (this.#stopped) return
      this.#listeners.call()
      this.#look()
    })
  }

  async #readDue(): Promise<void> {
    const above = this.#parent.content
    const names = new Set(above.children)
    for (const name of this.#children.keys()) if (!names.has(name)) this.#set(name, null)
    const due = above.children.filter(name => this.#due.has(name) || this.#children.get(name)?.armed !== true)
    this.#due.clear()
    let at = 0
    const reader = async (): Promise<void> => {
      while (at < due.length && !this.#stopped) await this.#read(due[at++]!)
    }
    await Promise.all(Array.from({ length: Math.min(READS_AT_ONCE, due.length) }, reader))
    if (this.#retry === null && !isTerminal(this.#zk.state)) this.#show(above)
  }

  async #read(name: string): Promise<void> {
    const path = childOf(this.#parent.path, name)
    try {
      const { data, stat } = await this.#zk.get(path, { watch: this.#onChild })
      const shown = Object.freeze({ data: deepFreeze(decode(data)), stat: Object.freeze(stat) })
      this.#set(name, { shown, armed: true })
    } catch (error) {
      this.#failed(name, error)
    }
  }

  #failed(name: string, error: unknown): void {
    // The list of the path, which is on its way, tells whether it is there again.
    if (ZooKeeperError.is(error, 'NO_NODE')) return this.#set(name, null)
    if (ZooKeeperError.is(error, 'NO_AUTH')) {
      if (this.#children.get(name)?.shown !== UNREADABLE) this.#port.warning(error)
      return this.#set(name, { shown: UNREADABLE, armed: true })
    }
    if (this.#stopped) return
    this.#due.add(name)
    // A client that is closed may be started again.
    if (isTerminal(this.#zk.state)) return
    if (!isPassing(error) && !isSessionOver(error)) this.#port.warning(error)
    this.#retry ??= setTimeout(() => this.#retryNow(), this.#backoff.next())
  }

  /** What was read again and is equal stays the same object. */
  #set(name: string, child: Child | null): void {
    const before = this.#children.get(name)?.shown
    if (child === null) {
      if (this.#children.delete(name)) this.#changed = true
    } else if (before !== undefined && sameChild(before, child.shown)) {
      this.#children.set(name, { ...child, shown: before })
    } else {
      this.#children.set(name, child)
      this.#changed = true
    }
  }

  #show(above: Content): void {
    const { path, data, stat } = above
    const all = above.children.every(name => this.#children.has(name))
    const children = all
      ? above.children
      : Object.freeze(above.children.filter(name => this.#children.has(name)))
    const childData = this.#changed ? this.#record(children) : this.#content.childData
    this.#content = Object.freeze({ path, data, children, stat, childData })
    this.#changed = false
    this.#remembered = false
    this.#of = above
    this.#asOf = Date.now()
    this.#shown = null
    this.#backoff.reset()
  }

  #record(children: readonly string[]): ChildData {
    const record: Record<string, ChildSnapshot> = Object.create(null)
    for (const name of children) record[name] = this.#children.get(name)!.shown
    return Object.freeze(record)
  }

  /** Nothing will tell of changes, as when the client was closed: all has to be read again. */
  #disarm(): void {
    for (const child of this.#children.values()) child.armed = false
    this.#of = null
    if (this.#retry !== null) clearTimeout(this.#retry)
    this.#retry = null
  }

  /** A new connection may have permissions, and need not wait for another try. */
  #linked(): void {
    for (const [name, { shown }] of this.#children) if (shown === UNREADABLE) this.#due.add(name)
    this.#retryNow()
  }

  #retryNow(): void {
    if (this.#retry !== null) clearTimeout(this.#retry)
    this.#retry = null
    this.#look()
  }
}

function sameChild(a: ChildSnapshot, b: ChildSnapshot): boolean {
  return a.stat !== null && sameStat(a.stat, b.stat) && isDeepStrictEqual(a.data, b.data)
}
