// Turns the nodes of a listing into instances: each is read once for each write, and the unreadable are left out.
import { ServiceRegistryError } from '../errors.ts'
import type { InstanceFormat } from '../formats/format.ts'
import type { Instance } from '../formats/instance.ts'
import { unreadable } from '../formats/instance.ts'
import type { ListedNode } from './listing.ts'

/** By id. */
export type Instances = ReadonlyMap<string, Instance>

interface Entry {
  readonly czxid: bigint
  readonly mzxid: bigint
  /** null: cannot be read; it was told once. */
  readonly instance: Instance | null
}

export interface InstanceListPort {
  readonly path: string
  readonly service: string
  readonly format: InstanceFormat
  /** INVALID_INSTANCE: a node is left out. */
  warning(error: unknown): void
}

export class InstanceList {
  readonly #port: InstanceListPort
  #entries = new Map<string, Entry>()

  constructor(port: InstanceListPort) {
    this.#port = port
  }

  /** Of two nodes with one id, the one that was created later counts. */
  read(nodes: ReadonlyMap<string, ListedNode>): Instances {
    const entries = new Map<string, Entry>()
    const newest = new Map<string, { readonly czxid: bigint; readonly instance: Instance }>()
    for (const [node, listed] of nodes) {
      if (!this.#counts(node)) continue
      const known = this.#entries.get(node)
      const same = known?.czxid === listed.czxid && known.mzxid === listed.mzxid
      const entry = same ? known : this.#decode(node, listed)
      entries.set(node, entry)
      if (entry.instance === null) continue
      const other = newest.get(entry.instance.id)
      if (other !== undefined && other.czxid > entry.czxid) continue
      newest.set(entry.instance.id, { czxid: entry.czxid, instance: entry.instance })
    }
    this.#entries = entries
    return new Map([...newest].map(([id, { instance }]) => [id, instance]))
  }

  #decode(node: string, { data, czxid, mzxid }: ListedNode): Entry {
    const { format, service } = this.#port
    try {
      const instance = format.decode({ node, data, service })
      // A format of the caller's own may give anything.
      if (typeof instance?.id !== 'string') throw unreadable('the format gave no instance')
      return { czxid, mzxid, instance }
    } catch (error) {
      this.#port.warning(this.#leftOut(node, error))
      return { czxid, mzxid, instance: null }
    }
  }

  #counts(node: string): boolean {
    try {
      return this.#port.format.isInstance(node)
    } catch (error) {
      this.#port.warning(this.#leftOut(node, error))
      return false
    }
  }

  #leftOut(node: string, cause: unknown): ServiceRegistryError {
    const { path, format } = this.#port
    const short = node.length > 100 ? `${node.slice(0, 100)}...` : node
    const why = cause instanceof Error ? cause.message : String(cause)
    const message = `${path}: ${short} is no instance in the format ${format.name}: ${why}`
    return new ServiceRegistryError('INVALID_INSTANCE', message, { path, cause })
  }
}
