// Follows the children of one znode: names, data and Stats, and the znode itself, which may come and go.
import type { ZooKeeperView } from '../../protocol/index.ts'
import { childOf } from '../../protocol/index.ts'
import type { CacheNode } from './node.ts'
import type { CacheOptions } from './options.ts'
import { ZnodeCache } from './znode-cache.ts'

/** One whole picture, frozen. */
export interface ChildrenSnapshot {
  /** The parent; null: not there, or nothing known yet. */
  readonly node: CacheNode | null
  /** By name, in the order of the names. */
  readonly children: ReadonlyMap<string, CacheNode>
}

/**
 * One watch for all of it. A write to one child costs one read; one that comes or goes costs one listing, and a read
 * of what is new.
 */
export class ChildrenCache extends ZnodeCache {
  #snapshot: ChildrenSnapshot & { readonly steps: number } = { node: null, children: new Map(), steps: 0 }

  /** Errors: InvalidPathError, InvalidArgumentError. */
  constructor(zk: ZooKeeperView, path: string, options: CacheOptions = {}) {
    super(zk, path, { maxDepth: 1 }, options)
  }

  /** The parent; null: not there, or nothing known yet. */
  get node(): CacheNode | null {
    return this.get(this.path)
  }

  /** Names of the children, sorted and frozen; none without the parent. */
  children(): readonly string[] {
    return this.namesBelow(this.path)
  }

  /** The child of that name; null: none. */
  child(name: string): CacheNode | null {
    return this.get(childOf(this.path, name))
  }

  /** All of it at one time; the same object until something changes. */
  snapshot(): ChildrenSnapshot {
    const { steps } = this
    if (this.#snapshot.steps !== steps) {
      const children = new Map<string, CacheNode>()
      for (const name of this.children()) children.set(name, this.child(name)!)
      this.#snapshot = Object.freeze({ node: this.node, children, steps })
    }
    return this.#snapshot
  }
}
