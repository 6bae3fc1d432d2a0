// Two clients on one session: a server lets the newer connection win, so they fight for ever, and are told.
import type { ZooKeeperOptions } from '../../../protocol/client/options.ts'
import { ZooKeeper } from '../../../protocol/client/zookeeper.ts'
import { outcomeOf } from '../../support/outcome.ts'
import type { World } from '../../support/scripted-client.ts'
import { connectedWorld, newWorld, reconnect } from '../../support/scripted-client.ts'
import type { Test } from '../../tap.ts'
import { t } from '../../tap.ts'

interface Second {
  readonly zk: ZooKeeper
  readonly warnings: Error[]
}

/** Another client of this process, of the same ensemble. */
async function second(t: Test, { clock, ensemble }: World, options: ZooKeeperOptions): Promise<Second> {
  const ports = { clock, connect: ensemble.connect, lookup: async () => ['10.0.0.1'], random: () => 0.5 }
  const zk = new ZooKeeper('zk:2181', { sessionTimeout: 9000, ...options, ports })
  const warnings: Error[] = []
  zk.on('warning', warning => warnings.push(warning as Error))
  outcomeOf(zk.connect())
  await clock.settle()
  t.match(zk.state, /^connected/)
  t.teardown(async () => {
    const closing = zk.close()
    await clock.advance(1000)
    await closing
  })
  return { zk, warnings }
}

t.test('H34: the second client of a process on one session is warned', async t => {
  const world = await connectedWorld(t)
  const { warnings, zk } = await second(t, world, { session: world.zk.session! })
  t.match(warnings, [{ message: /another client of this process uses the same session/ }])
  t.match(zk.status().troubles.warning, { message: /same session/, count: 1 })
  t.strictSame(world.warnings, [], 'the first one did nothing wrong')
})

t.test('H34: when the second client has ended, a third one is warned as it was', async t => {
  const world = await connectedWorld(t)
  const session = world.zk.session!
  const { zk } = await second(t, world, { session })
  const closing = outcomeOf(zk.close())
  await world.clock.advance(1000)
  t.equal(closing.state, 'resolved')
  const third = await second(t, world, { session })
  t.match(third.warnings, [{ message: /another client of this process uses the same session/ }])
})

t.test('H34: a session of its own, or one whose client has ended, is nobody else’s', async t => {
  const world = await connectedWorld(t)
  t.strictSame((await second(t, world, {})).warnings, [])
  const session = world.zk.session!
  world.ensemble.reach = () => 'refused'
  world.ensemble.link.close()
  const closing = outcomeOf(world.zk.close())
  await world.clock.advance(1000)
  t.equal(closing.state, 'resolved')
  world.ensemble.reach = () => 'open'
  t.strictSame((await second(t, world, { session })).warnings, [])
})

t.test('H34: a session that went with its read-only server is not held any more', async t => {
  const world = newWorld(t, { readOnly: true })
  world.ensemble.onHandshake = link => world.ensemble.admit(link, { readOnly: true })
  outcomeOf(world.zk.connect())
  await world.clock.settle()
  const session = world.zk.session!
  await reconnect(world)
  await world.clock.settle()
  t.not(world.zk.sessionId, session.id)
  const other = await second(t, world, { session, readOnly: true })
  t.equal(other.zk.sessionId, session.id)
  t.strictSame(other.warnings, [])
})

t.test('H34: a session that was given up by a restart is not held any more', async t => {
  const world = await connectedWorld(t)
  const session = world.zk.session!
  world.ensemble.reach = () => 'hanging'
  outcomeOf(world.zk.restart())
  await world.clock.settle()
  t.equal(world.zk.state, 'connecting')
  world.ensemble.reach = () => 'open'
  const other = await second(t, world, { session })
  t.equal(other.zk.sessionId, session.id)
  t.strictSame(other.warnings, [])
})

t.test('H34: clients of different processes notice by their connections, which are cut at once', async t => {
  const world = await connectedWorld(t, { random: () => 0 })
  // As when another process takes the session back each time.
  for (let i = 0; i < 7; i++) await reconnect(world)
  t.match(world.warnings, [{ message: /does another client use the same session/ }])
})
