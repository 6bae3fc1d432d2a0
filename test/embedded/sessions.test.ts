// Sessions on a clock that stands still: ticks, touches, expiry, taking over, and where the numbers begin.
import { Buffer } from 'node:buffer'
import { OpCode } from '../../protocol/opcodes.ts'
import { firstSessionId, firstZxid, nextEpoch } from '../../src/embedded/epoch.ts'
import { Housekeeper } from '../../src/embedded/housekeeper.ts'
import { SessionTable } from '../../src/embedded/session-table.ts'
import { t } from '../tap.ts'
import { core, FakePeer } from './support.ts'

t.test('a session ends at the first tick after its timeout', async t => {
  let now = 500
  const table = new SessionTable(1000, () => now, 1n)
  const [a, b] = [table.open(2000, 'global'), table.open(4000, 'global')]
  t.same([a.expires, b.expires], [3000, 5000])
  t.equal(table.nextExpiry, 3000)
  now = 2999
  t.same(table.due(), [])
  now = 3000
  t.same(table.due(), [a])
  table.touch(a)
  t.same(table.due(), [])
  t.equal(a.expires, 6000, 'on a tick it is rounded to the next one')
  now = 9999
  t.same(table.due(), [b, a], 'soonest first')
  table.remove(a)
  table.remove(b)
  t.equal(table.nextExpiry, undefined)
  t.equal(table.size, 0)
})

t.test('numbers begin above those of every server before', async t => {
  const now = Date.UTC(2026, 5, 1)
  const first = nextEpoch(now)
  const second = nextEpoch(now)
  t.ok(second > first, 'within the same moment')
  t.ok(nextEpoch(now + 60_000) > second)
  t.ok(firstZxid(second) > firstZxid(first) + 0xffff_ffn)
  t.ok(firstZxid(nextEpoch(Date.UTC(2041, 0, 1))) < 2n ** 63n)
  t.ok(firstSessionId(second) > firstSessionId(first) + 0xff_fffen)
  t.equal(firstSessionId(second) >> 56n, 1n)
})

t.test('an older connection ends even if the newer one is a stranger', async t => {
  const { world } = core()
  const [owner, thief] = [new FakePeer(world), new FakePeer(world)]
  const session = owner.client.session!
  world.detach(thief.client)
  t.equal(world.resumeSession(thief.client, session.id, Buffer.alloc(16), 4000), null)
  t.equal(owner.closed, true)
  t.equal(session.client, null)
  t.equal(world.resumeSession(thief.client, session.id, Buffer.alloc(3), 4000), null)
  t.equal(world.resumeSession(thief.client, session.id, session.password, 5000), session)
  t.equal(session.timeout, 5000)
})

t.test('expiry deletes the ephemerals in one transaction, and ends the connection', async t => {
  const { world, clock } = core()
  const [dead, witness] = [new FakePeer(world, 2000), new FakePeer(world, 60_000)]
  const owner = { kind: 'session', id: dead.client.session!.id } as const
  for (const path of ['/a', '/b']) {
    world.transact(txn => world.tree.create(txn, path, { data: null, acl: [], owner }))
  }
  world.watches.addRecursive('/', witness.client)
  const before = world.zxid
  await clock.advance(3000)
  world.expireSessions()
  t.same(witness.heard, ['2 /a', '2 /b'])
  t.equal(world.zxid, before + 1n)
  t.equal(dead.closed, true)
  t.equal(world.sessions.size, 1)
})

t.test('a process that stood still reads first what came meanwhile, and expires then', async t => {
  const { world, clock } = core()
  const housekeeper = new Housekeeper(world)
  const [alive, dead] = [new FakePeer(world, 4000), new FakePeer(world, 4000)]
  clock.stall(60_000)
  clock.afterNextTimer(() => alive.ask(OpCode.ping))
  await clock.advance(0)
  t.equal(alive.closed, false)
  t.equal(dead.closed, true)
  t.equal(world.sessions.size, 1)
  await clock.advance(6000)
  t.equal(alive.closed, true, 'and goes on watching')
  housekeeper.stop()
  t.equal(clock.scheduled, 0)
})

t.test('what a late look was to do is not done after a stop', async t => {
  const { world, clock } = core()
  const housekeeper = new Housekeeper(world)
  const peer = new FakePeer(world, 4000)
  clock.stall(60_000)
  clock.afterNextTimer(() => housekeeper.stop())
  await clock.advance(60_000)
  t.equal(peer.closed, false)
})

t.test('without a quorum no session of the ensemble expires', async t => {
  const { world, clock } = core()
  const peer = new FakePeer(world, 2000)
  world.changeMode('readOnly')
  t.equal(peer.closed, true)
  const local = new FakePeer(world, 2000)
  t.equal(local.client.session?.kind, 'local')
  await clock.advance(60_000)
  const { zxid } = world
  world.expireSessions()
  t.equal(local.closed, true)
  t.equal(world.sessions.size, 1)
  world.changeMode('standalone')
  t.equal(world.zxid, zxid, 'local sessions are no transactions')
  await clock.advance(3000)
  world.expireSessions()
  t.equal(world.sessions.size, 0)
})
