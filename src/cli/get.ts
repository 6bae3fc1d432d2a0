// The get command: reads a path, or all below it, with one-off reads that leave no watches behind.
import type { ZooKeeper } from '../../protocol/index.ts'
import { childOf, ZooKeeperError } from '../../protocol/index.ts'
import { decode } from '../registry/codec.ts'
import type { Branch } from './format/branch.ts'

export interface ReadingOptions {
  readonly data: boolean
  readonly recursive: boolean
}

export interface Reading {
  /** null: there is no node. */
  readonly branch: Branch | null
  /** Paths below the first that may not be read; they are in the branch, without data and children. */
  readonly denied: readonly string[]
}

/** The reads that a walk is made of. */
export type Reader = Pick<ZooKeeper, 'exists' | 'get' | 'getChildren'>

/** Enough to hide the way to the server and back, few enough to leave it to others too. */
const REQUESTS_AT_ONCE = 32

/** Errors: NO_AUTH for the path itself; those of the connection. What vanishes on the way is left out. */
export async function readTree(reader: Reader, path: string, options: ReadingOptions): Promise<Reading> {
  const walk = new Walk(reader, options)
  const branch = await walk.visit(path, true)
  return { branch, denied: walk.denied.sort() }
}

class Walk {
  readonly denied: string[] = []
  readonly #reader: Reader
  readonly #options: ReadingOptions
  readonly #waiting: (() => void)[] = []
  #running = 0
  /** The first one: what is still under way fails with it too. */
  #failure: { readonly error: unknown } | null = null

  constructor(reader: Reader, options: ReadingOptions) {
    this.#reader = reader
    this.#options = options
  }

  async visit(path: string, first: boolean): Promise<Branch | null> {
    try {
      return await this.#read(path)
    } catch (error) {
      if (ZooKeeperError.is(error, 'NO_NODE')) return null
      if (first || !ZooKeeperError.is(error, 'NO_AUTH')) {
        this.#failure ??= { error }
        throw error
      }
      this.denied.push(path)
      return { path }
    }
  }

  async #read(path: string): Promise<Branch> {
    const { data: withData, recursive } = this.#options
    if (!withData && !recursive) return this.#mustExist(path)
    const node = withData ? await this.#request(() => this.#reader.get(path)) : null
    const data = node === null ? {} : { data: decode(node.data) }
    if (!recursive) return { path, ...data }
    // The Stat that came with the data tells leaves apart, and most nodes are leaves.
    if (node?.stat.numChildren === 0) return { path, ...data, children: [] }
    const { children: names } = await this.#request(() => this.#reader.getChildren(path))
    const children = await Promise.all(names.toSorted().map(name => this.visit(childOf(path, name), false)))
    return { path, ...data, children: children.filter(child => child !== null) }
  }

  async #mustExist(path: string): Promise<Branch> {
    const stat = await this.#request(() => this.#reader.exists(path))
    if (stat === null) throw new ZooKeeperError('NO_NODE', { path })
    return { path }
  }

  /** Runs the request when it is its turn; none starts after a failure. */
  async #request<T>(send: () => Promise<T>): Promise<T> {
    if (this.#running >= REQUESTS_AT_ONCE) await new Promise<void>(resolve => this.#waiting.push(resolve))
    else this.#running++
    try {
      if (this.#failure !== null) throw this.#failure.error
      return await send()
    } finally {
      // The turn passes to the next in line without becoming free in between.
      const next = this.#waiting.shift()
      if (next === undefined) this.#running--
      else next()
    }
  }
}
