// close(): from every state, settles everything and leaves nothing. What is left is checked after each test too.

import { codeOf, failureOf, outcomeOf, outcomesOf } from '../../support/outcome.ts'
import type { World } from '../../support/scripted-client.ts'
import { connectedWorld, newWorld } from '../../support/scripted-client.ts'
import { aStat } from '../../support/scripted-server.ts'
import type { Test } from '../../tap.ts'
import { t } from '../../tap.ts'

function nothingIsLeft(t: Test, { clock, ensemble }: World): void {
  t.equal(clock.scheduled, 0, 'nothing is scheduled')
  t.ok(
    ensemble.connections.every(({ closed }) => closed),
    'every connection is closed',
  )
}

/** Closes a client that cannot reach a server: that takes no time at all. */
async function closesAtOnce(t: Test, world: World): Promise<void> {
  const { zk, clock } = world
  const calls = outcomesOf(zk.get('/a'), zk.set('/a', ''), zk.connect())
  await clock.settle()
  const closing = outcomeOf(zk.close())
  await clock.settle()
  t.equal(closing.state, 'resolved')
  t.strictSame(calls.map(codeOf), ['CLOSED', 'CLOSED', 'CLOSED'])
  t.equal(zk.state, 'closed')
  nothingIsLeft(t, world)
  const connections = world.ensemble.connections.length
  await clock.advance(100_000)
  t.equal(world.ensemble.connections.length, connections, 'and it stays closed')
}

t.test('H11: close: of a client that was never used', async t => {
  const world = newWorld(t)
  const closing = outcomeOf(world.zk.close())
  await world.clock.settle()
  t.equal(closing.state, 'resolved')
  t.equal(world.zk.state, 'closed')
  t.strictSame(world.ensemble.tried, [])
  nothingIsLeft(t, world)
})

t.test('H11: close: while no server can be reached, in a pause', async t => {
  const world = newWorld(t)
  world.ensemble.reach = () => 'refused'
  outcomeOf(world.zk.connect())
  await world.clock.advance(20)
  await closesAtOnce(t, world)
})

t.test('H11: close: while an address does not answer', async t => {
  const world = newWorld(t)
  world.ensemble.reach = () => 'hanging'
  await closesAtOnce(t, world)
})

t.test('H11: close: while a name is being resolved', async t => {
  const world = newWorld(t)
  // The lookup answers in a microtask: here the client is closed before that.
  const call = outcomeOf(world.zk.get('/a'))
  const closing = outcomeOf(world.zk.close())
  await world.clock.settle()
  t.strictSame([codeOf(call), closing.state], ['CLOSED', 'resolved'])
  nothingIsLeft(t, world)
})

t.test('H11: close: while the handshake is not answered', async t => {
  const world = newWorld(t)
  world.ensemble.onHandshake = () => {}
  await closesAtOnce(t, world)
})

t.test('H11: close: while the answer to the handshake is on its way', async t => {
  const world = newWorld(t)
  world.ensemble.onHandshake = () => {}
  outcomeOf(world.zk.connect())
  await world.clock.settle()
  world.ensemble.admit(world.ensemble.link)
  const closing = outcomeOf(world.zk.close())
  await world.clock.settle()
  t.equal(closing.state, 'resolved')
  t.strictSame(world.states, ['closed'])
  nothingIsLeft(t, world)
})

t.test('H11: close: at each step between the answer to the handshake and the session', async t => {
  for (let steps = 0; steps < 20; steps++) {
    const world = newWorld(t)
    const { zk, clock, ensemble } = world
    ensemble.onHandshake = async connection => {
      ensemble.admit(connection)
      for (let i = 0; i < steps; i++) await null
      void zk.close()
    }
    outcomeOf(zk.connect())
    await clock.advance(5000)
    t.equal(zk.state, 'closed')
    nothingIsLeft(t, world)
  }
})

t.test('H11: close: while the link is lost', async t => {
  const world = await connectedWorld(t)
  world.ensemble.reach = () => 'refused'
  world.ensemble.link.close()
  await world.clock.advance(10)
  t.equal(world.zk.state, 'suspended')
  await closesAtOnce(t, world)
})

t.test('H11: close: while the session is lost', async t => {
  const world = await connectedWorld(t)
  world.ensemble.reach = () => 'refused'
  world.ensemble.link.close()
  await world.clock.advance(10_000)
  t.equal(world.zk.state, 'lost')
  await closesAtOnce(t, world)
})

t.test('H11: close: while an expired session is being replaced', async t => {
  const world = await connectedWorld(t)
  world.ensemble.reach = () => 'refused'
  world.ensemble.link.close()
  await world.clock.advance(13_000)
  t.equal(world.zk.state, 'connecting')
  await closesAtOnce(t, world)
})

t.test('H11: close: from inside the report of the expiry', async t => {
  const world = await connectedWorld(t)
  const { zk, clock, ensemble, states } = world
  const read = outcomeOf(zk.get('/a'))
  zk.on('state', ({ state }) => {
    if (state === 'expired') void zk.close()
  })
  await clock.settle()
  ensemble.expireAll()
  ensemble.link.close()
  await clock.advance(100)
  t.equal(codeOf(read), 'CLOSED')
  t.strictSame(states, ['connected', 'suspended', 'expired', 'closed'])
  nothingIsLeft(t, world)
})

t.test('H11: close: from inside the report of the connection', async t => {
  const world = newWorld(t)
  const { zk, clock, ensemble } = world
  zk.on('state', ({ state }) => {
    if (state === 'connected') void zk.close()
  })
  const read = outcomeOf(zk.get('/a'))
  await clock.settle()
  t.strictSame(ensemble.link.names, ['closeSession'], 'requests that waited are not sent any more')
  ensemble.link.reply(ensemble.link.take('closeSession'))
  await clock.settle()
  t.equal(codeOf(read), 'CLOSED')
  nothingIsLeft(t, world)
})

t.test('H11: close: of a connected client ends the session on the server', async t => {
  const world = await connectedWorld(t)
  const { zk, clock, ensemble } = world
  const read = outcomeOf(zk.get('/a'))
  await clock.settle()
  const closing = outcomeOf(zk.close())
  const late = outcomeOf(zk.get('/late'))
  await clock.settle()
  const { link } = ensemble
  t.strictSame(link.names, ['getData', 'closeSession'])
  link.reply(link.take('getData'), { data: null, stat: aStat })
  link.reply(link.take('closeSession'))
  link.close()
  await clock.settle()
  t.strictSame([read, closing].map(codeOf), ['resolved', 'resolved'], 'what was sent before is answered')
  t.equal(codeOf(late), 'CLOSED')
  t.strictSame(world.states, ['connected', 'closed'])
  nothingIsLeft(t, world)
})

t.test('H11: close: of a connected client whose server says nothing takes a second', async t => {
  const world = await connectedWorld(t)
  const { zk, clock } = world
  const [read, write] = outcomesOf(zk.get('/a'), zk.set('/a', ''))
  await clock.settle()
  const closing = outcomeOf(zk.close())
  await clock.advance(999)
  t.equal(closing.state, 'pending')
  await clock.advance(1)
  t.equal(closing.state, 'resolved')
  t.equal(codeOf(read), 'CLOSED')
  t.match(failureOf(write), { code: 'CLOSED', mayHaveApplied: true })
  nothingIsLeft(t, world)
})

t.test('H11: close: with a timeout of its own, and of zero', async t => {
  for (const timeout of [0, 300]) {
    const world = await connectedWorld(t)
    const closing = outcomeOf(world.zk.close({ timeout }))
    await world.clock.advance(timeout)
    t.equal(closing.state, 'resolved')
    nothingIsLeft(t, world)
  }
})

t.test('H11: close: however patient, it ends when the link breaks', async t => {
  const world = await connectedWorld(t)
  const closing = outcomeOf(world.zk.close({ timeout: Number.POSITIVE_INFINITY }))
  await world.clock.settle()
  world.ensemble.link.close()
  await world.clock.settle()
  t.equal(closing.state, 'resolved')
  nothingIsLeft(t, world)
})

t.test('H11: close: however patient, it ends when the session is over, and no other is opened', async t => {
  const world = await connectedWorld(t)
  world.ensemble.link.pongs = false
  const closing = outcomeOf(world.zk.close({ timeout: Number.POSITIVE_INFINITY }))
  for (let waited = 0; waited < 13_000; waited += 1000) {
    world.ensemble.link.notify('created', '/x')
    await world.clock.advance(1000)
  }
  t.equal(closing.state, 'resolved')
  t.equal(world.zk.state, 'closed')
  nothingIsLeft(t, world)
})

t.test('H11: close: twice, and with await using', async t => {
  const world = await connectedWorld(t)
  const [first, second] = outcomesOf(world.zk.close(), world.zk.close())
  await world.clock.settle()
  world.ensemble.link.reply(world.ensemble.link.take('closeSession'))
  await world.clock.settle()
  t.strictSame([first.state, second.state], ['resolved', 'resolved'])
  await world.zk[Symbol.asyncDispose]()
  t.equal(world.ensemble.link.waiting, 0, 'the session is ended once')
  t.strictSame(world.states, ['connected', 'closed'])
})

t.test('H11: close: of a client whose credentials were rejected', async t => {
  const world = newWorld(t, { auth: [{ scheme: 'digest', auth: 'a:b' }] })
  outcomeOf(world.zk.connect())
  await world.clock.settle()
  world.ensemble.link.raw('00000010 fffffffc 0000000000000000 ffffff8d')
  await world.clock.settle()
  t.equal(world.zk.state, 'authFailed')
  const closing = outcomeOf(world.zk.close())
  await world.clock.settle()
  t.equal(closing.state, 'resolved')
  nothingIsLeft(t, world)
})

t.test('H11: close: requests that wait before a full socket are settled', async t => {
  const world = await connectedWorld(t)
  const { zk, clock, ensemble } = world
  ensemble.link.transport.full = true
  outcomeOf(zk.get('/fills'))
  await clock.settle()
  const write = outcomeOf(zk.set('/waits', ''))
  const closing = outcomeOf(zk.close())
  await clock.advance(1000)
  t.equal(closing.state, 'resolved')
  t.match(failureOf(write), { code: 'CLOSED', mayHaveApplied: false })
  nothingIsLeft(t, world)
})

t.test('H11: close: calls afterwards fail at once and start nothing', async t => {
  const world = await connectedWorld(t)
  const { zk, clock, ensemble } = world
  const closing = zk.close()
  await clock.advance(1000)
  await closing
  const calls = outcomesOf(zk.get('/a'), zk.set('/a', ''), zk.connect(), zk.chroot('/x').exists('/a'))
  await clock.advance(10_000)
  t.strictSame(calls.map(codeOf), ['CLOSED', 'CLOSED', 'CLOSED', 'CLOSED'])
  t.equal(ensemble.connections.length, 1)
  nothingIsLeft(t, world)
})

t.test('H11: close: what waits is not sent behind the end of the session', async t => {
  const { zk, clock, ensemble } = await connectedWorld(t)
  const { link } = ensemble
  link.transport.full = true
  outcomeOf(zk.get('/fills'))
  await clock.settle()
  const write = outcomeOf(zk.set('/a', ''))
  const closing = outcomeOf(zk.close())
  link.transport.drain()
  await clock.settle()
  t.strictSame(link.names, ['getData', 'closeSession'])
  await clock.advance(1000)
  t.equal(closing.state, 'resolved')
  t.match(failureOf(write), { code: 'CLOSED', mayHaveApplied: false })
})
