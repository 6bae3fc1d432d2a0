// Creating a node whose parents may be missing, with the ACLs that the Python package gives them.
import type { Acl, ZooKeeperView } from '../../protocol/index.ts'
import { openAcl, parentOf, ZooKeeperError } from '../../protocol/index.ts'

/**
 * Runs `create`; where the parent is missing, makes it and runs `create` again. Only the deepest level gets the
 * ACL of the registry; the levels above it are open to everybody, so that other registries can use them too.
 */
export function withParents<T>(
  zk: ZooKeeperView,
  path: string,
  acl: readonly Acl[] | undefined,
  create: () => Promise<T>,
): Promise<T> {
  return create().catch(async error => {
    if (!ZooKeeperError.is(error, 'NO_NODE')) throw error
    await ensureOnce(zk, parentOf(path), acl)
    return create()
  })
}

/** Parents that are being made now: of ten thousand nodes in a new folder, one makes the folder. */
const underWay = new WeakMap<ZooKeeperView, Map<string, Promise<void>>>()

function ensureOnce(zk: ZooKeeperView, parent: string, acl: readonly Acl[] | undefined): Promise<void> {
  const ofClient = underWay.get(zk) ?? new Map<string, Promise<void>>()
  underWay.set(zk, ofClient)
  const present = ofClient.get(parent)
  if (present !== undefined) return present
  const ensuring = ensure(zk, parent, acl).finally(() => ofClient.delete(parent))
  ofClient.set(parent, ensuring)
  return ensuring
}

async function ensure(zk: ZooKeeperView, parent: string, acl: readonly Acl[] | undefined): Promise<void> {
  await zk.ensurePath(parentOf(parent), { acl: openAcl })
  await zk.ensurePath(parent, acl === undefined ? {} : { acl })
}
