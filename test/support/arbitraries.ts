// For each row of the operations table: any request and any reply that its records can hold.
import { Buffer } from 'node:buffer'
import fc from 'fast-check'
import { OpCode } from '../../protocol/opcodes.ts'
import type { Operation, Operations } from '../../protocol/operations.ts'
import type { Acl, Stat } from '../../protocol/records/data.ts'
import type { MultiOperation, MultiOutcome } from '../../protocol/records/multi.ts'
import type { MultiReadOperation, MultiReadOutcome } from '../../protocol/records/multi-read.ts'
import type { CreateRequest, SetDataRequest, VersionRequest } from '../../protocol/records/nodes.ts'
import type { SetWatches } from '../../protocol/records/watches.ts'

interface Sides<Request, Reply> {
  readonly request: fc.Arbitrary<Request>
  readonly reply: fc.Arbitrary<Reply>
}

/** Has an entry for each row, or does not compile. */
type Arbitraries = {
  readonly [Name in keyof Operations]: Operations[Name] extends Operation<infer Request, infer Reply>
    ? Sides<Request, Reply>
    : never
}

/** Ordinary objects, which is what codecs make. */
function record<T>(model: { [Key in keyof T]: fc.Arbitrary<T[Key]> }): fc.Arbitrary<T> {
  return fc.record(model, { noNullPrototype: true }) as fc.Arbitrary<T>
}

const int = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 })
const long = fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n)
const time = fc.maxSafeInteger()
const text = fc.string({ unit: 'grapheme', maxLength: 40 })
const bytes = fc.uint8Array({ maxLength: 200 }).map(array => Buffer.from(array))
const data = fc.option(bytes)
const texts = fc.array(text, { maxLength: 8 })
const nothing = fc.constant(undefined)

export const stat: fc.Arbitrary<Stat> = record({
  czxid: long,
  mzxid: long,
  ctime: time,
  mtime: time,
  version: int,
  cversion: int,
  aversion: int,
  ephemeralOwner: long,
  dataLength: int,
  numChildren: int,
  pzxid: long,
})
const acl: fc.Arbitrary<Acl[]> = fc.array(record({ perms: int, id: record({ scheme: text, id: text }) }), {
  maxLength: 4,
})
const pathAndStat = record({ path: text, stat })
const read = record({ path: text, watch: fc.boolean() })
const creation: fc.Arbitrary<CreateRequest> = record({ path: text, data, acl, flags: int })
const creationTtl = record({ path: text, data, acl, flags: int, ttl: time })
const version: fc.Arbitrary<VersionRequest> = record({ path: text, version: int })
const setting: fc.Arbitrary<SetDataRequest> = record({ path: text, data, version: int })
const path = record({ path: text })
const dataAndStat = record({ data, stat })
const typed = record({ path: text, type: int })

const multiOperation: fc.Arbitrary<MultiOperation> = fc.oneof(
  record({
    opcode: fc.constantFrom(OpCode.create, OpCode.create2, OpCode.createContainer),
    request: creation,
  }),
  record({ opcode: fc.constant(OpCode.createTTL), request: creationTtl }),
  record({ opcode: fc.constantFrom(OpCode.delete, OpCode.check), request: version }),
  record({ opcode: fc.constant(OpCode.setData), request: setting }),
) as fc.Arbitrary<MultiOperation>

const multiOutcome: fc.Arbitrary<MultiOutcome> = fc.oneof(
  record({ type: fc.constant('create' as const), path: text, stat: fc.option(stat) }),
  record({ type: fc.constant('setData' as const), stat }),
  fc.constant({ type: 'delete' as const }),
  fc.constant({ type: 'check' as const }),
  record({ type: fc.constant('error' as const), err: int }),
)

const multiReadOperation: fc.Arbitrary<MultiReadOperation> = record({
  opcode: fc.constantFrom(OpCode.getData, OpCode.getChildren),
  path: text,
})

const multiReadOutcome: fc.Arbitrary<MultiReadOutcome> = fc.oneof(
  record({ type: fc.constant('data' as const), data, stat }),
  record({ type: fc.constant('children' as const), children: texts }),
  record({ type: fc.constant('error' as const), err: int }),
)

const oneShotWatches: fc.Arbitrary<SetWatches> = record({
  relativeZxid: long,
  dataWatches: texts,
  existWatches: texts,
  childWatches: texts,
})

export const arbitraries: Arbitraries = {
  create: { request: creation, reply: pathAndStat },
  createContainer: { request: creation, reply: pathAndStat },
  createTTL: { request: creationTtl, reply: pathAndStat },
  delete: { request: version, reply: nothing },
  exists: { request: read, reply: stat },
  getData: { request: read, reply: dataAndStat },
  setData: { request: setting, reply: stat },
  getChildren: { request: read, reply: record({ children: texts, stat }) },
  getACL: { request: path, reply: record({ acl, stat }) },
  setACL: { request: record({ path: text, acl, version: int }), reply: stat },
  sync: { request: path, reply: path },
  multi: {
    request: record({ operations: fc.array(multiOperation, { maxLength: 5 }) }),
    reply: record({ outcomes: fc.array(multiOutcome, { maxLength: 5 }) }),
  },
  multiRead: {
    request: record({ operations: fc.array(multiReadOperation, { maxLength: 5 }) }),
    reply: record({ outcomes: fc.array(multiReadOutcome, { maxLength: 5 }) }),
  },
  reconfig: {
    request: record({
      joiningServers: fc.option(text),
      leavingServers: fc.option(text),
      newMembers: fc.option(text),
      curConfigId: long,
    }),
    reply: dataAndStat,
  },
  getEphemerals: { request: record({ prefixPath: text }), reply: record({ ephemerals: texts }) },
  getAllChildrenNumber: { request: path, reply: record({ totalNumber: int }) },
  whoAmI: {
    request: nothing,
    reply: record({ clientInfo: fc.array(record({ authScheme: text, user: text })) }),
  },
  addWatch: { request: record({ path: text, mode: int }), reply: record({ err: int }) },
  checkWatches: { request: typed, reply: nothing },
  removeWatches: { request: typed, reply: nothing },
  sasl: { request: record({ token: data }), reply: record({ token: data }) },
  ping: { request: nothing, reply: nothing },
  auth: { request: record({ type: int, scheme: text, auth: bytes }), reply: nothing },
  setWatches: { request: oneShotWatches, reply: nothing },
  setWatches2: {
    request: fc
      .tuple(oneShotWatches, record({ persistentWatches: texts, persistentRecursiveWatches: texts }))
      .map(([oneShot, persistent]) => ({ ...oneShot, ...persistent })),
    reply: nothing,
  },
  closeSession: { request: nothing, reply: nothing },
}
