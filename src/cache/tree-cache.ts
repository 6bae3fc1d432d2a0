// Follows a znode and what is below it, as deep as asked for.
import type { ZooKeeperView } from '../../protocol/index.ts'
import type { CacheOptions } from './options.ts'
import { ZnodeCache } from './znode-cache.ts'

export interface TreeCacheOptions extends CacheOptions {
  /** Levels below the root that are followed; 0 is the root alone. Default Infinity. */
  maxDepth?: number
  /**
   * False leaves a znode out, with all that is below it: nothing of it is read. Asked once for each znode when it comes;
   * the root is always in.
   */
  filter?: (path: string) => boolean
}

export class TreeCache extends ZnodeCache {
  /** Errors: InvalidPathError, InvalidArgumentError. */
  constructor(zk: ZooKeeperView, path: string, options: TreeCacheOptions = {}) {
    const { maxDepth = Number.POSITIVE_INFINITY, filter } = options
    super(zk, path, { maxDepth, filter }, options)
  }

  /** Names of the children that are known, sorted and frozen; none where there is no znode. */
  children(path: string): readonly string[] {
    return this.namesBelow(path)
  }
}
