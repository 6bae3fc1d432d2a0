// Lost links: silence, pings, and what becomes of the requests.

import { codeOf, failureOf, outcomeOf, outcomesOf } from '../../support/outcome.ts'
import { connectedWorld, reconnect } from '../../support/scripted-client.ts'
import { aStat } from '../../support/scripted-server.ts'
import { t } from '../../tap.ts'

const data = { data: null, stat: aStat }

t.test(
  'H10, H31: link loss: reads are sent again in their order, writes fail and say that they may have happened',
  async t => {
    const world = await connectedWorld(t)
    const { zk, clock, ensemble } = world
    const [get, set, exists, create] = outcomesOf(
      zk.get('/1'),
      zk.set('/2', ''),
      zk.exists('/3'),
      zk.create('/4'),
    )
    await clock.settle()
    await reconnect(world)
    for (const write of [set, create])
      t.match(failureOf(write), { code: 'CONNECTION_LOSS', mayHaveApplied: true })
    const { link } = ensemble
    t.strictSame(link.names, ['getData', 'exists'])
    link.reply(link.take('getData'), data)
    link.reply(link.take('exists'), aStat)
    await clock.settle()
    t.strictSame([get.state, exists.state], ['resolved', 'resolved'])
  },
)

t.test('link loss: requests made meanwhile wait, writes too', async t => {
  const { zk, clock, ensemble } = await connectedWorld(t)
  ensemble.link.close()
  await clock.settle()
  t.equal(zk.state, 'suspended')
  const write = outcomeOf(zk.set('/a', ''))
  await clock.advance(100)
  ensemble.link.reply(ensemble.link.take('setData'), aStat)
  await clock.settle()
  t.equal(write.state, 'resolved')
})

t.test('link loss: a read that breaks every connection is given up after five', async t => {
  const world = await connectedWorld(t)
  const read = outcomeOf(world.zk.get('/poison'))
  await world.clock.settle()
  for (let i = 1; i < 5; i++) {
    await reconnect(world)
    await world.clock.settle()
    t.strictSame(world.ensemble.link.names, ['getData'], `connection ${i + 1}`)
  }
  world.ensemble.link.close()
  await world.clock.settle()
  t.match(failureOf(read), { code: 'CONNECTION_LOSS', mayHaveApplied: false })
})

t.test(
  'H1: pings: an idle client sends one each third of the session timeout and stays connected',
  async t => {
    const { clock, ensemble, states } = await connectedWorld(t)
    await clock.advance(60_000)
    t.equal(ensemble.link.pings, 20)
    t.strictSame(states, ['connected'])
  },
)

t.test('H1: pings: a client that is only told events sends them all the same', async t => {
  const { clock, ensemble } = await connectedWorld(t)
  for (let i = 0; i < 100; i++) {
    await clock.advance(100)
    ensemble.link.notify('created', '/a')
  }
  t.equal(ensemble.link.pings, 3)
})

t.test('pings: a client that sends requests sends none', async t => {
  const { zk, clock, ensemble } = await connectedWorld(t)
  for (let i = 0; i < 20; i++) {
    outcomeOf(zk.get('/a'))
    await clock.advance(1000)
    ensemble.link.reply(ensemble.link.take('getData'), data)
  }
  t.equal(ensemble.link.pings, 0)
})

t.test('pings: a socket that was full for long does not make them come early', async t => {
  const { zk, clock, ensemble } = await connectedWorld(t)
  const { link } = ensemble
  link.transport.full = true
  outcomeOf(zk.get('/fills'))
  await clock.advance(2000)
  outcomeOf(zk.addAuth('digest', 'a:b'))
  await clock.advance(500)
  link.transport.drain()
  await clock.settle()
  t.strictSame(link.names, ['getData', 'auth'])
  const before = link.pings
  await clock.advance(2900)
  t.equal(link.pings, before, 'the last bytes went out 2.9 s ago')
  await clock.advance(200)
  t.equal(link.pings, before + 1)
})

t.test(
  'H1: silence: after two thirds of the session timeout the link is dropped, while the session lives',
  async t => {
    const { zk, clock, ensemble, states } = await connectedWorld(t)
    ensemble.link.pongs = false
    await clock.advance(5999)
    t.equal(zk.state, 'connected')
    await clock.advance(101)
    t.equal(ensemble.connections.length, 2)
    t.equal(ensemble.connections[0]?.closed, true)
    t.strictSame(states, ['connected', 'suspended', 'connected'])
    t.equal(ensemble.sessions.size, 1, 'it is still the same session')
    t.equal(zk.generation, 1)
  },
)

t.test(
  'H6: silence: a server that sends events but answers nothing keeps the link, and loses the session',
  async t => {
    const { zk, clock, ensemble, states } = await connectedWorld(t)
    const first = ensemble.link
    first.pongs = false
    const read = outcomeOf(zk.get('/a'))
    for (let waited = 0; waited < 8900; waited += 100) {
      first.notify('created', '/x')
      await clock.advance(100)
    }
    t.strictSame(states, ['connected'])
    ensemble.reach = () => 'refused'
    await clock.advance(100)
    t.strictSame(states, ['connected', 'lost'], 'at the session timeout exactly')
    t.equal(first.closed, true, 'such a link is given up')
    ensemble.reach = () => 'open'
    await clock.advance(2500)
    t.strictSame(states, ['connected', 'lost', 'connected'])
    t.equal(zk.generation, 1)
    t.strictSame(ensemble.link.names, ['getData'])
    t.equal(read.state, 'pending')
  },
)

t.test('H6: silence: proof of life counts from when the answered request was sent', async t => {
  const { clock, ensemble, zk, states } = await connectedWorld(t)
  // Sent at 1 s, answered at 5 s; pings get no answer. The link is dropped at 11 s, too late.
  await clock.advance(1000)
  outcomeOf(zk.get('/a'))
  await clock.settle()
  ensemble.link.pongs = false
  await clock.advance(4000)
  ensemble.link.reply(ensemble.link.take('getData'), data)
  ensemble.reach = () => 'refused'
  await clock.advance(4900)
  t.strictSame(states, ['connected'])
  await clock.advance(100)
  t.strictSame(states, ['connected', 'lost'], 'nine seconds after it was sent')
})

t.test('H13: stall: a process that stood still says so', async t => {
  const { zk, clock } = await connectedWorld(t)
  const stalls: number[] = []
  zk.on('stalled', ms => stalls.push(ms))
  await clock.advance(1000)
  clock.stall(7000)
  await clock.advance(0)
  t.strictSame(stalls, [5000], 'a ping was due after three seconds')
})

t.test('H13: stall: an answer that arrived meanwhile saves the link and the session', async t => {
  const { zk, clock, ensemble, states } = await connectedWorld(t)
  const { link } = ensemble
  link.pongs = false
  await clock.advance(3000)
  t.equal(link.pings, 1)
  clock.stall(8500)
  clock.afterNextTimer(() => link.raw('00000010 fffffffe 0000000000000005 00000000'))
  await clock.advance(0)
  t.strictSame(states, ['connected'], 'the ping was sent 8.5 s ago, and the session lives for nine')
  t.equal(codeOf(outcomeOf(zk.get('/a'))), 'pending')
})

t.test('H1: pings: requests that are too large to be sent put off none', async t => {
  const { zk, clock, ensemble } = await connectedWorld(t, { maxRequestSize: 1000 })
  const { link } = ensemble
  const writes = link.transport.writes.length
  for (let i = 0; i < 5; i++) {
    t.equal(link.transport.writes.length, writes)
    const refused = outcomeOf(zk.set('/a', new Uint8Array(990)))
    await clock.advance(500)
    t.equal(codeOf(refused), 'PACKET_TOO_LARGE')
  }
  await clock.advance(500)
  t.equal(link.pings, 1)
})
