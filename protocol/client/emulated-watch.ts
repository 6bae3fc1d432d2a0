// Persistent watches for servers before 3.6, made of one-shot ones: one pair for each znode that is watched.
import { ZooKeeperError } from '../errors.ts'
import { childOf } from '../paths.ts'
import type { Stat } from '../records/data.ts'
import type { NodeEventType, WatchedEvent, Watcher } from '../session/watch-table.ts'

interface ReadOptions {
  watch: Watcher
}

/** The reads that carry the one-shot watches. */
export interface EmulationPort {
  exists(path: string, options: ReadOptions): Promise<Stat | null>
  getChildren(path: string, options: ReadOptions): Promise<{ readonly children: readonly string[] }>
  warning(error: unknown): void
}

/**
 * Between an event and the next read of a znode, changes of it fold into one; a child that comes and goes in that time
 * is not reported. One-shot watches report what changed during an outage, so a gap is told all the same.
 */
export class EmulatedWatch {
  readonly #port: EmulationPort
  readonly #root: string
  readonly #recursive: boolean
  readonly #watcher: Watcher
  /** Names of the children of each znode that is watched. */
  readonly #known = new Map<string, ReadonlySet<string>>()
  #stopped = false

  constructor(port: EmulationPort, root: string, recursive: boolean, watcher: Watcher) {
    this.#port = port
    this.#root = root
    this.#recursive = recursive
    this.#watcher = watcher
  }

  /** Resolves when everything that is there is watched. */
  start(): Promise<void> {
    return this.#enter(this.#root)
  }

  stop(): void {
    this.#stopped = true
    this.#known.clear()
  }

  async #enter(path: string): Promise<void> {
    const stat = await this.#port.exists(path, { watch: this.#onNode })
    if (stat !== null) await this.#list(path)
  }

  readonly #onNode: Watcher = ({ type, path, zxid }) => {
    if (this.#stopped || type === 'resync') return
    if (type === 'nodeDeleted') {
      if (path !== this.#root && !this.#known.has(path)) return
      this.#known.delete(path)
    }
    this.#emit(type, path, zxid)
    if (type === 'nodeDeleted' && path !== this.#root) return
    if (type === 'nodeDataChanged') this.#background(this.#port.exists(path, { watch: this.#onNode }))
    else this.#background(this.#enter(path))
  }

  readonly #onChildren: Watcher = ({ type, path, zxid }) => {
    // The deletion itself comes through the other watch of the pair.
    if (this.#stopped || type !== 'nodeChildrenChanged') return
    if (!this.#recursive) this.#emit(type, path, zxid)
    this.#background(this.#list(path, true))
  }

  /** Reads the children with a watch, and goes on below them. */
  async #list(path: string, announce = false): Promise<void> {
    try {
      const { children } = await this.#port.getChildren(path, { watch: this.#onChildren })
      const before = this.#known.get(path)
      this.#known.set(path, new Set(children))
      if (!this.#recursive || this.#stopped) return
      const fresh = children.filter(name => before?.has(name) !== true)
      if (announce) for (const name of fresh) this.#emit('nodeCreated', childOf(path, name), null)
      await Promise.all(fresh.map(name => this.#enter(childOf(path, name))))
    } catch (error) {
      if (!ZooKeeperError.is(error, 'NO_NODE')) throw error
    }
  }

  #emit(type: NodeEventType, path: string, zxid: WatchedEvent['zxid']): void {
    this.#watcher({ type, path, zxid })
  }

  /** What cannot be read leaves a gap, and says so. */
  #background(task: Promise<unknown>): void {
    task.catch(error => {
      if (this.#stopped) return
      this.#port.warning(error)
      this.#watcher({ type: 'resync', path: this.#root, zxid: null })
    })
  }
}
