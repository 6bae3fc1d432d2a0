// multi: several writes in one transaction, all or none; multiRead: several reads, each for itself.
import { JuteError } from '../../../protocol/jute/error.ts'
import type { JuteReader } from '../../../protocol/jute/reader.ts'
import { OpCode } from '../../../protocol/opcodes.ts'
import { multiHeader } from '../../../protocol/records/headers.ts'
import type { MultiOperation, MultiOutcome, MultiReply } from '../../../protocol/records/multi.ts'
import { readMultiOperation } from '../../../protocol/records/multi.ts'
import type {
  MultiReadOperation,
  MultiReadOutcome,
  MultiReadReply,
} from '../../../protocol/records/multi-read.ts'
import { readMultiReadOperation } from '../../../protocol/records/multi-read.ts'
import type { Client } from '../client.ts'
import { isAclNull, isNullNext } from '../nulls.ts'
import { Refusal, refuse } from '../refusal.ts'
import type { Transaction } from '../transaction.ts'
import type { World } from '../world.ts'
import type { CreateOrder } from './create.ts'
import { create, modeOf } from './create.ts'
import { freezeQuotas } from './quota.ts'
import { getChildren, getData } from './read.ts'
import { check, remove, setData } from './write.ts'

type Creation = Extract<MultiOperation, { readonly request: { readonly flags: number } }>

const NOT_EXECUTED = -2
/** Bytes; far more than clients take. */
const LARGEST_REPLY = 64 * 1024 * 1024

/** Thrown to roll back; the reply is an ordinary one, with an error for each item. */
class Failed {
  readonly reply: MultiReply

  constructor(reply: MultiReply) {
    this.reply = reply
  }
}

export function multi(world: World, client: Client, frame: JuteReader): MultiReply {
  const operations = readWrites(frame)
  try {
    return world.transact(txn => ({ outcomes: runAll(world, client, operations ?? unreadable(), txn) }))
  } catch (error) {
    if (error instanceof Failed) return error.reply
    throw error
  }
}

function unreadable(): never {
  return refuse('MARSHALLING_ERROR')
}

/** null: unreadable, but a zxid is taken. A list of ACLs that is null does not even come so far. */
function readWrites(frame: JuteReader): MultiOperation[] | null {
  try {
    return readAll(frame, (_, opcode) => {
      const aclIsNull = isCreation(opcode) && isAclNull(frame)
      const operation = readMultiOperation(frame, opcode)
      const kind = 'flags' in operation.request ? modeOf(operation.request.flags)?.kind : 'plain'
      // createTTL is judged like any operation; the others with such flags are not even taken.
      if (opcode !== OpCode.createTTL && kind === undefined)
        throw new JuteError('unknown flags', frame.offset)
      if (aclIsNull) unreadable()
      if (opcode !== OpCode.createTTL && kind === 'ttl') throw new JuteError('no time to live', frame.offset)
      return operation
    })
  } catch (error) {
    if (error instanceof JuteError) return null
    throw error
  }
}

/** A null path makes the whole request unreadable. */
function readAll<T>(frame: JuteReader, read: (frame: JuteReader, opcode: number) => T): T[] {
  const operations: T[] = []
  let pathless = false
  for (let header = multiHeader.read(frame); !header.done; header = multiHeader.read(frame)) {
    pathless ||= isNullNext(frame)
    operations.push(read(frame, header.opcode))
  }
  if (pathless) throw new JuteError('null path', frame.offset)
  return operations
}

function isCreation(opcode: number): boolean {
  return opcode === OpCode.create || opcode === OpCode.create2 || opcode === OpCode.createContainer
}

function runAll(
  world: World,
  client: Client,
  operations: readonly MultiOperation[],
  txn: Transaction,
): MultiOutcome[] {
  const outcomes: MultiOutcome[] = []
  freezeQuotas(world, txn)
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
    case OpCode.setData:
      return { type: 'setData', stat: setData(world, client, operation.request, txn) }
    case OpCode.delete:
      remove(world, client, operation.request, txn)
      return { type: 'delete' }
    case OpCode.check:
      check(world, client, operation.request)
      return { type: 'check' }
    default: {
      const order = orderOf(operation)
      const { path, stat } = create(world, client, order, txn)
      const silent = order.kind === 'plain' && operation.opcode !== OpCode.create2
      return { type: 'create', path, stat: silent ? null : stat }
    }
  }
}

/** Here the flags make a container or give a time to live, where alone the opcode does (Op.Create.getOpcode). */
function orderOf({ opcode, request }: Creation): CreateOrder {
  const kind = modeOf(request.flags)?.kind
  if (opcode === OpCode.createTTL && kind === 'ttl') return { kind, request }
  const container = opcode === OpCode.createContainer || kind === 'container'
  return { kind: container ? 'container' : 'plain', request }
}

export function multiRead(world: World, client: Client, frame: JuteReader): MultiReadReply {
  let left = LARGEST_REPLY
  const outcomes: MultiReadOutcome[] = []
  for (const operation of readAll(frame, readMultiReadOperation)) {
    const outcome = readOne(world, client, operation)
    left -= sizeOf(outcome)
    // A small request may name a large znode very often: the process is not to end over the answer.
    if (left < 0) refuse('MARSHALLING_ERROR')
    outcomes.push(outcome)
  }
  return { outcomes }
}

/** About how many bytes of the reply it takes. */
function sizeOf(outcome: MultiReadOutcome): number {
  switch (outcome.type) {
    case 'data':
      return outcome.data?.length ?? 0
    case 'children':
      return outcome.children.reduce((size, name) => size + 4 + name.length, 0)
    case 'error':
      return 0
  }
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
