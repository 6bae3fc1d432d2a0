// For how long a session is known to live on: what every event and status() say of it when it ends, in whatever way.
import { ZooKeeperError } from '../../../protocol/errors.ts'
import { outcomeOf } from '../../support/outcome.ts'
import type { World } from '../../support/scripted-client.ts'
import { connectedWorld, newWorld } from '../../support/scripted-client.ts'
import { t } from '../../tap.ts'

const EVENTS = ['closing', 'state', 'expired', 'established'] as const

/** What `sessionRemaining` is whenever somebody hears of something; a state stands for its event. */
function heardBy({ zk }: World): string[] {
  const heard: string[] = []
  for (const event of EVENTS) {
    zk.on(event, value => {
      const what = value !== undefined && 'state' in value ? value.state : event
      const { sessionRemaining } = zk.status()
      heard.push(`${what} ${Math.round(zk.sessionRemaining)} ${Math.round(sessionRemaining)}`)
    })
  }
  return heard
}

t.test('remaining: close: nothing is known to live on when the first one hears of it', async t => {
  const world = await connectedWorld(t)
  const { zk, clock, ensemble } = world
  const heard = heardBy(world)
  const closing = outcomeOf(zk.close())
  t.strictSame(heard, ['closing 0 0'])
  t.match(zk.status(), { state: 'connected', sessionRemaining: 0 })
  await clock.settle()
  ensemble.link.reply(ensemble.link.take('closeSession'))
  await clock.settle()
  t.strictSame(heard, ['closing 0 0', 'closed 0 0'])
  t.strictSame([closing.state, zk.sessionRemaining], ['resolved', 0])
})

t.test('remaining: close: what a listener still asks for goes out before the last request', async t => {
  const { zk, clock, ensemble } = await connectedWorld(t)
  zk.on('closing', () => outcomeOf(zk.delete('/mine')))
  outcomeOf(zk.close())
  await clock.settle()
  t.strictSame(ensemble.link.names, ['delete', 'closeSession'])
})

t.test('remaining: close: without a connection, and without a session ever', async t => {
  for (const connected of [true, false]) {
    const world = connected ? await connectedWorld(t) : newWorld(t)
    const { zk, clock, ensemble } = world
    ensemble.reach = () => 'refused'
    if (connected) ensemble.link.close()
    await clock.settle()
    t.equal(zk.sessionRemaining, connected ? 9000 : Number.POSITIVE_INFINITY)
    const heard = heardBy(world)
    await zk.close()
    t.strictSame(heard, ['closing 0 0', 'closed 0 0'])
    t.equal(zk.sessionRemaining, 0)
  }
})

t.test('remaining: restart: none between the two sessions, whoever asks when', async t => {
  const world = await connectedWorld(t)
  const { zk, clock } = world
  const heard = heardBy(world)
  const restarting = outcomeOf(zk.restart())
  t.equal(zk.sessionRemaining, 0)
  await clock.settle()
  t.equal(restarting.state, 'resolved')
  t.strictSame(heard, [
    'expired 0 0',
    'expired 0 0',
    'connecting 0 0',
    'connected 9000 9000',
    'established 9000 9000',
  ])
})

t.test('remaining: restart: while it is being closed, and after that', async t => {
  const { zk, clock } = await connectedWorld(t)
  for (const wait of [0, 2000]) {
    const closing = outcomeOf(zk.close())
    await clock.advance(wait)
    t.equal(zk.sessionRemaining, 0)
    const restarting = outcomeOf(zk.restart())
    t.equal(zk.sessionRemaining, 0, 'not yet')
    await clock.advance(1000)
    t.strictSame([closing.state, restarting.state], ['resolved', 'resolved'])
    t.ok(zk.sessionRemaining > 0)
  }
})

t.test('remaining: expiry: none when the first one hears of it, until there is a new session', async t => {
  const world = await connectedWorld(t)
  const { zk, clock, ensemble } = world
  const heard = heardBy(world)
  ensemble.expireAll()
  ensemble.link.close()
  await clock.settle()
  await clock.advance(100)
  t.strictSame(heard.slice(0, 4), ['suspended 9000 9000', 'expired 0 0', 'expired 0 0', 'connecting 0 0'])
  t.match(heard.at(-1), /^established/)
  t.ok(zk.sessionRemaining > 0)
})

t.test('remaining: rejected credentials: none, with or without a session before', async t => {
  const world = await connectedWorld(t)
  const heard = heardBy(world)
  outcomeOf(world.zk.addAuth('digest', 'al:wrong'))
  await world.clock.settle()
  world.ensemble.link.refuse(world.ensemble.link.take('auth'), -115)
  await world.clock.settle()
  t.strictSame([heard, world.zk.state], [['authFailed 0 0'], 'authFailed'])
  const begin = (): never => {
    throw new ZooKeeperError('AUTH_FAILED')
  }
  const never = newWorld(t, { sasl: { name: 'NONE', begin } })
  outcomeOf(never.zk.connect())
  await never.clock.settle()
  t.strictSame([never.zk.state, never.zk.sessionRemaining], ['authFailed', 0])
})
