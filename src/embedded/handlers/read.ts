// Reading znodes: no path is validated here, a wrong one is just not there.
import type { GetAclReply } from '../../../protocol/records/access.ts'
import type { GetAllChildrenNumberReply } from '../../../protocol/records/admin.ts'
import type { GetChildren2Reply } from '../../../protocol/records/children.ts'
import type { Stat } from '../../../protocol/records/data.ts'
import { Permission } from '../../../protocol/records/data.ts'
import type { GetDataReply, PathReply, PathRequest, ReadRequest } from '../../../protocol/records/nodes.ts'
import { demand, masked, permits } from '../acl.ts'
import type { Client } from '../client.ts'
import { refuse } from '../refusal.ts'
import { WatchMode } from '../watch-table.ts'
import type { World } from '../world.ts'
import type { Znode } from '../znode.ts'
import { statOf } from '../znode.ts'

/** The znode, to one who may read it. */
function readable(world: World, client: Client, path: string): Znode {
  const node = world.tree.get(path) ?? refuse('NO_NODE')
  demand(node.acl, Permission.READ, client.identities)
  return node
}

export function getData(world: World, client: Client, { path, watch }: ReadRequest): GetDataReply {
  const node = readable(world, client, path)
  if (watch) world.watches.data.add(path, client, WatchMode.standard)
  return { data: node.data, stat: statOf(node) }
}

/** Watches also what is not there: its creation is then reported. */
export function exists(world: World, client: Client, { path, watch }: ReadRequest): Stat {
  if (path.includes('\0')) refuse('BAD_ARGUMENTS')
  const node = world.tree.get(path)
  if (node !== undefined) demand(node.acl, Permission.READ, client.identities)
  if (watch) world.watches.data.add(path, client, WatchMode.standard)
  return node === undefined ? refuse('NO_NODE') : statOf(node)
}

export function getChildren(world: World, client: Client, { path, watch }: ReadRequest): GetChildren2Reply {
  const node = readable(world, client, path)
  if (watch) world.watches.child.add(path, client, WatchMode.standard)
  return { children: [...(node.children ?? [])], stat: statOf(node) }
}

export function countBelow(world: World, client: Client, { path }: PathRequest): GetAllChildrenNumberReply {
  readable(world, client, path)
  return { totalNumber: world.tree.countBelow(path) }
}

export function getAcl(world: World, client: Client, { path }: PathRequest): GetAclReply {
  const node = world.tree.get(path) ?? refuse('NO_NODE')
  const { identities } = client
  demand(node.acl, Permission.READ | Permission.ADMIN, identities)
  const acl = permits(node.acl, Permission.ADMIN, identities) ? node.acl : masked(node.acl)
  return { acl, stat: statOf(node) }
}

/** There is one server, and it is always in step: the path comes back, whatever it is. */
export function sync(_world: World, _client: Client, { path }: PathRequest): PathReply {
  return { path }
}
