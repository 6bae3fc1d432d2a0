// The create family: persistent, ephemeral, sequential, container and TTL znodes.
import type { CreateModeFacts } from '../../../protocol/create-mode.ts'
import { createModes, MAX_TTL } from '../../../protocol/create-mode.ts'
import { ZooKeeperError } from '../../../protocol/errors.ts'
import { validatePath } from '../../../protocol/paths.ts'
import { Permission } from '../../../protocol/records/data.ts'
import type { Create2Reply, CreateRequest } from '../../../protocol/records/nodes.ts'
import { demand, fixUp } from '../acl.ts'
import type { Client } from '../client.ts'
import { NO_PATH } from '../nulls.ts'
import { refuse } from '../refusal.ts'
import type { Transaction } from '../transaction.ts'
import type { World } from '../world.ts'
import type { Owner } from '../znode.ts'
import { CONTAINER, NO_OWNER, statOf } from '../znode.ts'
import { demandQuota } from './quota.ts'

/** Which opcode asked: it decides the kind of the znode, where flags decide the rest. */
export type CreateOrder =
  | { readonly kind: 'plain' | 'container'; readonly request: CreateRequest }
  | { readonly kind: 'ttl'; readonly request: CreateRequest & { readonly ttl: number } }

const modesByFlags = Object.values(createModes)

export function modeOf(flags: number): CreateModeFacts | undefined {
  return modesByFlags.find(mode => mode.flags === flags)
}

/** The checks come in ZooKeeper's order: of several errors the first one is told. */
export function create(world: World, client: Client, order: CreateOrder, txn: Transaction): Create2Reply {
  const { request } = order
  const mode = modeOf(request.flags) ?? refuse('BAD_ARGUMENTS')
  checkTtl(world, order, mode.kind === 'ttl')
  const above = parentPath(request.path)
  const acl = fixUp(request.acl, client.identities, world.settings.schemes)
  const parent = world.tree.get(above) ?? refuse('NO_NODE')
  demand(parent.acl, Permission.CREATE, client.identities)
  const path = mode.sequential ? request.path + sequenceSuffix(parent.creates) : request.path
  demandPath(path)
  if (world.tree.get(path) !== undefined) refuse('NODE_EXISTS')
  if (parent.owner.kind === 'session') refuse('NO_CHILDREN_FOR_EPHEMERALS')
  const { data } = request
  demandQuota(world, txn, path, { bytes: data?.length ?? 0, count: 1 })
  const owner = ownerOf(order, mode.ephemeral, client)
  const node = world.tree.create(txn, path, { data, acl, owner })
  // The stats of a quota are filled in after the Stat was taken.
  return { path, stat: { ...statOf(node), dataLength: data?.length ?? 0 } }
}

function checkTtl(world: World, order: CreateOrder, ttlMode: boolean): void {
  if (ttlMode && !world.settings.ttl) refuse('UNIMPLEMENTED')
  const ttl = order.kind === 'ttl' ? order.request.ttl : -1
  // A time to live belongs to a mode that has one, and the other way round.
  const fits = ttlMode ? ttl > 0 && ttl <= MAX_TTL : order.kind !== 'ttl'
  if (!fits) refuse('BAD_ARGUMENTS')
}

function ownerOf(order: CreateOrder, ephemeral: boolean, client: Client): Owner {
  if (order.kind === 'container') return CONTAINER
  if (order.kind === 'ttl') return { kind: 'ttl', ttl: order.request.ttl }
  return ephemeral && client.session !== null ? { kind: 'session', id: client.session.id } : NO_OWNER
}

/** Ten characters wide, the minus sign included. */
export function sequenceSuffix(count: number): string {
  return count < 0 ? `-${String(-count).padStart(9, '0')}` : String(count).padStart(10, '0')
}

/** All that is asked of a path before its parent is looked for; the parent of a znode below the root is ''. */
export function parentPath(path: string): string {
  if (path === NO_PATH) refuse('MARSHALLING_ERROR')
  const slash = path.lastIndexOf('/')
  return slash < 0 || path.includes('\0') ? refuse('BAD_ARGUMENTS') : path.slice(0, slash)
}

/** The full rules for paths, as ZooKeeper applies them to writes. */
export function demandPath(path: string): void {
  try {
    validatePath(path)
  } catch (error) {
    if (ZooKeeperError.is(error)) refuse('BAD_ARGUMENTS')
    throw error
  }
}
