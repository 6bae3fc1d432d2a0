// One reader of a persistent watch: on the server where it knows such watches, made of one-shot ones where not.
import { UnsupportedError } from '../errors.ts'
import { operations } from '../operations.ts'
import { intoChroot, outOfChroot } from '../paths.ts'
import { isLinked } from '../session/states.ts'
import type { Watcher } from '../session/watch-table.ts'
import { abortable } from '../support/abort.ts'
import type { ClientCore } from './core.ts'
import type { EmulationPort } from './emulated-watch.ts'
import { EmulatedWatch } from './emulated-watch.ts'
import type { PersistentKind } from './persistent-watches.ts'

type Armed =
  | { readonly kind: 'none' }
  | { readonly kind: 'server'; readonly watcher: Watcher }
  | { readonly kind: 'emulated'; readonly watch: EmulatedWatch; readonly unsubscribe: () => void }

export class WatchSubscription {
  readonly #core: ClientCore
  readonly #chroot: string
  readonly #serverPath: string
  readonly #kind: PersistentKind
  #armed: Armed = { kind: 'none' }

  constructor(core: ClientCore, chroot: string, path: string, recursive: boolean) {
    this.#core = core
    this.#chroot = chroot
    this.#serverPath = intoChroot(chroot, path)
    this.#kind = recursive ? 'recursive' : 'persistent'
  }

  /** Rejects when the signal aborts. */
  async arm(watcher: Watcher, signal: AbortSignal): Promise<void> {
    const inside: Watcher = event => watcher({ ...event, path: outOfChroot(this.#chroot, event.path) })
    this.#armed = { kind: 'server', watcher: inside }
    const { persistentWatches } = this.#core
    // The request itself is not aborted: nobody would hear its answer, and the watch would stay on the server.
    const added = persistentWatches.add(this.#kind, this.#serverPath, inside)
    try {
      await abortable(added, signal)
    } catch (error) {
      this.disarm()
      added.then(() => persistentWatches.remove(this.#kind, this.#serverPath, inside)).catch(() => {})
      if (!(error instanceof UnsupportedError)) throw error
      await this.#emulate(inside, signal)
    }
  }

  disarm(): void {
    const armed = this.#armed
    this.#armed = { kind: 'none' }
    if (armed.kind === 'server') {
      this.#core.persistentWatches.remove(this.#kind, this.#serverPath, armed.watcher)
    } else if (armed.kind === 'emulated') {
      armed.unsubscribe()
      armed.watch.stop()
    }
  }

  async #emulate(watcher: Watcher, signal: AbortSignal): Promise<void> {
    const watch = new EmulatedWatch(this.#port(), this.#serverPath, this.#kind === 'recursive', watcher)
    const unsubscribe = this.#core.events.on('state', ({ state, previous }) => {
      if (isLinked(state) && !isLinked(previous)) watch.resync()
    })
    this.#armed = { kind: 'emulated', watch, unsubscribe }
    await abortable(watch.start(), signal)
  }

  /** The reads wait as long as it takes, for without them the stream would be deaf. */
  #port(): EmulationPort {
    const options = { timeout: Number.POSITIVE_INFINITY }
    const read = (path: string): { path: string; watch: true } => ({ path, watch: true })
    return {
      exists: (path, watcher) =>
        this.#core.submit(operations.exists, read(path), path, path, watcher, options),
      getChildren: (path, watcher) =>
        this.#core.submit(operations.getChildren, read(path), path, path, watcher, options),
      forget: (path, watcher) => this.#core.persistentWatches.forget(path, watcher),
      warning: error => this.#core.warn(error),
    }
  }
}
