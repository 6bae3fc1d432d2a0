// The tree as a cache shows it: changes in one step from one whole state to the next.
import { nameOf, parentOf } from '../../protocol/index.ts'
import type { CacheChange, CacheNode } from './node.ts'
import { changeOf } from './node.ts'

const NONE: readonly string[] = Object.freeze([])

export class Picture {
  /** A parent stands before its children. */
  readonly #nodes = new Map<string, CacheNode>()
  readonly #names = new Map<string, Set<string>>()
  /** Sorted names by parent, made when somebody asks. */
  readonly #sorted = new Map<string, readonly string[]>()

  get size(): number {
    return this.#nodes.size
  }

  get(path: string): CacheNode | null {
    return this.#nodes.get(path) ?? null
  }

  nodes(): IterableIterator<CacheNode> {
    return this.#nodes.values()
  }

  /** Names of the children, sorted and frozen; none where there is no znode. */
  children(path: string): readonly string[] {
    const names = this.#names.get(path)
    if (names === undefined) return NONE
    const present = this.#sorted.get(path)
    if (present !== undefined) return present
    const sorted = Object.freeze([...names].sort())
    this.#sorted.set(path, sorted)
    return sorted
  }

  /**
   * Takes over what `nodeOf` tells of the paths, and returns the differences: removals first and from the leaves up,
   * the rest from the top down.
   */
  apply(paths: readonly string[], nodeOf: (path: string) => CacheNode | null): readonly CacheChange[] {
    const removals: CacheChange[] = []
    const others: CacheChange[] = []
    for (const path of paths) {
      const change = changeOf(path, this.get(path), nodeOf(path))
      if (change === null) continue
      if (change.node === null) removals.push(change)
      else others.push(change)
    }
    removals.sort((a, b) => levelOf(b.path) - levelOf(a.path))
    others.sort((a, b) => levelOf(a.path) - levelOf(b.path))
    const changes = [...removals, ...others]
    for (const change of changes) this.#set(Object.freeze(change))
    return Object.freeze(changes)
  }

  #set({ path, node }: CacheChange): void {
    const parent = parentOf(path)
    if (node === null) {
      this.#nodes.delete(path)
      const names = this.#names.get(parent)
      if (!names?.delete(nameOf(path))) return
      if (names.size === 0) this.#names.delete(parent)
      this.#sorted.delete(parent)
      return
    }
    const known = this.#nodes.has(path)
    this.#nodes.set(path, node)
    if (known || path === '/') return
    const names = this.#names.get(parent) ?? new Set()
    this.#names.set(parent, names.add(nameOf(path)))
    this.#sorted.delete(parent)
  }
}

/** Steps from the root of the client; the root itself has none. */
function levelOf(path: string): number {
  if (path === '/') return 0
  let level = 0
  for (let i = 0; i < path.length; i++) if (path[i] === '/') level++
  return level
}
