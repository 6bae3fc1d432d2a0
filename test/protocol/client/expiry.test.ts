// Expiry: told by the server or known from the own clock, and a new session that takes the place of the old.

import { codeOf, failureOf, outcomeOf, outcomesOf } from '../../support/outcome.ts'
import type { World } from '../../support/scripted-client.ts'
import { connectedWorld, newWorld, reconnect } from '../../support/scripted-client.ts'
import { aStat } from '../../support/scripted-server.ts'
import { t } from '../../tap.ts'

/** The server forgets the session, and the client hears of it on its next connection. */
async function expire(world: World): Promise<void> {
  world.ensemble.expireAll()
  await reconnect(world)
  await world.clock.settle()
}

t.test('H5: expiry: a new session follows by itself, with a new generation', async t => {
  const world = await connectedWorld(t)
  const { zk, ensemble, states } = world
  const before = zk.sessionId
  const seen: unknown[] = []
  zk.on('state', ({ state, generation, sessionId }) => seen.push([state, generation, sessionId]))
  await expire(world)
  t.strictSame(states, ['connected', 'suspended', 'expired', 'connecting', 'connected'])
  t.equal(zk.generation, 2)
  t.not(zk.sessionId, before)
  t.strictSame(seen, [
    ['suspended', 1, before],
    ['expired', 1, before],
    ['connecting', 1, 0n],
    ['connected', 2, zk.sessionId],
  ])
  t.match(ensemble.link.handshake, { sessionId: 0n, lastZxidSeen: 0n, passwd: Buffer.alloc(16) })
})

t.test('H5: expiry: events of their own tell the old session and the new one', async t => {
  const world = newWorld(t)
  const { zk, clock } = world
  const seen: unknown[] = []
  zk.on('expired', event => seen.push(['expired', event]))
  zk.on('established', event => seen.push(['established', event]))
  outcomeOf(zk.connect())
  await clock.settle()
  const first = zk.sessionId
  await reconnect(world)
  t.strictSame(seen, [['established', { sessionId: first, generation: 1, previous: 0n }]], 'once')
  await expire(world)
  const second = zk.sessionId
  t.strictSame(seen.slice(1), [
    ['expired', { sessionId: first, generation: 1 }],
    ['established', { sessionId: second, generation: 2, previous: first }],
  ])
  const closing = outcomeOf(zk.close())
  await clock.advance(1000)
  t.equal(closing.state, 'resolved')
  t.equal(seen.length, 3, 'a session that its user closes has not expired')
})

t.test('H5: expiry: the event comes too when the client ends with its session', async t => {
  const world = await connectedWorld(t, { onExpired: 'close' })
  const seen: unknown[] = []
  world.zk.on('expired', event => seen.push(event))
  const { sessionId } = world.zk
  await expire(world)
  t.strictSame(seen, [{ sessionId, generation: 1 }])
})

t.test('H5: expiry: whoever hears of it already has the new session', async t => {
  const world = await connectedWorld(t)
  const { zk, clock, ensemble } = world
  const results: string[] = []
  zk.on('state', ({ state }) => {
    if (state !== 'expired') return
    zk.create('/again', '', { mode: 'ephemeral' }).then(
      () => results.push('created'),
      error => results.push(error.code),
    )
  })
  await expire(world)
  ensemble.link.reply(ensemble.link.take('create'), { path: '/again', stat: aStat })
  await clock.settle()
  t.strictSame(results, ['created'])
})

t.test('expiry: reads go over to the new session, writes fail', async t => {
  const world = await connectedWorld(t)
  const { zk, clock, ensemble } = world
  const [sentRead, sentWrite] = outcomesOf(zk.get('/1'), zk.set('/2', ''))
  await clock.settle()
  ensemble.expireAll()
  ensemble.link.close()
  await clock.settle()
  const [waitingRead, waitingWrite] = outcomesOf(zk.exists('/3'), zk.create('/4'))
  await clock.advance(100)
  t.equal(zk.generation, 2)
  t.match(failureOf(sentWrite), { code: 'CONNECTION_LOSS', mayHaveApplied: true })
  t.match(failureOf(waitingWrite), { code: 'SESSION_EXPIRED', mayHaveApplied: false, path: '/4' })
  t.strictSame(ensemble.link.names, ['getData', 'exists'])
  t.strictSame([sentRead.state, waitingRead.state], ['pending', 'pending'])
})

t.test('H10: expiry: reads keep their deadline, or none', async t => {
  const world = await connectedWorld(t, { requestTimeout: 4000 })
  const { zk, clock } = world
  const [usual, patient] = outcomesOf(zk.get('/1'), zk.get('/2', { timeout: Number.POSITIVE_INFINITY }))
  await clock.advance(2000)
  await expire(world)
  t.equal(zk.generation, 2)
  await clock.advance(1000)
  t.strictSame([codeOf(usual), codeOf(patient)], ['pending', 'pending'])
  await clock.advance(1000)
  t.strictSame([codeOf(usual), codeOf(patient)], ['REQUEST_TIMEOUT', 'pending'])
  await clock.advance(60_000)
  t.equal(codeOf(patient), 'pending')
})

t.test(
  'H6: expiry: out of reach of all servers, the session is lost first and expired at four thirds',
  async t => {
    const { zk, clock, ensemble, states } = await connectedWorld(t)
    ensemble.reach = () => 'refused'
    ensemble.link.close()
    await clock.advance(8999)
    t.strictSame(states, ['connected', 'suspended'])
    await clock.advance(1)
    t.strictSame(states, ['connected', 'suspended', 'lost'])
    await clock.advance(2999)
    t.strictSame(states, ['connected', 'suspended', 'lost'])
    await clock.advance(1)
    t.strictSame(states, ['connected', 'suspended', 'lost', 'expired', 'connecting'])
    t.equal(zk.sessionId, 0n)
    ensemble.reach = () => 'open'
    await clock.advance(30_000)
    t.equal(zk.state, 'connected')
    t.match(ensemble.link.handshake, { sessionId: 0n })
  },
)

t.test('H6: expiry: back in time, a lost session is connected again and still the same', async t => {
  const { zk, clock, ensemble, states } = await connectedWorld(t, { random: () => 0.1 })
  const before = zk.sessionId
  ensemble.reach = () => 'refused'
  ensemble.link.close()
  await clock.advance(9500)
  t.equal(zk.state, 'lost')
  ensemble.reach = () => 'open'
  await clock.advance(2400)
  t.strictSame(states, ['connected', 'suspended', 'lost', 'connected'])
  t.equal(zk.sessionId, before)
  t.equal(zk.generation, 1)
})

t.test("H5: expiry: with onExpired 'close' it is the end, and every call says so", async t => {
  const world = await connectedWorld(t, { onExpired: 'close' })
  const { zk, clock, ensemble } = world
  const [read, write] = outcomesOf(zk.get('/1'), zk.set('/2', ''))
  await clock.settle()
  await expire(world)
  t.equal(zk.state, 'expired')
  t.equal(codeOf(read), 'SESSION_EXPIRED')
  t.equal(codeOf(write), 'CONNECTION_LOSS')
  const connections = ensemble.connections.length
  const [get, connect, auth] = outcomesOf(zk.get('/1'), zk.connect(), zk.addAuth('digest', 'a:b'))
  await clock.advance(60_000)
  t.strictSame([get, connect].map(codeOf), ['SESSION_EXPIRED', 'SESSION_EXPIRED'])
  t.not(auth.state, 'pending')
  t.equal(ensemble.connections.length, connections)
  t.equal(clock.scheduled, 0)
})

t.test('expiry: of a session that was given: it is replaced, as any other', async t => {
  const { zk, clock, ensemble, states } = newWorld(t, {
    session: { id: 0x77n, password: Buffer.alloc(16, 'x') },
  })
  const connecting = outcomeOf(zk.connect())
  await clock.advance(100)
  t.strictSame(states, ['expired', 'connecting', 'connected'])
  t.equal(connecting.state, 'resolved')
  t.equal(zk.generation, 1)
  t.strictSame(
    ensemble.connections.map(({ handshake }) => handshake?.sessionId),
    [0x77n, 0n],
  )
})

t.test('expiry: twice in a row', async t => {
  const world = await connectedWorld(t)
  await expire(world)
  await expire(world)
  t.equal(world.zk.generation, 3)
  t.equal(world.zk.state, 'connected')
})

t.test('H5: fifty expiries leave one connection, and there are never two', async t => {
  const world = await connectedWorld(t, { random: () => 0.1 })
  const { zk, clock, ensemble, states } = world
  const open = (): number => ensemble.connections.filter(({ closed }) => !closed).length
  let most = 0
  const { onHandshake } = ensemble
  ensemble.onHandshake = connection => {
    most = Math.max(most, open())
    onHandshake(connection)
  }
  for (let i = 0; i < 50; i++) {
    ensemble.expireAll()
    ensemble.link.close()
    await clock.advance(3000)
    if (zk.generation !== i + 2) t.fail(`expiry ${i}: generation ${zk.generation}`)
  }
  t.equal(most, 1)
  t.equal(open(), 1)
  t.equal(ensemble.sessions.size, 1)
  t.equal(states.filter(state => state === 'expired').length, 50)
})
