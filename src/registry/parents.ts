// Creating a node whose parents may be missing, with the ACLs that the Python package gives them.
import type { Acl, ZooKeeperView } from '../../protocol/index.ts'
import { openAcl, parentOf, ZooKeeperError } from '../../protocol/index.ts'

/**
 * Runs `create`; where the parent is missing, makes it and runs `create` again. Only the deepest level gets the
 * ACL of the registry; the levels above it are open to everybody, so that other registries can use them too.
 */
export async function withParents<T>(
  zk: ZooKeeperView,
  path: string,
  acl: readonly Acl[] | undefined,
  create: () => Promise<T>,
): Promise<T> {
  try {
    return await create()
  } catch (error) {
    if (!ZooKeeperError.is(error, 'NO_NODE')) throw error
  }
  const parent = parentOf(path)
  await zk.ensurePath(parentOf(parent), { acl: openAcl })
  await zk.ensurePath(parent, acl === undefined ? {} : { acl })
  return create()
}
