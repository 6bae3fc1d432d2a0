// Data in both directions: what is sent is what the caller gave at the call, and what is read belongs to the caller.
import { Buffer } from 'node:buffer'
import type { ZooKeeper } from '../../../protocol/client/zookeeper.ts'
import { FrameEncoder } from '../../../protocol/frame.ts'
import type { SetAclRequest } from '../../../protocol/records/access.ts'
import { replyHeader } from '../../../protocol/records/headers.ts'
import type { GetDataReply } from '../../../protocol/records/nodes.ts'
import { getDataReply } from '../../../protocol/records/nodes.ts'
import { outcomeOf, outcomesOf } from '../../support/outcome.ts'
import { connectedWorld, newWorld } from '../../support/scripted-client.ts'
import type { ScriptedConnection } from '../../support/scripted-server.ts'
import { aStat } from '../../support/scripted-server.ts'
import type { Test } from '../../tap.ts'
import { t } from '../../tap.ts'

/** Four writes of which the caller overwrites the data and the ACL at once. */
function writeAndOverwrite(zk: ZooKeeper): void {
  const data = Buffer.from('as it was')
  const entry = { perms: 1, id: { scheme: 'ip', id: '10.0.0.1' } }
  const acl = [entry]
  outcomesOf(zk.set('/set', data), zk.create('/create', data, { mode: 'persistentWithTtl', ttl: 9, acl }))
  outcomeOf(zk.setAcl('/acl', acl))
  outcomeOf(zk.transaction().delete('/gone').set('/in', data).create('/new', null).commit())
  data.fill(0)
  entry.perms = 31
  entry.id.id = '0.0.0.0/0'
  acl.push(entry)
}

function checkSent(t: Test, link: ScriptedConnection): void {
  const data = Buffer.from('as it was')
  t.match(link.take('setData').body, { path: '/set', data, version: -1 })
  const acl = [{ perms: 1, id: { scheme: 'ip', id: '10.0.0.1' } }]
  t.match(link.take('createTTL').body, { path: '/create', data, ttl: 9, acl })
  t.strictSame((link.take('setACL').body as SetAclRequest).acl, acl)
  const operations = [
    { request: { path: '/gone' } },
    { request: { path: '/in', data } },
    { request: { path: '/new', data: null } },
  ]
  t.match(link.take('multi').body, { operations })
}

t.test('payloads: what a caller changes after the call is not sent', async t => {
  const { zk, clock, ensemble } = await connectedWorld(t)
  writeAndOverwrite(zk)
  await clock.settle()
  checkSent(t, ensemble.link)
})

t.test('payloads: nor is it where the request waits for a connection, or before a full socket', async t => {
  const { zk, clock, ensemble } = newWorld(t)
  writeAndOverwrite(zk)
  await clock.settle()
  const { link } = ensemble
  checkSent(t, link)
  link.transport.full = true
  outcomeOf(zk.get('/fills'))
  await clock.settle()
  link.take('getData')
  writeAndOverwrite(zk)
  await clock.settle()
  t.equal(link.waiting, 0)
  link.transport.drain()
  await clock.settle()
  checkSent(t, link)
})

/** One of each kind of request; none of them is answered. */
function askAll(client: ZooKeeper): void {
  const zk = client.chroot('/größe')
  const acl = [{ perms: 31, id: { scheme: 'digest', id: 'bob:xyz=' } }]
  outcomesOf(zk.create('/c', 'data', { acl }), zk.create('/s-', null, { mode: 'ephemeralSequential' }))
  outcomesOf(
    zk.create('/box', '', { mode: 'container' }),
    zk.create('/t', '', { mode: 'persistentWithTtl', ttl: 7 }),
  )
  outcomesOf(zk.set('/c', Buffer.alloc(100_000, 'x'), { version: 3 }), zk.delete('/c', { version: 4 }))
  outcomesOf(zk.get('/c'), zk.exists('/c', { watch: () => {} }), zk.getChildren('/'), zk.sync('/'))
  outcomesOf(zk.getAcl('/c'), zk.setAcl('/c', acl), zk.getEphemerals('/c'), zk.getAllChildrenNumber('/c'))
  outcomesOf(zk.whoAmI(), zk.getConfig(), zk.reconfig({ leaving: ['3'] }), zk.multiRead([{ get: '/c' }]))
  outcomeOf(zk.transaction().check('/c').create('/n', 'x').set('/c', null).delete('/d').commit())
}

t.test('payloads: a request that waited goes out in the same bytes as one that is sent at once', async t => {
  const atOnce = await connectedWorld(t)
  const waited = newWorld(t)
  askAll(atOnce.zk)
  askAll(waited.zk)
  await atOnce.clock.settle()
  await waited.clock.settle()
  // After the handshake.
  const [expected, sent] = [atOnce, waited].map(({ ensemble }) =>
    Buffer.concat(ensemble.link.writes.slice(1)),
  )
  t.ok((expected as Buffer).length > 100_000)
  t.ok(sent?.equals(expected as Buffer))
  t.strictSame(waited.ensemble.link.requests, atOnce.ensemble.link.requests)
})

t.test('payloads: large requests leave one by one, the first that waited too', async t => {
  const { zk, clock, ensemble } = await connectedWorld(t)
  const { transport } = ensemble.link
  transport.full = true
  outcomeOf(zk.get('/fills'))
  await clock.settle()
  const before = transport.writes.length
  outcomesOf(zk.set('/a', Buffer.alloc(1_000_000)), zk.set('/b', Buffer.alloc(1_000_000)))
  transport.drain()
  await clock.settle()
  // Together they would need a buffer for both, into which the first would be copied again.
  t.strictSame(
    transport.writes.slice(before).map(({ length }) => Math.round(length / 1e6)),
    [1, 1],
  )
})

t.test(
  'payloads: large data that was read is not changed by what comes later, nor by other readers',
  async t => {
    const { zk, clock, ensemble } = await connectedWorld(t)
    const { link } = ensemble
    const stored = Buffer.alloc(300_000, 'data')
    const read = async (): Promise<Uint8Array> => {
      const outcome = outcomeOf(zk.get('/large'))
      await clock.settle()
      const { xid } = link.take('getData')
      const encoder = new FrameEncoder()
      const writer = encoder.begin()
      replyHeader.write(writer, { xid, zxid: link.nextZxid(), err: 0 })
      getDataReply.write(writer, { data: stored, stat: aStat })
      encoder.end()
      const frame = encoder.take().bytes
      // In parts, as a large answer comes from a socket.
      for (let at = 0; at < frame.length; at += 65_536) link.raw(frame.subarray(at, at + 65_536))
      await clock.settle()
      const { data } = outcome.value as GetDataReply
      return data as Uint8Array
    }
    const first = await read()
    first.fill(1)
    const second = await read()
    t.ok(stored.equals(second))
    await read()
    t.ok(stored.equals(second))
    t.ok(first.every(byte => byte === 1))
  },
)

t.test('payloads: the ACL of the options stays as it was given', async t => {
  const entry = { perms: 1, id: { scheme: 'ip', id: '10.0.0.1' } }
  const acl = [entry]
  const { zk, ensemble, clock } = await connectedWorld(t, { acl })
  entry.perms = 31
  acl.pop()
  outcomeOf(zk.create('/a'))
  await clock.settle()
  const { body } = ensemble.link.take('create')
  t.strictSame((body as SetAclRequest).acl, [{ perms: 1, id: { scheme: 'ip', id: '10.0.0.1' } }])
})
