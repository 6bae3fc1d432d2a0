// Persistent watches: one on the server for all watchers of a path and kind here, removed with the last of them.
import { serverErrors } from '../error-codes.ts'
import { ZooKeeperError } from '../errors.ts'
import type { Operation } from '../operations.ts'
import { operations } from '../operations.ts'
import { AddWatchMode, WatcherType } from '../records/watches.ts'
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
  warning(error: unknown): void
}

export type PersistentKind = 'persistent' | 'recursive'

export class PersistentWatches {
  readonly #port: WatchPort

  constructor(port: WatchPort) {
    this.#port = port
  }

  /** Arms the watch on the server and keeps the watcher. Errors: UnsupportedError before ZooKeeper 3.6. */
  async add(kind: PersistentKind, path: string, watcher: Watcher, options: RequestOptions): Promise<void> {
    const mode = kind === 'persistent' ? AddWatchMode.persistent : AddWatchMode.persistentRecursive
    await this.#port.submit(operations.addWatch, { path, mode }, path, path, watcher, options)
  }

  /** Forgets the watcher at once, and has the server forget with the last one. */
  remove(kind: PersistentKind, path: string, watcher: Watcher): void {
    const { watches } = this.#port
    if (!watches.remove(kind, path, watcher)) return
    const type = kind === 'persistent' ? WatcherType.persistent : WatcherType.persistentRecursive
    this.#disarm(path, type).catch(async error => {
      // Before 3.9 a path has one watch of any kind: it is left alone while a one-shot watch may use it.
      if (!ZooKeeperError.is(error, 'MARSHALLING_ERROR') || this.#isUsed(path)) return
      await this.#disarm(path, WatcherType.any).catch(() => {})
    })
  }

  /** Forgets a one-shot watcher at once, and has the server forget with the last one of its kind on the path. */
  forget(path: string, watcher: Watcher): void {
    const { watches } = this.#port
    const data = watches.remove('data', path, watcher)
    const exist = watches.remove('exist', path, watcher)
    const child = watches.remove('child', path, watcher)
    // Before 3.9 the server would take the persistent watch away with them.
    if (watches.has('persistent', path) || watches.has('recursive', path)) return
    if ((data || exist) && !watches.has('data', path) && !watches.has('exist', path)) {
      void this.#disarm(path, WatcherType.data).catch(() => {})
    }
    if (child) void this.#disarm(path, WatcherType.children).catch(() => {})
  }

  /**
   * Before 3.9 a one-shot watch takes the place of a persistent one on the same path and connection. Called with each
   * one-shot read, right behind it, so that the persistent watch takes the place back: it serves both.
   */
  restore(path: string): void {
    const { watches } = this.#port
    for (const kind of ['recursive', 'persistent'] as const) {
      if (!watches.has(kind, path)) continue
      const mode = kind === 'persistent' ? AddWatchMode.persistent : AddWatchMode.persistentRecursive
      this.#port
        .submit(operations.addWatch, { path, mode }, path, path, null, {})
        .catch(error => this.#port.warning(error))
    }
  }

  async #disarm(path: string, type: number): Promise<void> {
    try {
      await this.#port.submit(operations.removeWatches, { path, type }, path, path, null, {})
    } catch (error) {
      const known = ZooKeeperError.is(error) && error.number === serverErrors.MARSHALLING_ERROR.number
      if (known) throw error
      // Without the watch, or without the connection it lived on, there is nothing left to remove.
    }
  }

  #isUsed(path: string): boolean {
    const { watches } = this.#port
    return (['data', 'exist', 'child', 'persistent', 'recursive'] as const).some(kind =>
      watches.has(kind, path),
    )
  }
}
