// Which znodes a cache is about: a root, how far below it, and a filter.
import { InvalidArgumentError, validatePath } from '../../protocol/index.ts'

export interface ScopeOptions {
  readonly maxDepth: number
  readonly filter?: ((path: string) => boolean) | undefined
  /** What the filter throws. */
  warning(error: unknown): void
}

export class Scope {
  readonly root: string
  readonly maxDepth: number
  readonly #filter: ((path: string) => boolean) | undefined
  readonly #warning: (error: unknown) => void
  readonly #prefix: string

  constructor(root: string, { maxDepth, filter, warning }: ScopeOptions) {
    validatePath(root)
    const sound = maxDepth === Number.POSITIVE_INFINITY || (Number.isInteger(maxDepth) && maxDepth >= 0)
    if (!sound) throw new InvalidArgumentError('maxDepth', 'an integer from 0 on, or Infinity', maxDepth)
    if (filter !== undefined && typeof filter !== 'function') {
      throw new InvalidArgumentError('filter', 'a function', filter)
    }
    this.root = root
    this.maxDepth = maxDepth
    this.#filter = filter
    this.#warning = warning
    this.#prefix = root === '/' ? '/' : `${root}/`
  }

  /** Steps down from the root, or -1 for a path that is not below it. */
  depthOf(path: string): number {
    if (path === this.root) return 0
    if (!path.startsWith(this.#prefix)) return -1
    let depth = 1
    for (let i = this.#prefix.length; i < path.length; i++) if (path[i] === '/') depth++
    return depth
  }

  /** True for a znode whose children belong to the cache too. */
  lists(depth: number): boolean {
    return depth < this.maxDepth
  }

  /** What the filter throws leaves the znode out, and is a warning. */
  admits(path: string): boolean {
    if (this.#filter === undefined) return true
    try {
      return this.#filter(path) === true
    } catch (error) {
      this.#warning(error)
      return false
    }
  }
}
