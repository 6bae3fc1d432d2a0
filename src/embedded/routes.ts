// Every opcode that the server knows, with its handler.
import { OpCode } from '../../protocol/opcodes.ts'
import { operations } from '../../protocol/operations.ts'
import { getChildrenReply } from '../../protocol/records/children.ts'
import { pathReply, pathRequest } from '../../protocol/records/nodes.ts'
import { create } from './handlers/create.ts'
import { multi, multiRead } from './handlers/multi.ts'
import { countBelow, exists, getAcl, getChildren, getData, sync } from './handlers/read.ts'
import { getEphemerals, reconfig, whoAmI } from './handlers/session.ts'
import { addWatch, checkWatches, removeWatches, setWatches, setWatches2 } from './handlers/watch.ts'
import { remove, removeContainer, setAcl, setData } from './handlers/write.ts'
import type { Route } from './route.ts'
import { route, unread, write } from './route.ts'

const all: readonly Route[] = [
  // The older forms, which our own client does not send: their replies say less.
  write({ ...operations.create, opcode: OpCode.create, reply: pathReply }, (world, client, request, txn) =>
    create(world, client, { kind: 'plain', request }, txn),
  ),
  route({ ...operations.getChildren, opcode: OpCode.getChildren, reply: getChildrenReply }, getChildren),
  write(operations.create, (world, client, request, txn) =>
    create(world, client, { kind: 'plain', request }, txn),
  ),
  write(operations.createContainer, (world, client, request, txn) =>
    create(world, client, { kind: 'container', request }, txn),
  ),
  write(operations.createTTL, (world, client, request, txn) =>
    create(world, client, { kind: 'ttl', request }, txn),
  ),
  write(operations.delete, remove),
  write(
    { name: 'deleteContainer', opcode: OpCode.deleteContainer, request: pathRequest, reply: null },
    removeContainer,
  ),
  write(operations.setData, setData),
  write(operations.setACL, setAcl),
  write(operations.reconfig, reconfig),
  unread(operations.multi, multi, true),
  unread(operations.multiRead, multiRead, false),
  route(operations.exists, exists),
  route(operations.getData, getData),
  route(operations.getChildren, getChildren),
  route(operations.getACL, getAcl),
  route(operations.sync, sync, { needsLeader: true }),
  route(operations.getAllChildrenNumber, countBelow),
  route(operations.getEphemerals, getEphemerals),
  route(operations.whoAmI, whoAmI),
  route(operations.addWatch, addWatch),
  route(operations.checkWatches, checkWatches),
  route(operations.removeWatches, removeWatches),
  unread(operations.setWatches, setWatches, false),
  unread(operations.setWatches2, setWatches2, false),
  route(operations.ping, () => {}),
]

export const routes: ReadonlyMap<number, Route> = new Map(all.map(entry => [entry.opcode, entry]))
