// One reader of a persistent watch: on the server where it knows such watches, made of one-shot ones where not.
import { UnsupportedError } from '../errors.ts'
import { intoChroot, outOfChroot } from '../paths.ts'
import { isLinked } from '../session/states.ts'
import type { Watcher } from '../session/watch-table.ts'
import { abortable } from '../support/abort.ts'
import type { ClientCore } from './core.ts'
import { EmulatedWatch } from './emulated-watch.ts'
import type { NodeOperations } from './node-operations.ts'
import type { PersistentKind } from './persistent-watches.ts'

type Armed =
  | { readonly kind: 'none' }
  | { readonly kind: 'server'; readonly watcher: Watcher }
  | { readonly kind: 'emulated'; readonly watch: EmulatedWatch; readonly unsubscribe: () => void }

export class WatchSubscription {
  readonly #core: ClientCore
  readonly #nodes: NodeOperations
  readonly #chroot: string
  readonly #path: string
  readonly #serverPath: string
  readonly #kind: PersistentKind
  #armed: Armed = { kind: 'none' }

  constructor(core: ClientCore, nodes: NodeOperations, chroot: string, path: string, recursive: boolean) {
    this.#core = core
    this.#nodes = nodes
    this.#chroot = chroot
    this.#path = path
    this.#serverPath = intoChroot(chroot, path)
    this.#kind = recursive ? 'recursive' : 'persistent'
  }

  async arm(watcher: Watcher, signal: AbortSignal | undefined): Promise<void> {
    const inside: Watcher = event => watcher({ ...event, path: outOfChroot(this.#chroot, event.path) })
    this.#armed = { kind: 'server', watcher: inside }
    const { persistentWatches } = this.#core
    // The request itself is not aborted: nobody would hear its answer, and the watch would stay on the server.
    const added = persistentWatches.add(this.#kind, this.#serverPath, inside, {})
    try {
      await abortable(added, signal)
    } catch (error) {
      this.disarm()
      added.then(() => persistentWatches.remove(this.#kind, this.#serverPath, inside)).catch(() => {})
      if (!(error instanceof UnsupportedError)) throw error
      await this.#emulate(watcher)
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

  async #emulate(watcher: Watcher): Promise<void> {
    const port = {
      exists: this.#nodes.exists.bind(this.#nodes),
      getChildren: this.#nodes.getChildren.bind(this.#nodes),
      warning: (error: unknown) => this.#core.warn(error),
    }
    const watch = new EmulatedWatch(port, this.#path, this.#kind === 'recursive', watcher)
    const unsubscribe = this.#core.events.on('state', ({ state, previous }) => {
      if (isLinked(state) && !isLinked(previous)) watcher({ type: 'resync', path: this.#path, zxid: null })
    })
    this.#armed = { kind: 'emulated', watch, unsubscribe }
    await watch.start()
  }
}
