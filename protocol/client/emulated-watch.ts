// Persistent watches for servers before 3.6, made of one-shot ones: one pair for each znode that is watched.
import { ZooKeeperError } from '../errors.ts'
import { childOf, nameOf, parentOf } from '../paths.ts'
import type { Stat } from '../records/data.ts'
import type { NodeEventType, WatchedEvent, Watcher } from '../session/watch-table.ts'

/** The reads that carry the one-shot watches. */
export interface EmulationPort {
  exists(path: string, watcher: Watcher): Promise<Stat | null>
  getChildren(path: string, watcher: Watcher): Promise<{ readonly children: readonly string[] }>
  /** Takes back the watches of a watcher that have not fired. */
  forget(path: string, watcher: Watcher): void
  warning(error: unknown): void
}

/**
 * Each event is passed on at once; then the znode is read again with a watch, and what the reading shows to be otherwise
 * is told as an event too. Between an event and that reading, changes fold into one; a child that comes and goes in that
 * time is not reported. One-shot watches report what changed during an outage, so a gap is told all the same.
 */
export class EmulatedWatch {
  readonly #port: EmulationPort
  readonly #root: string
  readonly #recursive: boolean
  readonly #watcher: Watcher
  /** The znodes that are there as far as the reader was told, with the names of the children watched. */
  readonly #known = new Map<string, Set<string>>()
  /** Znodes whose reading failed: they, or their children, are not watched until the next gap. */
  readonly #unread = new Set<string>()
  /** The newest look at a znode, while it is under way. */
  readonly #looks = new Map<string, Promise<Stat | null>>()
  #stopped = false

  constructor(port: EmulationPort, root: string, recursive: boolean, watcher: Watcher) {
    this.#port = port
    this.#root = root
    this.#recursive = recursive
    this.#watcher = watcher
  }

  /** Resolves when everything that is there is watched. */
  start(): Promise<void> {
    return this.#visit(this.#root, false)
  }

  /** In place of a watch that the server at hand does not know: when all is watched, the reader reads again. */
  takeOver(): void {
    const watched = this.#visit(this.#root, false).then(() => {
      if (!this.#stopped) this.#watcher({ type: 'resync', path: this.#root, zxid: null })
    })
    this.#background(this.#root, watched)
  }

  /** After a gap: the reader reads again, and so is what could not be read before. */
  resync(): void {
    this.#watcher({ type: 'resync', path: this.#root, zxid: null })
    const paths = [...this.#unread]
    this.#unread.clear()
    for (const path of paths) this.#background(path, this.#visit(path, true))
  }

  stop(): void {
    this.#stopped = true
    for (const path of new Set([...this.#known.keys(), this.#root])) {
      this.#port.forget(path, this.#onNode)
      this.#port.forget(path, this.#onChildren)
    }
    this.#known.clear()
  }

  /** Both reads go out at once, before the reader can read anything: it misses nothing that they do not show. */
  async #visit(path: string, announce: boolean): Promise<void> {
    await Promise.all([this.#look(path, announce), this.#list(path, announce)])
  }

  async #look(path: string, announce: boolean): Promise<void> {
    const look = this.#port.exists(path, this.#onNode)
    this.#looks.set(path, look)
    let stat: Stat | null
    try {
      // Not a turn later: an event right behind the answer would be heard before it.
      stat = await look
    } finally {
      if (this.#looks.get(path) === look) this.#looks.delete(path)
    }
    if (this.#stopped) return this.#port.forget(path, this.#onNode)
    if (stat !== null) return this.#arrive(path, announce)
    this.#leave(path, null)
    // Its parent tells when there is another one. Names that never come back would leave ever more watches behind.
    // A look behind this one may find it, and needs its watch.
    if (path !== this.#root && !this.#looks.has(path)) this.#port.forget(path, this.#onNode)
  }

  async #list(path: string, announce: boolean): Promise<void> {
    const children = await this.#children(path)
    if (this.#stopped) return this.#port.forget(path, this.#onChildren)
    const names = this.#known.get(path)
    if (!this.#recursive || names === undefined) return
    const fresh = children.filter(name => !names.has(name))
    const paths = fresh.map(name => childOf(path, name))
    for (const child of paths) this.#arrive(child, announce)
    await Promise.all(paths.map(child => this.#visit(child, announce)))
  }

  /** None where there is no znode: the other watch of the pair tells. None where READ is not granted, as in a real watch. */
  async #children(path: string): Promise<readonly string[]> {
    try {
      return (await this.#port.getChildren(path, this.#onChildren)).children
    } catch (error) {
      if (ZooKeeperError.is(error, 'NO_NODE')) return []
      if (!ZooKeeperError.is(error, 'NO_AUTH')) throw error
      this.#unread.add(path)
      if (!this.#stopped) this.#port.warning(error)
      return []
    }
  }

  readonly #onNode: Watcher = ({ type, path, zxid }) => {
    if (this.#stopped || type === 'resync' || type === 'nodeChildrenChanged') return
    const isRoot = path === this.#root
    // Left over from a znode that went: its parent tells when there is another one.
    if (!isRoot && !this.#known.has(path)) return
    if (type === 'nodeDataChanged') this.#emit(type, path, zxid)
    else if (type === 'nodeDeleted') this.#leave(path, zxid)
    else this.#arrive(path, true, zxid)
    if (type === 'nodeDataChanged') this.#background(path, this.#look(path, true))
    else if (isRoot || type === 'nodeCreated') this.#background(path, this.#visit(path, true))
  }

  readonly #onChildren: Watcher = ({ type, path, zxid }) => {
    // The deletion itself comes through the other watch of the pair.
    if (this.#stopped || type !== 'nodeChildrenChanged') return
    if (!this.#recursive) this.#emit(type, path, zxid)
    this.#background(path, this.#list(path, true))
  }

  #arrive(path: string, announce: boolean, zxid: WatchedEvent['zxid'] = null): void {
    if (this.#known.has(path)) return
    this.#known.set(path, new Set())
    if (path !== this.#root) this.#known.get(parentOf(path))?.add(nameOf(path))
    if (announce) this.#emit('nodeCreated', path, zxid)
  }

  #leave(path: string, zxid: WatchedEvent['zxid']): void {
    if (!this.#known.delete(path)) return
    if (path !== this.#root) this.#known.get(parentOf(path))?.delete(nameOf(path))
    this.#emit('nodeDeleted', path, zxid)
  }

  #emit(type: NodeEventType, path: string, zxid: WatchedEvent['zxid']): void {
    this.#watcher({ type, path, zxid })
  }

  /** What cannot be read leaves a gap, and says so; it is read again after the next one. */
  #background(path: string, task: Promise<unknown>): void {
    task.catch(error => {
      if (this.#stopped) return
      this.#unread.add(path)
      this.#port.warning(error)
      this.#watcher({ type: 'resync', path: this.#root, zxid: null })
    })
  }
}
