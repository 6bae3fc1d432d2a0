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

/**
 * - `server`: the watch is in the table, and armed on each connection with the others.
 * - `emulated`: the server at hand does not know such watches; `returning`: this one is being asked whether it does.
 */
type Armed =
  | { readonly kind: 'none' }
  | { readonly kind: 'server' }
  | { readonly kind: 'emulated'; readonly watch: EmulatedWatch; returning: boolean }

const NONE: Armed = { kind: 'none' }
const SERVER: Armed = { kind: 'server' }

export class WatchSubscription {
  readonly #core: ClientCore
  readonly #chroot: string
  readonly #serverPath: string
  readonly #kind: PersistentKind
  #armed: Armed = NONE
  #watcher: Watcher = () => {}
  #unsubscribe = (): void => {}

  constructor(core: ClientCore, chroot: string, path: string, recursive: boolean) {
    this.#core = core
    this.#chroot = chroot
    this.#serverPath = intoChroot(chroot, path)
    this.#kind = recursive ? 'recursive' : 'persistent'
  }

  /** Rejects when the signal aborts. */
  async arm(watcher: Watcher, signal: AbortSignal): Promise<void> {
    this.#watcher = event => watcher({ ...event, path: outOfChroot(this.#chroot, event.path) })
    this.#armed = SERVER
    // The request itself is not aborted: nobody would hear its answer, and the watch would stay on the server.
    const added = this.#add()
    try {
      await abortable(added, signal)
      this.#follow()
    } catch (error) {
      added.then(() => this.#remove()).catch(() => {})
      if (!(error instanceof UnsupportedError)) throw error
      const watch = this.#emulate()
      this.#follow()
      await abortable(watch.start(), signal)
    }
  }

  disarm(): void {
    const armed = this.#armed
    this.#armed = NONE
    this.#unsubscribe()
    if (armed.kind === 'server') this.#remove()
    else if (armed.kind === 'emulated') armed.watch.stop()
  }

  /** Each connection may lead to a server of another release. */
  #follow(): void {
    this.#unsubscribe = this.#core.events.on('state', ({ state, previous }) => {
      if (isLinked(state) && !isLinked(previous)) this.#linked()
    })
  }

  #linked(): void {
    const armed = this.#armed
    const lacks = this.#core.lacksPersistentWatches
    if (armed.kind === 'server' && lacks) {
      this.#core.persistentWatches.drop(this.#kind, this.#serverPath, this.#watcher)
      this.#emulate().takeOver()
    } else if (armed.kind === 'emulated') {
      armed.watch.resync()
      if (!lacks && !armed.returning) void this.#comeBack(armed)
    }
  }

  #emulate(): EmulatedWatch {
    const recursive = this.#kind === 'recursive'
    const watch = new EmulatedWatch(this.#port(), this.#serverPath, recursive, this.#watcher)
    this.#armed = { kind: 'emulated', watch, returning: false }
    return watch
  }

  /** The emulation goes on until the server has armed the real watch; what may fall between the two is a gap. */
  async #comeBack(armed: Extract<Armed, { kind: 'emulated' }>): Promise<void> {
    armed.returning = true
    try {
      await this.#add()
    } catch {
      // The next connection is asked again, and nothing is missed until then.
      armed.returning = false
      return
    }
    if (this.#armed !== armed) return this.#remove()
    armed.watch.stop()
    this.#armed = SERVER
    // Before 3.9 a read of the emulation may have taken the place of the watch.
    this.#core.persistentWatches.restore(this.#serverPath)
    this.#watcher({ type: 'resync', path: this.#serverPath, zxid: null })
  }

  #add(): Promise<void> {
    return this.#core.persistentWatches.add(this.#kind, this.#serverPath, this.#watcher)
  }

  #remove(): void {
    this.#core.persistentWatches.remove(this.#kind, this.#serverPath, this.#watcher)
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
