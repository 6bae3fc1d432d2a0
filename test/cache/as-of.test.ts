// When a cache was the truth: `asOf`, by the answers of the server, whatever the clocks and this process do.
import { NodeCache } from '../../src/cache/index.ts'
import { outcomeOf } from '../support/outcome.ts'
import type { World } from '../support/scripted-client.ts'
import type { Test } from '../tap.ts'
import { t } from '../tap.ts'
import { scene, started } from './support.ts'

/** Lets the wall clock, by which `asOf` is told, go with the client's own. */
function oneTime(t: Test, { clock }: World): void {
  const real = Date.now
  t.teardown(() => {
    Date.now = real
  })
  const difference = Date.UTC(2025, 0, 1) - clock.now()
  Date.now = () => clock.now() + difference
}

t.test(
  'caches: asOf follows the answers of the server while live, and stands still from then on',
  async t => {
    const all = await scene(t)
    const { world, ports } = all
    oneTime(t, world)
    const { clock } = world
    const cache = new NodeCache(world.zk, '/n', { ports })
    t.equal(cache.asOf, null)
    await started(t, all, cache)
    const first = Date.now()
    t.equal(cache.asOf?.getTime(), first)
    await clock.advance(2000)
    t.equal(cache.asOf?.getTime(), first, 'nobody was asked since')
    await clock.advance(2000)
    t.equal(world.ensemble.link.pings, 1)
    t.equal(cache.asOf?.getTime(), first + 3000, 'when the ping was sent that was answered')
    const told: (Date | null)[] = []
    cache.on('state', ({ asOf }) => told.push(asOf))
    world.ensemble.reach = () => 'refused'
    world.ensemble.link.close()
    await world.clock.settle()
    await clock.advance(10_000)
    t.strictSame(told, [new Date(first + 3000)])
    t.strictSame(cache.asOf, told[0])
  },
)

t.test('caches: asOf does not go back with a wall clock that is rounded', async t => {
  const all = await scene(t)
  const { world, ports } = all
  oneTime(t, world)
  const cache = await started(t, all, new NodeCache(world.zk, '/n', { ports }))
  const exact = Date.now
  const first = exact()
  Date.now = () => exact() - 1
  t.equal(cache.asOf?.getTime(), first)
  Date.now = () => exact() + 1
  t.equal(cache.asOf?.getTime(), first + 1)
  Date.now = exact
  t.equal(cache.asOf?.getTime(), first + 1)
  world.ensemble.reach = () => 'refused'
  world.ensemble.link.close()
  await world.clock.settle()
  t.strictSame([cache.state, cache.asOf?.getTime()], ['stale', first + 1])
})

t.test('caches: asOf follows a wall clock that is set back', async t => {
  const all = await scene(t)
  const { world, ports } = all
  oneTime(t, world)
  const cache = await started(t, all, new NodeCache(world.zk, '/n', { ports }))
  const exact = Date.now
  const first = exact()
  Date.now = () => exact() - 3_600_000
  t.equal(cache.asOf?.getTime(), first - 3_600_000)
})

t.test('caches: asOf tells how old all is after this process stood still, read or about to be', async t => {
  const all = await scene(t)
  const { world, server, ports } = all
  oneTime(t, world)
  server.put('/n')
  const cache = await started(t, all, new NodeCache(world.zk, '/n', { ports }))
  const first = Date.now()
  server.put('/n', 'new')
  world.ensemble.link.notify('dataChanged', '/n')
  await world.clock.settle()
  world.clock.stall(60_000)
  t.equal(cache.asOf?.getTime(), first, 'nothing was heard for a minute, whatever the session timeout is')
  // What the socket held meanwhile is read before anybody finds that the session is gone.
  await server.answer(world)
  t.equal(cache.node?.stat.version, 1)
  t.equal(cache.asOf?.getTime(), first, 'it was asked for a minute ago')
  world.ensemble.reach = () => 'refused'
  world.ensemble.link.pongs = false
  await world.clock.advance(30_000)
  t.equal(cache.state, 'stale')
  t.equal(cache.asOf?.getTime(), first)
})

t.test('caches: asOf of a cache whose client is closed is when the server last answered', async t => {
  const all = await scene(t)
  const { world, ports } = all
  oneTime(t, world)
  const cache = await started(t, all, new NodeCache(world.zk, '/n', { ports }))
  const first = Date.now()
  await world.clock.advance(4000)
  world.ensemble.link.pongs = false
  outcomeOf(world.zk.close())
  await world.clock.advance(2000)
  t.strictSame([cache.state, cache.asOf?.getTime()], ['closed', first + 3000])
})

t.test('caches: closed while live, one was the truth until the server was last heard', async t => {
  const all = await scene(t)
  const { clock } = all.world
  oneTime(t, all.world)
  const cache = await started(t, all, new NodeCache(all.world.zk, '/n', { ports: all.ports }))
  const first = Date.now()
  await clock.advance(4000)
  const closing = outcomeOf(cache.close())
  await all.server.answer(all.world)
  await clock.advance(4000)
  t.strictSame([closing.state, cache.asOf?.getTime()], ['resolved', first + 3000])
})

t.test('caches: a new session makes none older than it was', async t => {
  const all = await scene(t)
  const { clock } = all.world
  oneTime(t, all.world)
  const cache = await started(t, all, new NodeCache(all.world.zk, '/n', { ports: all.ports }))
  const first = Date.now()
  await clock.advance(30_000)
  const known = cache.asOf?.getTime() ?? 0
  t.ok(known > first, 'as the pings tell')
  outcomeOf(all.world.zk.restart())
  t.strictSame([cache.state, cache.asOf?.getTime()], ['stale', known])
})
