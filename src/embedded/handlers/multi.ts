// multi: several writes in one transaction, all or none; multiRead: several reads, each for itself.
import { OpCode } from '../../../protocol/opcodes.ts'
import type {
  MultiOperation,
  MultiOutcome,
  MultiReply,
  MultiRequest,
} from '../../../protocol/records/multi.ts'
import type {
  MultiReadOperation,
  MultiReadOutcome,
  MultiReadReply,
  MultiReadRequest,
} from '../../../protocol/records/multi-read.ts'
import type { Client } from '../client.ts'
import { Refusal, refuse } from '../refusal.ts'
import type { Transaction } from '../transaction.ts'
import type { World } from '../world.ts'
import { areCreateFlags, create } from './create.ts'
import { getChildren, getData } from './read.ts'
import { check, remove, setData } from './write.ts'

const NOT_EXECUTED = -2

/** Thrown to roll back; the reply is an ordinary one, with an error for each item. */
class Failed {
  readonly reply: MultiReply

  constructor(reply: MultiReply) {
    this.reply = reply
  }
}

/** A create with flags that do not exist makes the whole request unreadable. */
export function checkMulti({ operations }: MultiRequest): void {
  for (const { request } of operations) {
    if ('flags' in request && !areCreateFlags(request.flags)) refuse('MARSHALLING_ERROR')
  }
}

export function multi(world: World, client: Client, { operations }: MultiRequest): MultiReply {
  try {
    return world.transact(txn => ({ outcomes: runAll(world, client, operations, txn) }))
  } catch (error) {
    if (error instanceof Failed) return error.reply
    throw error
  }
}

function runAll(
  world: World,
  client: Client,
  operations: readonly MultiOperation[],
  txn: Transaction,
): MultiOutcome[] {
  const outcomes: MultiOutcome[] = []
  for (const operation of operations) {
    try {
      outcomes.push(runOne(world, client, operation, txn))
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      throw new Failed({ outcomes: failure(operations.length, outcomes.length, error.err) })
    }
  }
  return outcomes
}

/** Code 0 before the operation that failed, its own code there, and "not executed" after it. */
function failure(length: number, failed: number, err: number): MultiOutcome[] {
  return Array.from({ length }, (_, index) => {
    if (index === failed) return { type: 'error', err }
    return { type: 'error', err: index < failed ? 0 : NOT_EXECUTED }
  })
}

function runOne(world: World, client: Client, operation: MultiOperation, txn: Transaction): MultiOutcome {
  switch (operation.opcode) {
    case OpCode.create: {
      const { path } = create(world, client, { kind: 'plain', request: operation.request }, txn)
      return { type: 'create', path, stat: null }
    }
    case OpCode.create2:
      return created(world, client, { kind: 'plain', request: operation.request }, txn)
    case OpCode.createContainer:
      return created(world, client, { kind: 'container', request: operation.request }, txn)
    case OpCode.createTTL:
      return created(world, client, { kind: 'ttl', request: operation.request }, txn)
    case OpCode.setData:
      return { type: 'setData', stat: setData(world, client, operation.request, txn) }
    case OpCode.delete:
      remove(world, client, operation.request, txn)
      return { type: 'delete' }
    default:
      check(world, client, operation.request)
      return { type: 'check' }
  }
}

function created(...args: Parameters<typeof create>): MultiOutcome {
  return { type: 'create', ...create(...args) }
}

export function multiRead(world: World, client: Client, { operations }: MultiReadRequest): MultiReadReply {
  return { outcomes: operations.map(operation => readOne(world, client, operation)) }
}

function readOne(world: World, client: Client, { opcode, path }: MultiReadOperation): MultiReadOutcome {
  const request = { path, watch: false }
  try {
    return opcode === OpCode.getData
      ? { type: 'data', ...getData(world, client, request) }
      : { type: 'children', children: getChildren(world, client, request).children }
  } catch (error) {
    if (error instanceof Refusal) return { type: 'error', err: error.err }
    throw error
  }
}
