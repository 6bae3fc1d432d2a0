// Caches and replies above the client's limit: each costs its connection, so none is asked for twice in vain.
import { ChildrenCache } from '../../src/cache/index.ts'
import { outcomeOf } from '../support/outcome.ts'
import type { World } from '../support/scripted-client.ts'
import { connectedWorld, reconnect } from '../support/scripted-client.ts'
import { t } from '../tap.ts'
import { SmallServer } from './support.ts'

/** Answers and lets the time pass, so that whatever wants to be tried again is. */
async function live(world: World, server: SmallServer): Promise<void> {
  for (let i = 0; i < 60; i++) {
    await server.answer(world)
    await world.clock.advance(1000)
  }
}

t.test('caches: data above maxResponseSize costs one connection, and counts as not there', async t => {
  const world = await connectedWorld(t, { maxResponseSize: 10_000 })
  const server = new SmallServer()
  server.put('/t')
  server.put('/t/big', 'x'.repeat(20_000))
  server.put('/t/small', 'x')
  const ports = { clock: world.clock, random: () => 0 }
  const cache = new ChildrenCache(world.zk, '/t', { ports })
  const warnings: unknown[] = []
  cache.on('warning', warning => warnings.push(warning))
  t.teardown(() => cache.close())
  const start = outcomeOf(cache.start())
  await live(world, server)
  t.equal(start.state, 'resolved')
  t.equal(world.ensemble.connections.length, 2)
  t.strictSame(cache.children(), ['small'])
  t.match(warnings, [{ code: 'PACKET_TOO_LARGE', path: '/t/big' }])
})

t.test('caches: data that shrinks comes back, with the event and with the next gap', async t => {
  const world = await connectedWorld(t, { maxResponseSize: 10_000 })
  const server = new SmallServer()
  server.put('/t')
  for (const name of ['a', 'b']) server.put(`/t/${name}`, 'x'.repeat(10_000))
  const cache = new ChildrenCache(world.zk, '/t', {
    concurrency: 1,
    ports: { clock: world.clock, random: () => 0 },
  })
  t.teardown(() => cache.close())
  outcomeOf(cache.start())
  await live(world, server)
  t.strictSame(cache.children(), [])
  const { length } = world.ensemble.connections
  server.put('/t/a', 'x'.repeat(10_000 - 87))
  world.ensemble.link.notify('dataChanged', '/t/a')
  await live(world, server)
  t.equal(world.ensemble.connections.length, length, 'one byte too long: measured, and left')
  server.put('/t/a', 'x'.repeat(10_000 - 88))
  world.ensemble.link.notify('dataChanged', '/t/a')
  await live(world, server)
  t.strictSame(cache.children(), ['a'])
  server.put('/t/a', 'x'.repeat(20_000))
  world.ensemble.link.notify('dataChanged', '/t/a')
  await live(world, server)
  t.strictSame(cache.children(), [], 'what has grown again is not shown as it was')
  server.put('/t/a', 'x')
  world.ensemble.link.notify('dataChanged', '/t/a')
  await live(world, server)
  t.strictSame(cache.children(), ['a'])
  server.put('/t/b', 'x')
  await reconnect(world)
  await live(world, server)
  t.strictSame(cache.children(), ['a', 'b'])
  t.equal(world.ensemble.connections.length, length + 2, 'one to find that it has grown, one that was cut')
})

t.test('caches: a list above maxResponseSize costs one connection, until there are less names', async t => {
  const world = await connectedWorld(t, { maxResponseSize: 1000 })
  const server = new SmallServer()
  server.put('/t')
  for (let i = 0; i < 300; i++) server.put(`/t/${i}`)
  const cache = new ChildrenCache(world.zk, '/t', { ports: { clock: world.clock, random: () => 0 } })
  t.teardown(() => cache.close())
  const start = outcomeOf(cache.start())
  await live(world, server)
  t.equal(start.state, 'resolved')
  t.equal(cache.size, 0)
  t.equal(world.ensemble.connections.length, 2)
  for (let i = 5; i < 300; i++) server.remove(`/t/${i}`)
  world.ensemble.link.notify('deleted', '/t/5')
  await live(world, server)
  t.equal(cache.size, 6)
  t.equal(world.ensemble.connections.length, 2)
})
