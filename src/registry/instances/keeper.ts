// Keeps the node of one instance, whatever its naming: by its name, by a number, or by a name that its data changes.
import { childOf } from '../../../protocol/index.ts'
import type { InstanceFormat } from '../formats/format.ts'
import type { Instance } from '../formats/instance.ts'
import type { SequentialNode } from './sequential-node.ts'

/** What a wait is bounded by; a node that is wanted stays wanted. */
export interface KeepOptions {
  readonly timeout?: number | undefined
  readonly signal?: AbortSignal | undefined
}

export interface Keeper {
  /** The node, or null where it has no number yet. */
  readonly path: string | null
  keep(instance: Instance, options: KeepOptions): Promise<void>
  release(options: KeepOptions): Promise<void>
  /** After a release that had no connection: the node is taken away by itself when there is one. */
  letGo(): void
  /** Ends looking after the node. */
  stop(): void
}

export interface NamedPort {
  /** Waits for one that is about to leave. Errors: TYPE_CONFLICT where another instance is registered. */
  claim(path: string): Promise<void>
  free(path: string): void
  keep(path: string, bytes: Uint8Array, options: KeepOptions): Promise<void>
  /** Resolves when the node at the path stands, however long that takes, or is gone with its session. */
  standing(path: string): Promise<void>
  /** Resolves also where somebody else wants the path by now. */
  release(path: string, options: KeepOptions): Promise<void>
}

/** The name may follow from the data, as in Dubbo: then the new node stands before the old one goes. */
export class NamedKeeper implements Keeper {
  readonly #format: InstanceFormat
  readonly #folder: string
  readonly #port: NamedPort
  #path: string | null = null
  /** Names of before that may still stand. */
  readonly #former = new Set<string>()

  constructor(format: InstanceFormat, folder: string, port: NamedPort) {
    this.#format = format
    this.#folder = folder
    this.#port = port
  }

  get path(): string | null {
    return this.#path
  }

  async keep(instance: Instance, options: KeepOptions): Promise<void> {
    const path = childOf(this.#folder, this.#format.nodeName(instance))
    const bytes = this.#format.encode(instance)
    if (path !== this.#path) await this.#move(path)
    try {
      await this.#port.keep(path, bytes, options)
    } catch (error) {
      if (this.#former.size > 0) this.#tidyLater(path)
      throw error
    }
    await this.#releaseFormer(options)
  }

  async release(options: KeepOptions): Promise<void> {
    if (this.#path !== null) this.#former.add(this.#path)
    this.#path = null
    await this.#releaseFormer(options)
  }

  /** What looks after the nodes is the port's. */
  letGo(): void {
    this.stop()
  }

  stop(): void {
    for (const path of [this.#path, ...this.#former]) if (path !== null) this.#port.free(path)
  }

  async #move(path: string): Promise<void> {
    if (!this.#former.delete(path)) await this.#port.claim(path)
    if (this.#path !== null) this.#former.add(this.#path)
    this.#path = path
  }

  /** What is wanted stays wanted: once it stands, the names of before go. */
  #tidyLater(path: string): void {
    const tidy = async (): Promise<void> => {
      await this.#port.standing(path)
      if (this.#path === path) await this.#releaseFormer({})
    }
    // A later change, or the end, tries again.
    tidy().catch(() => {})
  }

  /** All of them, also where one fails: each is then not wanted any more. */
  async #releaseFormer(options: KeepOptions): Promise<void> {
    const release = async (path: string): Promise<void> => {
      await this.#port.release(path, options)
      // It may have become the name again meanwhile.
      if (this.#former.delete(path)) this.#port.free(path)
    }
    const outcomes = await Promise.allSettled([...this.#former].map(release))
    const failure = outcomes.find(outcome => outcome.status === 'rejected')
    if (failure !== undefined) throw failure.reason
  }
}

export type Patiently = (options: KeepOptions, task: () => Promise<void>) => Promise<void>

export class SequentialKeeper implements Keeper {
  readonly #format: InstanceFormat
  readonly #node: SequentialNode
  readonly #patiently: Patiently

  constructor(format: InstanceFormat, node: SequentialNode, patiently: Patiently) {
    this.#format = format
    this.#node = node
    this.#patiently = patiently
  }

  get path(): string | null {
    return this.#node.path
  }

  async keep(instance: Instance, options: KeepOptions): Promise<void> {
    const bytes = this.#format.encode(instance)
    await this.#patiently(options, () => this.#node.want(bytes))
  }

  async release(options: KeepOptions): Promise<void> {
    await this.#patiently(options, () => this.#node.want(null))
    this.#node.stop()
  }

  letGo(): void {}

  stop(): void {
    this.#node.stop()
  }
}
