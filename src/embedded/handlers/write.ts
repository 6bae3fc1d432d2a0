// Changing and deleting znodes, and the check of a version that a transaction makes.
import type { SetAclRequest } from '../../../protocol/records/access.ts'
import type { Stat } from '../../../protocol/records/data.ts'
import { Permission } from '../../../protocol/records/data.ts'
import type { PathRequest, SetDataRequest, VersionRequest } from '../../../protocol/records/nodes.ts'
import { demand, fixUp } from '../acl.ts'
import type { Client } from '../client.ts'
import { refuse } from '../refusal.ts'
import type { Transaction } from '../transaction.ts'
import type { World } from '../world.ts'
import { childCount, sizeOf, statOf } from '../znode.ts'
import { demandPath, parentPath } from './create.ts'
import { demandQuota } from './quota.ts'

export function setData(world: World, client: Client, request: SetDataRequest, txn: Transaction): Stat {
  const { path, data, version } = request
  demandPath(path)
  const node = world.tree.get(path) ?? refuse('NO_NODE')
  demand(node.acl, Permission.WRITE, client.identities)
  demandQuota(world, txn, path, { bytes: (data?.length ?? 0) - sizeOf(node), count: 0 })
  demandVersion(node.version, version)
  return statOf(world.tree.setData(txn, path, data))
}

export function setAcl(world: World, client: Client, request: SetAclRequest): Stat {
  const { path, version } = request
  demandPath(path)
  const acl = fixUp(request.acl, client.identities, world.settings.schemes)
  const node = world.tree.get(path) ?? refuse('NO_NODE')
  demand(node.acl, Permission.ADMIN, client.identities)
  demandVersion(node.aversion, version)
  return statOf(world.tree.setAcl(path, acl))
}

/** DELETE on the parent decides; the ACL of the znode itself does not matter. */
export function remove(world: World, client: Client, request: VersionRequest, txn: Transaction): void {
  const { path, version } = request
  const parent = world.tree.get(parentToChange(world, path)) ?? refuse('NO_NODE')
  demand(parent.acl, Permission.DELETE, client.identities)
  const node = world.tree.get(path) ?? refuse('NO_NODE')
  demandVersion(node.version, version)
  if (childCount(node) > 0) refuse('NOT_EMPTY')
  world.tree.delete(txn, path)
}

/** What a leader sends itself to reap a container; a client may send it too, and no ACL stands in its way. */
export function removeContainer(
  world: World,
  _client: Client,
  { path }: PathRequest,
  txn: Transaction,
): void {
  parentToChange(world, path)
  const node = world.tree.get(path) ?? refuse('NO_NODE')
  if (childCount(node) > 0) refuse('NOT_EMPTY')
  if (node.owner.kind === 'session') refuse('BAD_VERSION')
  world.tree.delete(txn, path)
}

export function check(world: World, client: Client, { path, version }: VersionRequest): void {
  demandPath(path)
  const node = world.tree.get(path) ?? refuse('NO_NODE')
  demand(node.acl, Permission.READ, client.identities)
  demandVersion(node.version, version)
}

function parentToChange(world: World, path: string): string {
  const parent = parentPath(path)
  return world.tree.isSystem(path) ? refuse('BAD_ARGUMENTS') : parent
}

function demandVersion(actual: number, expected: number): void {
  if (expected !== -1 && expected !== actual) refuse('BAD_VERSION')
}
