// A server that goes down and comes back, with or without its data, and one that stands still for a while.
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import { openAcl, ZooKeeper } from '../../protocol/index.ts'
import { operations } from '../../protocol/operations.ts'
import type { EmbeddedZooKeeper } from '../../src/embedded/index.ts'
import { ManualClock } from '../../src/testing/index.ts'
import { RawClient } from '../conformance/raw-client.ts'
import { eventually } from '../support/eventually.ts'
import { onSteadyPort } from '../support/steady-port.ts'
import type { Test } from '../tap.ts'
import { t } from '../tap.ts'

async function clientOf(t: Test, server: EmbeddedZooKeeper): Promise<ZooKeeper> {
  const zk = new ZooKeeper(server.connectString, { sessionTimeout: 40_000 })
  t.teardown(() => zk.close())
  await zk.connect({ timeout: 60_000 })
  return zk
}

t.test('restart: sessions, znodes and the port stay', async t => {
  const server = await onSteadyPort(t)
  const zk = await clientOf(t, server)
  const { sessionId } = zk
  const { port } = server
  await zk.create('/kept', 'x')
  await zk.create('/mine', null, { mode: 'ephemeral' })
  const events: string[] = []
  await zk.get('/kept', { watch: ({ type }) => events.push(type) })
  await server.restart()
  t.equal(server.port, port)
  // A read is sent again where a write would be told that its connection was lost.
  await zk.exists('/')
  await zk.set('/kept', 'y')
  await eventually('the watch was armed again', () => events.length === 1)
  t.equal(zk.sessionId, sessionId)
  t.equal((await zk.exists('/mine'))?.ephemeralOwner, sessionId)
})

t.test('restart: with wipe, clients begin again on an empty server', async t => {
  const server = await onSteadyPort(t)
  const zk = await clientOf(t, server)
  const { sessionId, lastZxid } = zk
  await zk.create('/gone', 'x')
  await server.restart({ wipe: true })
  await eventually('a new session', () => zk.generation === 2 && zk.state === 'connected')
  t.not(zk.sessionId, sessionId)
  t.equal(await zk.exists('/gone'), null)
  t.ok(zk.lastZxid > lastZxid, 'a higher epoch')
})

t.test('restart: many at once, and with close, end in order', async t => {
  const server = await onSteadyPort(t)
  await Promise.all([server.restart(), server.restart({ wipe: true }), server.restart()])
  const zk = await clientOf(t, server)
  t.ok(await zk.exists('/'))
  const late = server.restart()
  const closed = server.close()
  await late.catch(() => {})
  await closed
  await t.rejects(server.restart(), /closed/)
  await t.rejects(RawClient.open(zk.remote ?? '127.0.0.1:1'))
})

t.test('restart: a port that somebody took is told, and when it is free again so is the server', async t => {
  const server = await onSteadyPort(t)
  const { port } = server
  let thief = createServer()
  const failure = await eventually('somebody who is faster', async () => {
    const restarted = server.restart().then(
      () => null,
      error => error,
    )
    // By then the port is free, and the restart waits for the end of its connections.
    for (let turn = 0; turn < 3; turn++) await null
    thief = createServer()
    t.teardown(() => void thief.close())
    thief.on('error', () => {})
    thief.listen({ port })
    return await restarted
  })
  t.match(failure, { code: 'EADDRINUSE' })
  await new Promise(resolve => thief.close(resolve))
  await server.restart()
  t.equal(server.port, port)
  const client = await RawClient.open(server.connectString)
  await client.close()
  await server.close()
})

t.test('freeze: nothing is answered and nothing expires, until thaw', async t => {
  const clock = new ManualClock()
  const server = await onSteadyPort(t, { clock, tickTime: 1000 })
  const client = await RawClient.open(server.connectString, { timeOut: 4000 })
  t.teardown(() => client.link.destroy())
  const session = client.welcome.sessionId
  server.freeze()
  server.freeze()
  let answered = false
  const late = new ZooKeeper(server.connectString)
  t.teardown(() => late.close())
  const request = late.exists('/').then(stat => {
    answered = true
    return stat
  })
  clock.advance(60_000)
  await new Promise(resolve => setTimeout(resolve, 30))
  t.notOk(answered, 'new connections get no answer')
  t.ok(server.sessionIds.includes(session), 'time went by, and nobody looked')
  server.thaw()
  server.thaw()
  t.ok(await request)
  clock.advance(0)
  await eventually('expired', () => !server.sessionIds.includes(session))
})

t.test('freeze: a client that stays within its timeout keeps its session and its answers', async t => {
  const server = await onSteadyPort(t)
  const zk = await clientOf(t, server)
  const { sessionId } = zk
  server.freeze()
  const writes = Promise.all(Array.from({ length: 100 }, (_, i) => zk.create(`/n${i}`)))
  await new Promise(resolve => setTimeout(resolve, 30))
  t.equal(server.sessionIds.length, 1)
  server.thaw()
  t.equal((await writes).length, 100)
  t.equal(zk.sessionId, sessionId)
})

t.test('freeze: what is asked meanwhile happens at thaw, and nobody hears of it before', async t => {
  const server = await onSteadyPort(t)
  const owner = await RawClient.open(server.connectString)
  const watcher = await RawClient.open(server.connectString)
  t.teardown(() => [owner, watcher].forEach(({ link }) => void link.destroy()))
  const { create, exists, getData } = operations
  const znode = { path: '/e', data: null, acl: openAcl, flags: 1 }
  t.equal((await owner.call(create.opcode, create.request, znode)).err, 0)
  await watcher.call(exists.opcode, exists.request, { path: '/e', watch: true })
  server.freeze()
  const { sessionId } = owner.welcome
  t.ok(server.expireSession(sessionId))
  t.ok(server.expireSession(sessionId), 'it is still there')
  server.setReadOnly(false)
  // What the server had written would be on its way ahead of this connection's end.
  const bystander = connect(server.port, '127.0.0.1')
  t.teardown(() => void bystander.destroy())
  await once(bystander, 'connect')
  await new Promise(resolve => setImmediate(resolve))
  t.same(watcher.heard, [])
  t.notOk(owner.link.ended)
  server.thaw()
  t.match(await watcher.call(getData.opcode, getData.request, { path: '/e', watch: false }), { err: -101 })
  t.same(watcher.heard, ['2 /e'])
  await owner.link.end()
  t.notOk(server.expireSession(sessionId))
})

t.test('freeze: a restart ends it, and what was asked is done', async t => {
  const server = await onSteadyPort(t)
  const zk = await clientOf(t, server)
  const { sessionId } = zk
  server.freeze()
  t.ok(server.expireSession(sessionId ?? 0n))
  server.setReadOnly(true)
  t.notOk(server.readOnly)
  await server.restart()
  t.ok(server.readOnly)
  server.setReadOnly(false)
  await eventually('a new session', () => zk.generation === 2 && zk.state === 'connected')
  t.not(zk.sessionId, sessionId)
})

t.test('thaw: after close, and while a restart is under way, leaves no timer behind', async t => {
  const clock = new ManualClock()
  const server = await onSteadyPort(t, { clock })
  const zk = await clientOf(t, server)
  await zk.create('/c', null, { mode: 'container' })
  server.freeze()
  const restarted = server.restart()
  await null
  server.thaw()
  await restarted
  t.equal(clock.scheduled, 2, 'one for sessions, one for containers')
  server.freeze()
  t.equal(clock.scheduled, 0)
  await server.close()
  server.thaw()
  t.equal(clock.scheduled, 0)
})
