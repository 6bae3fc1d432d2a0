// The processor: requests in, outcomes out, without a socket.
import { Buffer } from 'node:buffer'
import { OpCode } from '../../protocol/opcodes.ts'
import { operations } from '../../protocol/operations.ts'
import { createRequest, createTtlRequest, readRequest } from '../../protocol/records/nodes.ts'
import { sequenceSuffix } from '../../src/embedded/handlers/create.ts'
import { reap } from '../../src/embedded/reaper.ts'
import { t } from '../tap.ts'
import { core, errOf, FakePeer, OPEN, read } from './support.ts'

const create = (peer: FakePeer, path: string, flags = 0, opcode: number = OpCode.create2) =>
  peer.ask(opcode, createRequest, { path, data: null, acl: OPEN, flags })
const exists = (peer: FakePeer, path: string) => peer.ask(OpCode.exists, readRequest, { path, watch: false })

t.test('8.4.15: a reply tells the newest zxid, a failure too', async t => {
  const { world } = core()
  const peer = new FakePeer(world)
  t.match(create(peer, '/a'), { type: 'reply', xid: 7, zxid: 0x1_0000_0002n, err: 0, next: 'goOn' })
  t.match(create(peer, '/a'), { zxid: 0x1_0000_0003n, err: -110 })
  t.match(exists(peer, '/a'), { zxid: 0x1_0000_0003n, err: 0 })
})

t.test('an unknown operation and a header cut short end the connection', async t => {
  const { world } = core()
  const peer = new FakePeer(world)
  const expires = peer.client.session!.expires
  t.match(peer.ask(888), { err: -6, zxid: -1n, next: 'close' })
  t.equal(peer.client.session!.expires, expires)
  t.match(peer.ask(OpCode.check), { err: -6, next: 'close' })
})

t.test('a session that ended takes its requests along', async t => {
  const { world } = core()
  const peer = new FakePeer(world)
  create(peer, '/e', 1)
  t.match(peer.ask(OpCode.closeSession), { err: 0, body: null, next: 'close' })
  world.detach(peer.client)
  t.equal(create(peer, '/late').type, 'close')
  const other = new FakePeer(world)
  t.equal(errOf(exists(other, '/e')), -101)
  t.equal(errOf(exists(other, '/late')), -101)
})

t.test('a request touches the session, a login does not', async t => {
  const { world, clock } = core()
  const peer = new FakePeer(world)
  const before = peer.client.session!.expires
  await clock.advance(2000)
  const auth = { type: 0, scheme: 'digest', auth: Buffer.from('a:b') }
  t.match(peer.ask(OpCode.auth, operations.auth.request, auth), { err: 0, zxid: 0n })
  t.equal(peer.client.session!.expires, before)
  peer.ask(OpCode.ping)
  t.equal(peer.client.session!.expires, before + 2000)
})

t.test('a read-only server reads', async t => {
  const { world } = core({}, 'readOnly')
  const peer = new FakePeer(world)
  t.equal(errOf(exists(peer, '/')), 0)
  t.equal(errOf(create(peer, '/a')), -119)
  t.equal(errOf(peer.ask(OpCode.sync, operations.sync.request, { path: '/' })), -119)
  t.equal(errOf(peer.ask(OpCode.multi, operations.multi.request, { operations: [] })), -119)
  t.equal(errOf(peer.ask(OpCode.ping)), 0)
  t.match(peer.ask(OpCode.closeSession), { err: 0, next: 'close' }, 'its sessions are its own')
})

t.test('the reaper: time to live from the last change, containers once used', async t => {
  const { world, clock } = core({ containerMaxNeverUsed: 5000 })
  const peer = new FakePeer(world, 20_000)
  const ttl = { path: '/t', data: null, acl: OPEN, flags: 5, ttl: 1000 }
  t.equal(errOf(peer.ask(OpCode.createTTL, createTtlRequest, ttl)), 0)
  for (const path of ['/c', '/unused']) create(peer, path, 4, OpCode.createContainer)
  create(peer, '/c/a')
  await clock.advance(1000)
  t.equal(reap(world), 0, 'more than the time, not just the time')
  peer.ask(OpCode.setData, operations.setData.request, { path: '/t', data: null, version: -1 })
  await clock.advance(1000)
  t.equal(reap(world), 0)
  peer.ask(OpCode.delete, operations.delete.request, { path: '/c/a', version: -1 })
  await clock.advance(1)
  t.equal(reap(world), 2)
  t.equal(errOf(exists(peer, '/unused')), 0)
  await clock.advance(4000)
  t.equal(reap(world), 1)
  t.same([...world.tree.reapable], [])
})

t.test('8.3.1: suffixes are ten characters wide', async t => {
  t.same([0, 7, 2 ** 31 - 1, -1, -(2 ** 31)].map(sequenceSuffix), [
    '0000000000',
    '0000000007',
    '2147483647',
    '-000000001',
    '-2147483648',
  ])
})

t.test('a fault inside is told to the client, and nothing of the write stays', async t => {
  const { world } = core()
  const peer = new FakePeer(world)
  world.tree.setData = () => {
    throw new TypeError('a bug')
  }
  t.equal(
    errOf(peer.ask(OpCode.setData, operations.setData.request, { path: '/', data: null, version: -1 })),
    -5,
  )
  const reply = peer.ask(OpCode.multi, operations.multi.request, {
    operations: [
      { opcode: OpCode.create, request: { path: '/a', data: null, acl: OPEN, flags: 0 } },
      { opcode: OpCode.setData, request: { path: '/', data: null, version: -1 } },
    ],
  })
  t.equal(errOf(reply), -5)
  t.equal(errOf(exists(peer, '/a')), -101)
  t.equal(read(operations.setData.reply!, exists(peer, '/')).numChildren, 1)
})

t.test('8.3.6: at the end of the counter a sequential name is taken', async t => {
  const { world } = core()
  const peer = new FakePeer(world)
  create(peer, '/a')
  world.tree.get('/a')!.creates = 2 ** 31 - 1
  t.match(read(operations.create.reply!, create(peer, '/a/s-', 2)), { path: '/a/s-2147483647' })
  t.equal(errOf(create(peer, '/a/s-', 2)), -110)
})

t.test('8.2.14: versions wrap', async t => {
  const { world } = core()
  const peer = new FakePeer(world)
  create(peer, '/a')
  Object.assign(world.tree.get('/a')!, { version: 2 ** 31 - 1, aversion: 2 ** 31 - 1 })
  const data = peer.ask(OpCode.setData, operations.setData.request, {
    path: '/a',
    data: null,
    version: 2 ** 31 - 1,
  })
  t.equal(read(operations.setData.reply!, data).version, -(2 ** 31))
  const acl = peer.ask(OpCode.setACL, operations.setACL.request, {
    path: '/a',
    acl: OPEN,
    version: 2 ** 31 - 1,
  })
  t.equal(read(operations.setACL.reply!, acl).aversion, -(2 ** 31))
})

t.test('multiRead: what would be an enormous reply is refused', async t => {
  const { world } = core()
  const peer = new FakePeer(world)
  const data = Buffer.alloc(1024 * 1024)
  t.equal(errOf(peer.ask(OpCode.create, createRequest, { path: '/a', data, acl: OPEN, flags: 0 })), 0)
  const { opcode, request } = operations.multiRead
  const reads = (count: number) =>
    errOf(
      peer.ask(opcode, request, {
        operations: Array.from({ length: count }, () => ({ opcode: OpCode.getData, path: '/a' })),
      }),
    )
  t.equal(reads(64), 0)
  t.equal(reads(65), -5)
  for (let i = 0; i < 100; i++) create(peer, `/a/${'x'.repeat(1000)}${i}`)
  const lists = Array.from({ length: 700 }, () => ({ opcode: OpCode.getChildren, path: '/a' }))
  t.equal(errOf(peer.ask(opcode, request, { operations: lists.slice(0, 600) })), 0)
  t.equal(errOf(peer.ask(opcode, request, { operations: lists })), -5)
})
