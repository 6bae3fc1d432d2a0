// What a cache does about a gap, and about a read or a watch that fails.
import type { CacheState, ZnodeCache } from '../../src/cache/index.ts'
import { ChildrenCache, NodeCache } from '../../src/cache/index.ts'
import { outcomeOf } from '../support/outcome.ts'
import { newWorld, reconnect } from '../support/scripted-client.ts'
import { t } from '../tap.ts'
import { SmallServer, scene, started } from './support.ts'

const THROTTLED = -127
const SYSTEM_ERROR = -1

function statesOf(cache: ZnodeCache): CacheState[] {
  const states: CacheState[] = []
  cache.on('state', ({ state }) => states.push(state))
  return states
}

t.test('H7: caches: after a gap the reads begin at a random time, later for a large cache', async t => {
  const all = await scene(t, 0.5)
  const { world, server, ports } = all
  server.put('/t')
  for (let i = 0; i < 1000; i++) server.put(`/t/${i}`)
  const cache = await started(t, all, new ChildrenCache(world.zk, '/t', { ports }))
  const states = statesOf(cache)
  world.ensemble.link.close()
  await world.clock.settle()
  t.strictSame(states, ['stale'])
  const before = world.ensemble.connections.length
  while (world.ensemble.connections.length === before) await world.clock.advance(10)
  await server.answer(world)
  t.strictSame(server.reads, [])
  await world.clock.advance(450)
  t.strictSame(server.reads, [])
  await world.clock.advance(60)
  await server.answer(world)
  t.equal(server.reads.length, 1001)
  t.ok(
    server.reads.every(read => read.startsWith('exists ')),
    'no data is read again that did not change',
  )
  t.strictSame(states, ['stale', 'live'])
})

t.test('caches: a gap in the middle of the reads after a gap', async t => {
  const all = await scene(t)
  const { world, server, ports } = all
  server.put('/t')
  for (let i = 0; i < 40; i++) server.put(`/t/${i}`)
  const cache = await started(t, all, new ChildrenCache(world.zk, '/t', { ports, concurrency: 4 }))
  const states = statesOf(cache)
  const shown: string[] = []
  cache.on('state', ({ state }) => {
    if (state === 'live') shown.push(Buffer.from(cache.child('0')?.data ?? []).toString())
  })
  await reconnect(world)
  await server.answer(world, 20)
  t.strictSame(states, ['stale'])
  // Written after it was verified, while there is no link again.
  server.put('/t/0', 'new')
  await reconnect(world)
  await server.answer(world)
  t.strictSame(states, ['stale', 'live'])
  t.strictSame(shown, ['new'], 'live only when the second gap is closed too')
})

t.test('caches: a throttled read makes it stale, waits, and is tried again', async t => {
  const all = await scene(t, 0.5)
  const { world, server, ports } = all
  for (const path of ['/t', '/t/a', '/t/b']) server.put(path)
  const cache = await started(t, all, new ChildrenCache(world.zk, '/t', { ports }))
  const states = statesOf(cache)
  const warnings: unknown[] = []
  cache.on('warning', error => warnings.push(error))
  server.refusals.set('getData /t/a', THROTTLED)
  server.put('/t/a', 'new')
  world.ensemble.link.notify('dataChanged', '/t/a')
  await server.answer(world)
  t.strictSame(states, ['stale'])
  t.equal(server.reads.length, 1)
  await world.clock.advance(90)
  t.equal(server.reads.length, 1)
  server.refusals.clear()
  await world.clock.advance(20)
  await server.answer(world)
  t.strictSame(states, ['stale', 'live'])
  t.equal(cache.child('a')?.stat.version, 1)
  t.strictSame(warnings, [])
})

t.test('caches: a watch that is refused is armed again, and at once when the link is a new one', async t => {
  const { world, server, ports } = await scene(t, 0.9)
  server.put('/n')
  server.refusals.set('addWatch /n', THROTTLED)
  const cache = new NodeCache(world.zk, '/n', { ports })
  t.teardown(() => cache.close())
  const start = outcomeOf(cache.start())
  await server.answer(world)
  for (let i = 0; i < 8; i++) {
    await world.clock.advance(9000)
    await server.answer(world)
  }
  const { requests } = world.ensemble.link
  t.ok(requests.filter(({ name }) => name === 'addWatch').length >= 8)
  t.equal(start.state, 'pending')
  await reconnect(world)
  await world.clock.settle()
  t.strictSame(world.ensemble.link.names, ['addWatch'])
  server.refusals.clear()
  await server.answer(world)
  t.equal(start.state, 'resolved')
  t.equal(cache.state, 'live')
})

t.test('caches: one znode that cannot be read is told, and the rest goes on', async t => {
  const { world, server, ports } = await scene(t, 0.5)
  for (const path of ['/t', '/t/bad', '/t/good']) server.put(path)
  const cache = new ChildrenCache(world.zk, '/t', { ports })
  t.teardown(() => cache.close())
  const warnings: unknown[] = []
  cache.on('warning', error => warnings.push(error))
  server.refusals.set('getData /t/bad', SYSTEM_ERROR)
  const start = outcomeOf(cache.start())
  await server.answer(world)
  t.equal(start.state, 'resolved', 'there is nothing more to wait for')
  t.strictSame(cache.children(), ['good'])
  t.equal(cache.state, 'stale')
  t.match(warnings, [{ code: 'SYSTEM_ERROR', path: '/t/bad' }])
  for (let i = 0; i < 10; i++) {
    server.put('/t/good', `${i}`)
    world.ensemble.link.notify('dataChanged', '/t/good')
    await server.answer(world)
  }
  t.equal(cache.child('good')?.stat.version, 10)
  t.equal(warnings.length, 1, 'no event makes it try sooner')
  server.refusals.clear()
  await world.clock.advance(200)
  await server.answer(world)
  t.strictSame(cache.children(), ['bad', 'good'])
  t.equal(cache.state, 'live')
})

t.test('caches: the first picture waits for what a broken connection left', async t => {
  const { world, server, ports } = await scene(t, 0.5)
  for (const path of ['/t', '/t/a', '/t/b']) server.put(path)
  const cache = new ChildrenCache(world.zk, '/t', { ports })
  t.teardown(() => cache.close())
  server.refusals.set('getData /t/a', THROTTLED)
  const start = outcomeOf(cache.start())
  await server.answer(world)
  t.equal(start.state, 'pending')
  server.put('/t/b', 'x')
  world.ensemble.link.notify('dataChanged', '/t/b')
  server.reads.length = 0
  await world.clock.advance(10)
  await server.answer(world)
  t.ok(server.reads.includes('getData /t/a'), 'the event makes it try again')
  t.equal(start.state, 'pending')
  t.equal(cache.size, 0)
  server.refusals.clear()
  await world.clock.advance(1000)
  await server.answer(world)
  t.equal(start.state, 'resolved')
  t.equal(cache.size, 3)
})

t.test('H19: caches: started without a server, by itself alive when one comes', async t => {
  const world = newWorld(t)
  const server = new SmallServer()
  server.put('/n')
  world.ensemble.reach = () => 'refused'
  const cache = new NodeCache(world.zk, '/n', { ports: { clock: world.clock, random: () => 0.5 } })
  t.teardown(() => cache.close())
  const start = outcomeOf(cache.start())
  await world.clock.advance(300_000)
  t.equal(start.state, 'pending')
  t.strictSame(world.warnings, [])
  world.ensemble.reach = () => 'open'
  await world.clock.advance(30_000)
  await server.answer(world)
  await world.clock.advance(1000)
  await server.answer(world)
  t.equal(start.state, 'resolved')
  t.equal(cache.node?.path, '/n')
})
