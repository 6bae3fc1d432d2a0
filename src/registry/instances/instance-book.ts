// The instances that a registry has registered, in whatever format.
import { childOf, nameOf, validatePath } from '../../../protocol/index.ts'
import { withDeadline } from '../../../protocol/support/abort.ts'
import { systemClock } from '../../../protocol/support/clock.ts'
import { handled } from '../../../protocol/support/deferred.ts'
import { NoConnectionError, ServiceRegistryError } from '../errors.ts'
import type { FormatName } from '../formats/by-name.ts'
import { formatOf } from '../formats/by-name.ts'
import type { InstanceFormat } from '../formats/format.ts'
import type { InstanceInput } from '../formats/instance.ts'
import type { Link } from '../link.ts'
import { checkCall, checkNotRoot } from '../options.ts'
import type { RegistrationBook } from '../registration-book.ts'
import type { Keeper, KeepOptions } from './keeper.ts'
import { NamedKeeper, SequentialKeeper } from './keeper.ts'
import { RegisteredInstance } from './registered-instance.ts'
import { SequentialNode } from './sequential-node.ts'

export interface RegisterOptions extends KeepOptions {
  /** How the node is written. Default `ndsr`, the registry's own. */
  format?: FormatName | InstanceFormat
}

export class InstanceBook {
  readonly #link: Link
  readonly #nodes: RegistrationBook
  readonly #warn: (error: unknown) => void
  readonly #instances = new Set<RegisteredInstance>()
  /** Who holds which node. */
  readonly #claims = new Map<string, RegisteredInstance>()

  constructor(link: Link, nodes: RegistrationBook, warn: (error: unknown) => void) {
    this.#link = link
    this.#nodes = nodes
    this.#warn = warn
  }

  /** What fails is taken back: without the answer the caller could not do it. */
  async register(path: string, input: InstanceInput, options: RegisterOptions): Promise<RegisteredInstance> {
    validatePath(path)
    checkCall(options)
    checkNotRoot(path)
    const { format: given, ...keepOptions } = options
    const format = formatOf(given)
    const instance = format.complete(input, nameOf(path), Date.now())
    this.#link.checkWritable(`register ${path}`)
    const keeper = this.#keeper(format, format.folder(path), format.nodeName(instance), () => registered)
    const registered: RegisteredInstance = new RegisteredInstance(instance, {
      keeper,
      format,
      clock: systemClock,
      left: () => this.#instances.delete(registered),
    })
    this.#instances.add(registered)
    try {
      await keeper.keep(instance, keepOptions)
    } catch (error) {
      void registered.dispose().catch(reason => this.#warn(reason))
      throw error
    }
    return registered
  }

  stop(): void {
    for (const instance of [...this.#instances]) instance.stop()
  }

  #keeper(format: InstanceFormat, folder: string, name: string, owner: () => RegisteredInstance): Keeper {
    if (format.naming === 'given') {
      return new NamedKeeper(format, folder, {
        claim: path => this.#claim(path, owner()),
        free: path => {
          if (this.#claims.get(path) === owner()) this.#claims.delete(path)
        },
        keep: (path, bytes, options) => this.#nodes.setBytes(path, bytes, options),
        standing: path => this.#nodes.standing(path),
        release: (path, options) => this.#release(path, options),
      })
    }
    const node = new SequentialNode(childOf(folder, name), {
      zk: this.#link.zk,
      acl: () => this.#link.acl,
      maxDataSize: this.#link.maxDataSize,
      taken: path => [...this.#instances].some(other => other.path === path),
      warning: this.#warn,
    })
    return new SequentialKeeper(format, node, (options, task) => this.#patiently(options, task))
  }

  async #claim(path: string, owner: RegisteredInstance): Promise<void> {
    const holder = this.#claims.get(path)
    if (holder?.registered) {
      throw new ServiceRegistryError('TYPE_CONFLICT', `${path} is registered already`, { path })
    }
    this.#claims.set(path, owner)
    await holder?.idle
  }

  async #release(path: string, options: KeepOptions): Promise<void> {
    try {
      await this.#nodes.setBytes(path, null, options)
    } catch (error) {
      if (!(error instanceof ServiceRegistryError && error.code === 'SUPERSEDED')) throw error
    }
  }

  /** A caller waits a bounded time, and not at all without a connection; what is wanted stays wanted. */
  async #patiently(options: KeepOptions, task: () => Promise<void>): Promise<void> {
    const { timeout = this.#link.zk.sessionTimeout * 2, signal } = options
    const done = handled(task())
    this.#link.checkRunning()
    if (!this.#link.connected) throw new NoConnectionError()
    await withDeadline(
      systemClock,
      timeout,
      () => new NoConnectionError(),
      signal,
      () => done,
    )
  }
}
