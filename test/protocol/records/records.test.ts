// Every record: what is written is read again, whatever is cut off is noticed, whatever follows is ignored.
import { Buffer } from 'node:buffer'
import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import type { Codec } from '../../../protocol/jute/codec.ts'
import { JuteReader } from '../../../protocol/jute/reader.ts'
import { JuteWriter } from '../../../protocol/jute/writer.ts'
import { OpCode } from '../../../protocol/opcodes.ts'
import { authPacket, getAclReply, saslToken, setAclRequest } from '../../../protocol/records/access.ts'
import {
  getAllChildrenNumberReply,
  getEphemeralsReply,
  getEphemeralsRequest,
  reconfigRequest,
  whoAmIReply,
} from '../../../protocol/records/admin.ts'
import { getChildren2Reply, getChildrenReply } from '../../../protocol/records/children.ts'
import { connectRequest, connectResponse } from '../../../protocol/records/connect.ts'
import type { Stat } from '../../../protocol/records/data.ts'
import { acl, stat } from '../../../protocol/records/data.ts'
import { multiHeader, replyHeader, requestHeader } from '../../../protocol/records/headers.ts'
import type { MultiOutcome } from '../../../protocol/records/multi.ts'
import { multiReply, multiRequest } from '../../../protocol/records/multi.ts'
import { multiReadReply, multiReadRequest } from '../../../protocol/records/multi-read.ts'
import {
  create2Reply,
  createRequest,
  createTtlRequest,
  getDataReply,
  pathReply,
  pathRequest,
  readRequest,
  setDataRequest,
  versionRequest,
} from '../../../protocol/records/nodes.ts'
import {
  addWatchRequest,
  errorReply,
  setWatches,
  setWatches2,
  watcherEvent,
  watcherTypeRequest,
} from '../../../protocol/records/watches.ts'
import { stat as anyStat } from '../../support/arbitraries.ts'
import { aStat } from '../../support/scripted-server.ts'
import { t } from '../../tap.ts'

interface Sample {
  readonly name: string
  readonly codec: Codec<unknown>
  readonly value: unknown
}

const samples: Sample[] = []
function sample<T>(name: string, codec: Codec<T>, value: T): void {
  samples.push({ name, codec: codec as Codec<unknown>, value })
}

const bytes = Buffer.from([0, 1, 127, 128, 255])
const password = Buffer.alloc(16, 7)
const acls = [
  { perms: 31, id: { scheme: 'world', id: 'anyone' } },
  { perms: 1, id: { scheme: 'digest', id: 'bob:xyz=' } },
]
const negativeStat: Stat = { ...aStat, czxid: -1n, ctime: 0, version: -1, ephemeralOwner: -(2n ** 63n) }
const watches = {
  relativeZxid: 5n,
  dataWatches: ['/a', '/b'],
  existWatches: [],
  childWatches: ['/größe'],
}

sample('RequestHeader', requestHeader, { xid: 2 ** 31 - 1, opcode: -11 })
sample('ReplyHeader', replyHeader, { xid: -1, zxid: -1n, err: -101 })
sample('MultiHeader', multiHeader, { opcode: -1, done: true, err: -1 })
const connecting = { protocolVersion: 0, lastZxidSeen: 2n ** 40n, timeOut: 9000, sessionId: -5n }
sample('ConnectRequest', connectRequest, { ...connecting, passwd: password, readOnly: true })
const connected = { protocolVersion: 0, timeOut: 4000, sessionId: 2n ** 56n, passwd: password }
sample('ConnectResponse', connectResponse, { ...connected, readOnly: true })
sample('Stat', stat, aStat)
sample('Stat with negative fields', stat, negativeStat)
sample('ACL', acl, { perms: 31, id: { scheme: 'auth', id: '' } })
sample('AuthPacket', authPacket, { type: 0, scheme: 'digest', auth: bytes })
sample('SetACLRequest', setAclRequest, { path: '/a', acl: acls, version: -1 })
sample('GetACLReply', getAclReply, { acl: acls, stat: aStat })
sample('GetChildrenReply', getChildrenReply, { children: ['a', 'b', ''] })
sample('GetChildren2Reply', getChildren2Reply, { children: [], stat: aStat })
sample('PathRequest', pathRequest, { path: '/größe/文' })
sample('PathReply', pathReply, { path: '/a0000000001' })
sample('ReadRequest', readRequest, { path: '/a', watch: true })
sample('CreateRequest', createRequest, { path: '/a', data: bytes, acl: acls, flags: 3 })
sample('CreateRequest without data', createRequest, { path: '/a', data: null, acl: [], flags: 0 })
sample('CreateTTLRequest', createTtlRequest, {
  path: '/a',
  data: Buffer.alloc(0),
  acl: acls,
  flags: 5,
  ttl: 0xff_ffff_ffff,
})
sample('VersionRequest', versionRequest, { path: '/a', version: -1 })
sample('SetDataRequest', setDataRequest, { path: '/a', data: null, version: 3 })
sample('Create2Reply', create2Reply, { path: '/a', stat: aStat })
sample('GetDataReply', getDataReply, { data: bytes, stat: aStat })
sample('GetDataReply of a null', getDataReply, { data: null, stat: aStat })
sample('WatcherEvent', watcherEvent, { type: 4, state: 3, path: '/a' })
sample('SetWatches', setWatches, watches)
sample('SetWatches2', setWatches2, {
  ...watches,
  persistentWatches: ['/p'],
  persistentRecursiveWatches: ['/'],
})
sample('MultiRequest', multiRequest, {
  operations: [
    { opcode: OpCode.check, request: { path: '/c', version: 1 } },
    { opcode: OpCode.create, request: { path: '/a', data: null, acl: acls, flags: 0 } },
    { opcode: OpCode.create2, request: { path: '/a', data: bytes, acl: acls, flags: 1 } },
    { opcode: OpCode.createContainer, request: { path: '/a', data: bytes, acl: acls, flags: 4 } },
    { opcode: OpCode.createTTL, request: { path: '/a', data: bytes, acl: acls, flags: 5, ttl: 1 } },
    { opcode: OpCode.setData, request: { path: '/a', data: bytes, version: -1 } },
    { opcode: OpCode.delete, request: { path: '/a', version: 0 } },
  ],
})
sample('MultiRequest without operations', multiRequest, { operations: [] })
sample('MultiReply', multiReply, {
  outcomes: [
    { type: 'create', path: '/a', stat: null },
    { type: 'create', path: '/b', stat: aStat },
    { type: 'setData', stat: aStat },
    { type: 'delete' },
    { type: 'check' },
    { type: 'error', err: 0 },
    { type: 'error', err: -103 },
  ],
})
sample('MultiReply without outcomes', multiReply, { outcomes: [] })

sample('MultiReadRequest', multiReadRequest, {
  operations: [
    { opcode: OpCode.getData, path: '/a' },
    { opcode: OpCode.getChildren, path: '/b' },
  ],
})
sample('MultiReadReply', multiReadReply, {
  outcomes: [
    { type: 'data', data: bytes, stat: aStat },
    { type: 'data', data: null, stat: aStat },
    { type: 'error', err: -101 },
    { type: 'children', children: ['x', 'y'] },
  ],
})
sample('GetEphemeralsRequest', getEphemeralsRequest, { prefixPath: '/' })
sample('GetEphemeralsReply', getEphemeralsReply, { ephemerals: ['/a', '/b'] })
sample('GetAllChildrenNumberReply', getAllChildrenNumberReply, { totalNumber: 2 ** 31 - 1 })
sample('WhoAmIReply', whoAmIReply, { clientInfo: [{ authScheme: 'ip', user: '127.0.0.1' }] })
sample('ReconfigRequest', reconfigRequest, {
  joiningServers: 'server.4=h:2888:3888',
  leavingServers: '',
  newMembers: null,
  curConfigId: -1n,
})
sample('SaslToken', saslToken, { token: bytes })
sample('SaslToken of a null', saslToken, { token: null })
sample('AddWatchRequest', addWatchRequest, { path: '/a', mode: 1 })
sample('ErrorReply', errorReply, { err: -5 })
sample('WatcherTypeRequest', watcherTypeRequest, { path: '/a', type: 3 })

/** The flag at their end came with 3.4: without it, these are whole records (see below). */
const optionalEnd = ['ConnectRequest', 'ConnectResponse']

function encode({ codec, value }: Sample): Buffer {
  const writer = new JuteWriter()
  codec.write(writer, value)
  return Buffer.from(writer.bytes)
}

t.test('records: what is written is read again, to the last byte', async t => {
  for (const one of samples) {
    const reader = new JuteReader(encode(one))
    t.strictSame(one.codec.read(reader), one.value, one.name)
    t.equal(reader.remaining, 0, `${one.name} is read to its end`)
  }
})

t.test('records: input that ends early is a JuteError, wherever it ends', async t => {
  for (const one of samples) {
    const whole = encode(one)
    const shortest = optionalEnd.includes(one.name) ? whole.length - 1 : whole.length
    const accepted: number[] = []
    // An ErrorReply without any byte is a whole one too.
    for (let length = one.name === 'ErrorReply' ? 1 : 0; length < shortest; length++) {
      try {
        one.codec.read(new JuteReader(whole.subarray(0, length)))
        accepted.push(length)
      } catch (error) {
        if ((error as Error).name !== 'JuteError') throw error
      }
    }
    t.strictSame(accepted, [], one.name)
  }
})

t.test('records: surplus bytes at the end are left alone', async t => {
  for (const one of samples) {
    const reader = new JuteReader(Buffer.concat([encode(one), Buffer.from([1, 2, 3])]))
    t.strictSame(one.codec.read(reader), one.value, one.name)
    t.equal(reader.remaining, 3, `${one.name} takes no more than its own`)
  }
})

t.test('records: peers before 3.4 leave the read-only flag out, and it reads as false', async t => {
  for (const one of samples.filter(({ name }) => optionalEnd.includes(name))) {
    const old = encode(one).subarray(0, -1)
    t.match(one.codec.read(new JuteReader(old)), { readOnly: false, timeOut: /\d/ }, one.name)
  }
})

t.test('records: a null password reads as sixteen zero bytes', async t => {
  const response = Buffer.from(`00000000 00000fa0 ${'00'.repeat(8)} ffffffff 00`.replaceAll(' ', ''), 'hex')
  t.strictSame(connectResponse.read(new JuteReader(response)).passwd, Buffer.alloc(16))
})

t.test('records: an operation that no multi allows, or an unknown item of a reply, is refused', async t => {
  const getData = Buffer.from('00000004 00 ffffffff 00000002 2f61 00'.replaceAll(' ', ''), 'hex')
  const check = Buffer.from('0000000d 00 ffffffff 00000002 2f61 00000000'.replaceAll(' ', ''), 'hex')
  t.throws(() => multiReadRequest.read(new JuteReader(check)), { name: 'JuteError', message: /13/ })
  t.throws(() => multiReadReply.read(new JuteReader(check)), { name: 'JuteError', message: /13/ })
  t.throws(() => multiRequest.read(new JuteReader(getData)), { name: 'JuteError', message: /4/ })
  t.throws(() => multiReply.read(new JuteReader(getData)), { name: 'JuteError', message: /4/ })
})

t.test('records: an error item and the end of a multi differ by the done flag alone', async t => {
  const error = 'ffffffff 00 ffffff99 ffffff99'
  const end = 'ffffffff 01 ffffffff'
  const reply = Buffer.from((error + end).replaceAll(' ', ''), 'hex')
  t.strictSame(multiReply.read(new JuteReader(reply)), { outcomes: [{ type: 'error', err: -103 }] })
  const early = Buffer.from((end + error).replaceAll(' ', ''), 'hex')
  t.strictSame(multiReply.read(new JuteReader(early)), { outcomes: [] })
  t.strictSame(multiReadReply.read(new JuteReader(reply)), { outcomes: [{ type: 'error', err: -103 }] })
})

t.test('H27: records: property: a Stat survives with any field', async t => {
  fc.assert(
    fc.property(anyStat, value => {
      const read = stat.read(new JuteReader(encode({ name: '', codec: stat as Codec<unknown>, value })))
      for (const key of Object.keys(value) as (keyof Stat)[]) if (read[key] !== value[key]) return false
      return true
    }),
  )
  t.pass()
})

t.test('records: property: a multi reply of any items is read as it was written', async t => {
  const plain = { noNullPrototype: true }
  const outcome: fc.Arbitrary<MultiOutcome> = fc.oneof(
    fc.record({ type: fc.constant('create'), path: fc.string(), stat: fc.constantFrom(null, aStat) }, plain),
    fc.constantFrom({ type: 'setData', stat: aStat }, { type: 'delete' }, { type: 'check' }),
    fc.record({ type: fc.constant('error'), err: fc.integer({ min: -127, max: 0 }) }, plain),
  )
  fc.assert(
    fc.property(fc.array(outcome, { maxLength: 8 }), outcomes => {
      const written = encode({ name: '', codec: multiReply as Codec<unknown>, value: { outcomes } })
      return isDeepStrictEqual(multiReply.read(new JuteReader(written)), { outcomes })
    }),
  )
  t.pass()
})
