// Persistent watches: one on the server for all watchers of a path and kind here, removed with the last of them.
import { UnsupportedError, ZooKeeperError } from '../errors.ts'
import type { Operation } from '../operations.ts'
import { operations } from '../operations.ts'
import { AddWatchMode, WatcherType } from '../records/watches.ts'
import type { PendingRequest } from '../session/pending-request.ts'
import type { Watcher, WatchTable } from '../session/watch-table.ts'
import type { RequestOptions } from './options.ts'

export interface WatchPort {
  readonly watches: WatchTable
  submit<Request, Reply>(
    operation: Operation<Request, Reply>,
    request: Request,
    path: string | undefined,
    serverPath: string,
    watcher: Watcher | null,
    options: RequestOptions,
  ): Promise<Reply>
  /** True when a read that will watch the path has no answer yet. */
  isArming(path: string): boolean
  /** Takes a watcher back from the reads that would arm it, and tells which they are. */
  disown(path: string, watcher: Watcher): readonly PendingRequest[]
  /** The server at hand knows persistent watches. */
  armed(): void
  warning(error: unknown): void
}

export type PersistentKind = 'persistent' | 'recursive'

const KINDS: readonly PersistentKind[] = ['recursive', 'persistent']
const ONE_SHOT = ['data', 'exist', 'child'] as const

export class PersistentWatches {
  readonly #port: WatchPort
  /** How many addWatch requests are under way, by kind and path. */
  readonly #arming = new Map<string, number>()

  constructor(port: WatchPort) {
    this.#port = port
  }

  /** Arms the watch on the server and keeps the watcher. Errors: UnsupportedError before ZooKeeper 3.6. */
  async add(kind: PersistentKind, path: string, watcher: Watcher): Promise<void> {
    const armed = this.#arm(kind, path, watcher)
    // Before 3.9 the newest mode is the only one of a path, and the recursive one serves both kinds.
    if (kind === 'persistent' && this.#isWanted('recursive', path)) this.restore(path)
    await armed
  }

  /** Forgets the watcher at once, and has the server forget with the last one. */
  remove(kind: PersistentKind, path: string, watcher: Watcher): void {
    if (!this.#port.watches.remove(kind, path, watcher)) return
    // Removed behind a request to arm it for somebody else, the watch would be gone for that one too.
    if (!this.#arming.has(keyOf(kind, path))) void this.#disarm(kind, path)
  }

  /** Forgets the watcher without a word to the server, which does not know such watches. */
  drop(kind: PersistentKind, path: string, watcher: Watcher): void {
    this.#port.watches.remove(kind, path, watcher)
  }

  /** Forgets a one-shot watcher at once, and has the server forget with the last one of its kind on the path. */
  forget(path: string, watcher: Watcher): void {
    const { watches } = this.#port
    const data = watches.remove('data', path, watcher)
    const exist = watches.remove('exist', path, watcher)
    if (watches.remove('child', path, watcher)) this.#release(path, WatcherType.children)
    if (data || exist) this.#release(path, WatcherType.data)
    // A read under way arms the watch on the server alone, with its answer.
    for (const { promise, operation } of this.#port.disown(path, watcher)) {
      const type = operation.watch === 'child' ? WatcherType.children : WatcherType.data
      promise.then(
        () => this.#release(path, type),
        () => {},
      )
    }
  }

  /** Has the server forget the one-shot watches of a kind on a path, unless somebody may need them. */
  #release(path: string, type: typeof WatcherType.children | typeof WatcherType.data): void {
    const { watches } = this.#port
    const kinds = type === WatcherType.children ? (['child'] as const) : (['data', 'exist'] as const)
    if (kinds.some(kind => watches.has(kind, path))) return
    // Before 3.9 the server would take the persistent watch away with them; a read under way needs its watch.
    if (KINDS.some(kind => this.#isWanted(kind, path)) || this.#port.isArming(path)) return
    this.#remove(path, type).catch(() => {})
  }

  /**
   * Before 3.9 a one-shot watch takes the place of a persistent one on the same path and connection. Called with each
   * one-shot read, right behind it, so that the persistent watch takes the place back: it serves both.
   */
  restore(path: string): void {
    const kind = KINDS.find(wanted => this.#isWanted(wanted, path))
    if (kind !== undefined) this.#arm(kind, path, null).catch(error => this.#port.warning(error))
  }

  async #arm(kind: PersistentKind, path: string, watcher: Watcher | null): Promise<void> {
    const { watches, submit } = this.#port
    const mode = kind === 'persistent' ? AddWatchMode.persistent : AddWatchMode.persistentRecursive
    const key = keyOf(kind, path)
    this.#arming.set(key, (this.#arming.get(key) ?? 0) + 1)
    let supported = true
    try {
      await submit(operations.addWatch, { path, mode }, path, path, watcher, {})
      this.#port.armed()
    } catch (error) {
      supported = !(error instanceof UnsupportedError)
      throw error
    } finally {
      const others = (this.#arming.get(key) ?? 1) - 1
      if (others > 0) this.#arming.set(key, others)
      else this.#arming.delete(key)
      // Those for whom it was kept may have left meanwhile.
      if (supported && others === 0 && !watches.has(kind, path)) void this.#disarm(kind, path)
    }
  }

  /** Without the watch, or without the connection it lived on, there is nothing left to remove: no error matters. */
  async #disarm(kind: PersistentKind, path: string): Promise<void> {
    try {
      await this.#remove(
        path,
        kind === 'persistent' ? WatcherType.persistent : WatcherType.persistentRecursive,
      )
    } catch (error) {
      if (!ZooKeeperError.is(error, 'MARSHALLING_ERROR')) return
      // Before 3.9 a path has one watch of any kind: it is left alone while somebody may use it.
      if (this.#isUsed(path)) this.restore(path)
      else await this.#remove(path, WatcherType.any).catch(() => {})
    }
  }

  async #remove(path: string, type: number): Promise<void> {
    await this.#port.submit(operations.removeWatches, { path, type }, path, path, null, {})
  }

  #isWanted(kind: PersistentKind, path: string): boolean {
    if (this.#port.watches.has(kind, path)) return true
    return this.#arming.size > 0 && this.#arming.has(keyOf(kind, path))
  }

  #isUsed(path: string): boolean {
    const { watches } = this.#port
    if (KINDS.some(kind => this.#isWanted(kind, path))) return true
    return ONE_SHOT.some(kind => watches.has(kind, path)) || this.#port.isArming(path)
  }
}

function keyOf(kind: PersistentKind, path: string): string {
  return `${kind} ${path}`
}
