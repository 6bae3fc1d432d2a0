// restart() by listeners: one session is left, and all hear of everything in the order in which it came.
import type { Outcome } from '../../support/outcome.ts'
import { codeOf, outcomeOf, outcomesOf } from '../../support/outcome.ts'
import { connectedWorld, newWorld, reconnect } from '../../support/scripted-client.ts'
import { aStat } from '../../support/scripted-server.ts'
import { t } from '../../tap.ts'

t.test('restart: by a listener that hears of a restart: one session is left, on one connection', async t => {
  const { zk, clock, ensemble } = await connectedWorld(t, { onExpired: 'close' })
  let restarted: unknown
  const off = zk.on('state', ({ state }) => {
    if (state !== 'connecting') return
    off()
    restarted = outcomeOf(zk.restart())
  })
  const restarting = outcomeOf(zk.restart())
  await clock.settle()
  t.match([restarting, restarted], [{ state: 'resolved' }, { state: 'resolved' }])
  t.equal(ensemble.connections.filter(({ closed }) => !closed).length, 1)
  t.equal(ensemble.connections.length, 2)
})

t.test('restart: by a listener that hears of an expiry, it is the session that follows anyway', async t => {
  for (const event of ['state', 'expired'] as const) {
    const world = await connectedWorld(t)
    const { zk, clock, ensemble, states } = world
    let restarting: Outcome<void> | undefined
    const expiries: unknown[] = []
    zk.on(event, change => {
      if ('state' in change && change.state !== 'expired') return
      restarting = outcomeOf(zk.restart())
    })
    zk.on('expired', session => expiries.push(session))
    const [read, write] = outcomesOf(zk.get('/read'), zk.set('/write', ''))
    await clock.settle()
    const { sessionId } = zk
    ensemble.expireAll()
    await reconnect(world)
    await clock.settle()
    t.strictSame(states, ['connected', 'suspended', 'expired', 'connecting', 'connected'])
    t.strictSame(expiries, [{ sessionId, generation: 1 }], 'once')
    t.equal(restarting?.state, 'resolved')
    t.equal(zk.generation, 2)
    t.equal(codeOf(write), 'CONNECTION_LOSS')
    t.strictSame(ensemble.link.names, ['getData'])
    ensemble.link.reply(ensemble.link.take('getData'), { data: null, stat: aStat })
    await clock.settle()
    t.equal(read.state, 'resolved')
    t.equal(ensemble.connections.filter(({ closed }) => !closed).length, 1)
  }
})

t.test('restart: by a listener, the others hear the states in the order in which they came', async t => {
  const world = await connectedWorld(t)
  const { zk, clock, ensemble } = world
  const off = zk.on('state', ({ state }) => {
    if (state !== 'suspended') return
    off()
    outcomeOf(zk.restart())
  })
  const heard: string[] = []
  zk.on('state', ({ state, previous }) => heard.push(`${previous} ${state}`))
  zk.on('expired', () => heard.push('over'))
  zk.on('established', () => heard.push('new'))
  ensemble.link.close()
  await clock.advance(100)
  t.strictSame(heard, [
    'connected suspended',
    'suspended expired',
    'over',
    'expired connecting',
    'connecting connected',
    'new',
  ])
})

t.test('restart: by a listener that hears of a new session, which is told whole before its end', async t => {
  const world = newWorld(t)
  const { zk, clock } = world
  const heard: string[] = []
  const off = zk.on('state', ({ state }) => {
    if (state !== 'connected') return
    off()
    outcomeOf(zk.restart())
  })
  zk.on('state', ({ state, generation }) => heard.push(`${state} ${generation}`))
  zk.on('established', ({ generation }) => heard.push(`new ${generation}`))
  zk.on('expired', ({ generation }) => heard.push(`over ${generation}`))
  outcomeOf(zk.connect())
  await clock.advance(1000)
  t.strictSame(heard, ['connected 1', 'new 1', 'expired 1', 'over 1', 'connecting 1', 'connected 2', 'new 2'])
})

t.test('restart: after close by a listener that hears of an expiry, which is told whole before', async t => {
  const world = await connectedWorld(t)
  const { zk, clock, ensemble } = world
  const heard: string[] = []
  zk.on('state', ({ state }) => {
    if (state === 'expired') outcomeOf(zk.close())
  })
  zk.on('state', ({ state }) => heard.push(state))
  zk.on('expired', () => heard.push('over'))
  zk.on('closing', () => heard.push('closing'))
  ensemble.expireAll()
  await reconnect(world)
  await clock.advance(100)
  t.strictSame(heard, ['suspended', 'expired', 'over', 'closing', 'closed'])
})
