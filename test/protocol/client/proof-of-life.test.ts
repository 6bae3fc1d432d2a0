// What proves a session alive, and from when on: an answer counts from the time its request was sent, and not each does.

import { outcomeOf } from '../../support/outcome.ts'
import type { World } from '../../support/scripted-client.ts'
import { newWorld } from '../../support/scripted-client.ts'
import type { ScriptedConnection } from '../../support/scripted-server.ts'
import { t } from '../../tap.ts'

const SESSION = 9000
const pong = '00000010 fffffffe 0000000000000009 00000000'
const accepted = '00000010 fffffffc 0000000000000000 00000000'

/** A client whose server answers the handshake after so many milliseconds, and to nothing else. */
async function answeredAfter(world: World, ms: number): Promise<ScriptedConnection> {
  const { zk, clock, ensemble } = world
  ensemble.onHandshake = link => {
    link.pongs = false
    clock.schedule(ms, () => ensemble.admit(link))
  }
  outcomeOf(zk.connect())
  await clock.advance(ms)
  return ensemble.link
}

t.test('H6: proof of life: a handshake counts from the time it was sent', async t => {
  const world = newWorld(t)
  await answeredAfter(world, 700)
  t.strictSame([world.zk.state, world.zk.sessionRemaining], ['connected', SESSION - 700])
})

t.test('H6: proof of life: how long ago the newest was, also beyond the session timeout', async t => {
  const world = newWorld(t)
  const { zk, clock, ensemble } = world
  t.equal(zk.silence, Number.POSITIVE_INFINITY)
  await answeredAfter(world, 700)
  t.equal(zk.silence, 700)
  clock.stall(60_000)
  t.strictSame([zk.sessionRemaining, zk.silence], [0, 60_700])
  ensemble.expireAll()
  ensemble.onHandshake = () => {}
  await clock.advance(5000)
  t.strictSame([zk.generation, zk.state], [1, 'connecting'])
  t.equal(zk.silence, 65_700, 'between two sessions too')
  ensemble.onHandshake = link => ensemble.admit(link)
  await clock.advance(60_000)
  t.strictSame([zk.generation, zk.state], [2, 'connected'])
  t.ok(zk.silence < 60_000)
})

t.test(
  'H6: proof of life: a ping counts from the time it was sent, however late its answer comes',
  async t => {
    const world = newWorld(t)
    const link = await answeredAfter(world, 0)
    await world.clock.advance(3000)
    t.equal(link.pings, 1)
    await world.clock.advance(2000)
    t.equal(world.zk.sessionRemaining, SESSION - 5000, 'not yet answered, it proves nothing')
    link.raw(pong)
    await world.clock.settle()
    t.equal(world.zk.sessionRemaining, SESSION - 2000)
  },
)

t.test('H6: proof of life: a request counts from the time it was sent', async t => {
  const world = newWorld(t)
  const link = await answeredAfter(world, 0)
  await world.clock.advance(1000)
  outcomeOf(world.zk.get('/a'))
  await world.clock.advance(1500)
  link.refuse(link.take('getData'), -101)
  await world.clock.settle()
  t.equal(world.zk.sessionRemaining, SESSION - 1500)
})

t.test('H6: proof of life: events and answers to credentials are none', async t => {
  const world = newWorld(t)
  const link = await answeredAfter(world, 0)
  await world.clock.advance(1000)
  const added = outcomeOf(world.zk.addAuth('digest', 'a:b'))
  await world.clock.advance(500)
  link.raw(accepted)
  link.notify('created', '/a', 7n)
  await world.clock.settle()
  t.strictSame([added.state, world.zk.sessionRemaining], ['resolved', SESSION - 1500])
})
