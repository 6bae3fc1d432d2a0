// Follows one znode, which may come and go.
import type { ZooKeeperView } from '../../protocol/index.ts'
import type { CacheNode } from './node.ts'
import type { CacheOptions } from './options.ts'
import { ZnodeCache } from './znode-cache.ts'

export class NodeCache extends ZnodeCache {
  /** Errors: InvalidPathError, InvalidArgumentError. */
  constructor(zk: ZooKeeperView, path: string, options: CacheOptions = {}) {
    super(zk, path, { maxDepth: 0 }, options)
  }

  /** The znode; null: not there, or nothing known yet. */
  get node(): CacheNode | null {
    return this.get(this.path)
  }
}
