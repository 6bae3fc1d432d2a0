// Any request that a client can send, and some that none does.
import fc from 'fast-check'
import { OpCode } from '../../protocol/opcodes.ts'
import type { Call, Fields } from './program.ts'
import { acl, anyPath, data, livelyPath, newPath, openAcl, ownPath, record, version } from './values.ts'

const flags = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom(0, 1, 2, 3) },
  { weight: 1, arbitrary: fc.constantFrom(4, 5, 6, 7, -1, 99) },
)
const ttl = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(1_000_000, 1) },
  { weight: 1, arbitrary: fc.constantFrom(0, -1, 2 ** 40 - 1, 2 ** 40) },
)
const anyAcl = fc.oneof({ weight: 3, arbitrary: openAcl }, { weight: 1, arbitrary: acl })

const creation = record({ path: newPath, data, acl: anyAcl, flags })
const container = record({
  path: newPath,
  data,
  acl: anyAcl,
  flags: fc.oneof({ weight: 4, arbitrary: fc.constant(4) }, { weight: 1, arbitrary: flags }),
})
const lasting = record({
  path: newPath,
  data,
  acl: anyAcl,
  flags: fc.oneof({ weight: 6, arbitrary: fc.constantFrom(5, 6) }, { weight: 1, arbitrary: flags }),
  ttl,
})
/** ZooKeeper 3.9 ends itself over a negative time to live with flags that have none. */
const survivable = lasting.filter(({ flags, ttl }) => flags === 5 || flags === 6 || Number(ttl) >= 0)
const setting = record({ path: ownPath, data, version })
const versioned = record({ path: ownPath, version })
const aPath = record({ path: anyPath })

function requests(request: fc.Arbitrary<Fields>, ...opcodes: number[]): fc.Arbitrary<Call> {
  return record({ opcode: fc.constantFrom(...opcodes), request }) as fc.Arbitrary<Call & Fields>
}

const item = fc.oneof(
  { weight: 6, arbitrary: requests(creation, OpCode.create, OpCode.create2) },
  { weight: 1, arbitrary: requests(container, OpCode.createContainer) },
  { weight: 1, arbitrary: requests(lasting, OpCode.createTTL) },
  { weight: 3, arbitrary: requests(setting, OpCode.setData) },
  { weight: 3, arbitrary: requests(versioned, OpCode.delete) },
  { weight: 3, arbitrary: requests(versioned, OpCode.check) },
) as fc.Arbitrary<Call & Fields>
/** What a multi must not hold. */
const wrongItem = requests(versioned, OpCode.setACL, OpCode.getData, OpCode.multi) as fc.Arbitrary<
  Call & Fields
>
const items = fc.oneof(
  { weight: 20, arbitrary: fc.array(item, { maxLength: 5 }) },
  { weight: 1, arbitrary: fc.tuple(item, wrongItem) },
)
/** Null paths in lists make ZooKeeper stop half way: nobody can rely on how far it came. */
const realPath = anyPath.filter(path => path !== null)
const paths = fc.array(realPath, { maxLength: 3 })

const readItems = fc.array(
  fc.oneof(
    {
      weight: 20,
      arbitrary: record({ opcode: fc.constantFrom(OpCode.getData, OpCode.getChildren), path: realPath }),
    },
    {
      weight: 1,
      arbitrary: record({ opcode: fc.constantFrom(OpCode.exists, OpCode.create), path: realPath }),
    },
  ),
  { maxLength: 4 },
)

export const writes: fc.Arbitrary<Call> = fc.oneof(
  { weight: 12, arbitrary: requests(creation, OpCode.create, OpCode.create2) },
  { weight: 2, arbitrary: requests(container, OpCode.createContainer) },
  { weight: 2, arbitrary: requests(survivable, OpCode.createTTL) },
  { weight: 5, arbitrary: requests(versioned, OpCode.delete) },
  { weight: 5, arbitrary: requests(setting, OpCode.setData) },
  { weight: 4, arbitrary: requests(record({ path: ownPath, acl, version }), OpCode.setACL) },
  { weight: 6, arbitrary: requests(record({ operations: items }), OpCode.multi) },
  { weight: 1, arbitrary: requests(record({ path: ownPath }), OpCode.deleteContainer) },
)

const watched = record({ path: anyPath, watch: fc.boolean() })
export const reads: fc.Arbitrary<Call> = fc.oneof(
  {
    weight: 10,
    arbitrary: requests(watched, OpCode.exists, OpCode.getData, OpCode.getChildren, OpCode.getChildren2),
  },
  { weight: 3, arbitrary: requests(aPath, OpCode.getACL) },
  { weight: 1, arbitrary: requests(aPath, OpCode.sync) },
  { weight: 1, arbitrary: requests(aPath, OpCode.getAllChildrenNumber) },
  { weight: 2, arbitrary: requests(record({ operations: readItems }), OpCode.multiRead) },
  {
    weight: 1,
    arbitrary: requests(
      record({ prefixPath: fc.constantFrom('~', '~/a', '', '/', ' ', '/none', null) }),
      OpCode.getEphemerals,
    ),
  },
)

const oneShot = {
  relativeZxid: fc.integer({ min: -1, max: 30 }),
  dataWatches: paths,
  existWatches: paths,
  childWatches: paths,
}
const lists = record(oneShot)
const longLists = record({ ...oneShot, persistentWatches: paths, persistentRecursiveWatches: paths })
const mode = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom(0, 1) },
  { weight: 1, arbitrary: fc.constantFrom(2, -1) },
)
const watcherType = fc.oneof(
  { weight: 8, arbitrary: fc.integer({ min: 1, max: 5 }) },
  { weight: 1, arbitrary: fc.constantFrom(0, 6, -1) },
)

export const watches: fc.Arbitrary<Call> = fc.oneof(
  { weight: 6, arbitrary: requests(record({ path: anyPath, mode }), OpCode.addWatch) },
  { weight: 3, arbitrary: requests(record({ path: anyPath, type: watcherType }), OpCode.removeWatches) },
  { weight: 2, arbitrary: requests(record({ path: anyPath, type: watcherType }), OpCode.checkWatches) },
  { weight: 1, arbitrary: requests(lists, OpCode.setWatches) },
  { weight: 2, arbitrary: requests(longLists, OpCode.setWatches2) },
)

const bare = (...opcodes: number[]): fc.Arbitrary<Call> =>
  fc.constantFrom(...opcodes).map(opcode => ({ opcode, request: null }))

/** Questions without a body. */
export const questions: fc.Arbitrary<Call> = bare(OpCode.ping, OpCode.whoAmI)

/** Nothing that ends the connection, or that is answered out of turn: may stand in a pipeline. */
export const orderly: fc.Arbitrary<Call> = fc.oneof(
  { weight: 10, arbitrary: writes },
  { weight: 6, arbitrary: reads },
  { weight: 3, arbitrary: watches },
  { weight: 1, arbitrary: questions },
)

/** A body that ends too early. */
export const cutShort: fc.Arbitrary<Call> = fc
  .tuple(fc.oneof(writes, reads, watches), fc.integer({ min: 1, max: 12 }))
  .map(([call, cut]) => ({ ...call, cut }))

const reconfiguring = record({
  joiningServers: fc.constantFrom(null, 'server.1=a:1:2;3'),
  leavingServers: fc.constant(null),
  newMembers: fc.constant(null),
  curConfigId: fc.constant(-1),
})

export const oddities: fc.Arbitrary<Call> = fc.oneof(
  { weight: 2, arbitrary: bare(OpCode.notification, 10, 23, 888, OpCode.error, 99, 108, -2) },
  { weight: 1, arbitrary: requests(versioned, OpCode.check) },
  { weight: 1, arbitrary: requests(reconfiguring, OpCode.reconfig) },
  { weight: 1, arbitrary: requests(record({ token: fc.constantFrom(null, '', 'x') }), OpCode.sasl) },
  { weight: 1, arbitrary: requests(record({ path: livelyPath }), OpCode.sync) },
)
