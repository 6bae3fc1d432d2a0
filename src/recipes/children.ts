// The names below a znode, which may not be there.
import type { ReadOptions, ZooKeeperView } from '../../protocol/index.ts'
import { ZooKeeperError } from '../../protocol/index.ts'

/** The names of the children, with a watch on them if there is one to set; none where there is no parent. */
export async function childrenOf(
  zk: ZooKeeperView,
  parent: string,
  options: ReadOptions,
): Promise<readonly string[]> {
  try {
    return (await zk.getChildren(parent, options)).children
  } catch (error) {
    if (ZooKeeperError.is(error, 'NO_NODE')) return []
    throw error
  }
}
