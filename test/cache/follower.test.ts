// How caches read: what is due, in which order, how much at a time, and what a failed read does.
import type { CacheNode } from '../../src/cache/index.ts'
import { ChildrenCache, NodeCache, TreeCache } from '../../src/cache/index.ts'
import { microtasks } from '../support/fake-clock.ts'
import { codeOf, outcomeOf } from '../support/outcome.ts'
import type { World } from '../support/scripted-client.ts'
import { reconnect } from '../support/scripted-client.ts'
import type { Test } from '../tap.ts'
import { t } from '../tap.ts'
import { scene, started } from './support.ts'

t.test('caches: closed by a listener in its first step, one is not initialized', async t => {
  const { world, server, ports } = await scene(t)
  server.put('/n')
  const cache = new NodeCache(world.zk, '/n', { ports })
  let initialized = false
  cache.on('initialized', () => {
    initialized = true
  })
  cache.on('added', () => void cache.close())
  const start = outcomeOf(cache.start())
  await server.answer(world)
  t.equal(codeOf(start), 'CLOSED')
  t.equal(cache.state, 'closed')
  t.equal(initialized, false)
})

t.test(
  'caches: one recursive watch, armed before the first read; a plain one for a single znode',
  async t => {
    const { world, server, ports } = await scene(t)
    const tree = new TreeCache(world.zk, '/t', { ports })
    const node = new NodeCache(world.zk, '/n', { ports })
    for (const cache of [tree, node]) {
      t.teardown(() => cache.close())
      outcomeOf(cache.start())
    }
    await world.clock.settle()
    t.match(world.ensemble.link.requests, [
      { name: 'addWatch', body: { path: '/t', mode: 1 } },
      { name: 'addWatch', body: { path: '/n', mode: 0 } },
    ])
    t.equal(world.ensemble.link.requests.length, 2)
    await server.answer(world)
    t.strictSame(server.reads.sort(), ['exists /n', 'exists /t'])
  },
)

t.test('caches: never more reads on their way than asked for', async t => {
  const { world, server, ports } = await scene(t)
  server.put('/t')
  for (let i = 0; i < 300; i++) server.put(`/t/${i}`)
  const cache = new TreeCache(world.zk, '/t', { ports, concurrency: 7 })
  t.teardown(() => cache.close())
  const start = outcomeOf(cache.start())
  await server.answer(world)
  t.equal(start.state, 'resolved')
  t.equal(cache.size, 301)
  t.equal(server.mostWaiting, 7)
  await reconnect(world)
  server.mostWaiting = 0
  await server.answer(world)
  t.equal(cache.state, 'live')
  t.ok(server.mostWaiting <= 8, `${server.mostWaiting}: the watch and seven reads`)
})

t.test('caches: the events of one turn are one step, with one read for each path', async t => {
  const all = await scene(t)
  const { world, server, ports } = all
  for (const path of ['/t', '/t/a', '/t/b']) server.put(path)
  const cache = await started(t, all, new ChildrenCache(world.zk, '/t', { ports }))
  const steps: string[][] = []
  cache.on('changes', changes => steps.push(changes.map(({ type, path }) => `${type} ${path}`)))
  const { link } = world.ensemble
  for (let i = 0; i < 50; i++) {
    server.put('/t/a', `${i}`)
    link.notify('dataChanged', '/t/a')
  }
  for (let i = 0; i < 20; i++) {
    server.put(`/t/new${i}`)
    link.notify('created', `/t/new${i}`)
  }
  server.remove('/t/b')
  link.notify('deleted', '/t/b')
  await server.answer(world)
  t.equal(steps.length, 1)
  t.equal(steps[0]?.length, 23)
  t.equal(
    server.reads.length,
    22,
    'a list, one write, 20 new ones, and nothing for what the list does not have',
  )
  t.equal(server.reads[0], 'getChildren /t')
})

t.test('caches: an event while the path is being read has it read again', async t => {
  const all = await scene(t)
  const { world, server, ports } = all
  server.put('/n', '0')
  const cache = await started(t, all, new NodeCache(world.zk, '/n', { ports }))
  const { link } = world.ensemble
  server.put('/n', '1')
  link.notify('dataChanged', '/n')
  await world.clock.settle()
  t.equal(link.waiting, 1)
  t.equal(cache.state, 'live')
  t.equal(cache.current, false, 'a change is known that was not read')
  const versions: number[] = []
  cache.on('updated', ({ node }) => versions.push(node.stat.version))
  await server.answer(world, 1)
  server.put('/n', '2')
  link.notify('dataChanged', '/n')
  await server.answer(world)
  t.strictSame(versions, [1, 2])
  t.equal(cache.current, true)
})

t.test('caches: what was read in vain is no step, and the snapshot stays the same object', async t => {
  const all = await scene(t)
  const { world, server, ports } = all
  for (const path of ['/t', '/t/a']) server.put(path)
  const cache = await started(t, all, new ChildrenCache(world.zk, '/t', { ports }))
  const [steps, snapshot] = [cache.steps, cache.snapshot()]
  world.ensemble.link.notify('dataChanged', '/t/a')
  await server.answer(world)
  t.strictSame([server.reads, cache.steps], [['getData /t/a'], steps])
  t.equal(cache.snapshot(), snapshot)
  server.put('/t/a', 'new')
  world.ensemble.link.notify('dataChanged', '/t/a')
  await server.answer(world)
  t.equal(cache.steps, steps + 1)
  t.not(cache.snapshot(), snapshot)
})

t.test('caches: closed between the last answer and the step, one stays as it is', async t => {
  const all = await scene(t)
  const { world, server, ports } = all
  server.put('/n')
  const cache = await started(t, all, new NodeCache(world.zk, '/n', { ports }))
  const heard: unknown[] = []
  cache.on('changes', changes => heard.push(changes))
  server.put('/n', 'new')
  const { link } = world.ensemble
  link.notify('dataChanged', '/n')
  await world.clock.settle()
  const node = cache.node as CacheNode
  link.reply(link.take('getData'), { data: null, stat: { ...node.stat, mzxid: 99n, version: 1 } })
  await microtasks()
  const closing = outcomeOf(cache.close())
  await server.answer(world)
  t.strictSame([closing.state, cache.node, heard], ['resolved', node, []])
})

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

t.test('caches: the filter is asked once for each znode when it comes, whatever it says', async t => {
  const all = await scene(t)
  const { world, server, ports } = all
  for (const path of ['/t', '/t/in', '/t/out', '/t/bad']) server.put(path)
  const asked: string[] = []
  const filter = (path: string): boolean => {
    asked.push(path)
    if (path === '/t/bad') throw new Error('bad')
    return path !== '/t/out'
  }
  const cache = new TreeCache(world.zk, '/t', { ports, filter })
  let warnings = 0
  cache.on('warning', () => warnings++)
  await started(t, all, cache)
  t.strictSame(asked.splice(0).sort(), ['/t/bad', '/t/in', '/t/out'])
  const happens = async (type: 'created' | 'deleted', path: string): Promise<void> => {
    if (type === 'created') server.put(path)
    else server.remove(path)
    world.ensemble.link.notify(type, path)
    await server.answer(world)
  }
  await happens('created', '/t/new')
  await happens('deleted', '/t/in')
  t.strictSame(asked.splice(0), ['/t/new'])
  await happens('deleted', '/t/out')
  await happens('created', '/t/out')
  t.strictSame(asked, ['/t/out'], 'which has come again')
  t.strictSame([cache.children('/t'), warnings], [['new'], 1])
})

t.test('caches: what start, and the constructors, refuse', async t => {
  const { world, ports } = await scene(t)
  const { zk } = world
  t.throws(() => new NodeCache(zk, 'a'), { code: 'INVALID_PATH' })
  t.throws(() => new NodeCache(zk, '/a', { concurrency: 0 }), { code: 'INVALID_ARGUMENT' })
  t.throws(() => new TreeCache(zk, '/a', { maxDepth: -1 }), { code: 'INVALID_ARGUMENT' })
  t.throws(() => new TreeCache(zk, '/a', { maxDepth: 0.5 }), { code: 'INVALID_ARGUMENT' })
  t.throws(() => new TreeCache(zk, '/a', { filter: 'x' as never }), { code: 'INVALID_ARGUMENT' })
  const cache = new NodeCache(zk, '/a', { ports })
  const start = outcomeOf(cache.start({ signal: AbortSignal.abort(new Error('no')) }))
  await world.clock.settle()
  t.match(start.error, { message: 'no' })
  t.equal(cache.state, 'idle')
  await cache.close()
  const late = outcomeOf(cache.start())
  await world.clock.settle()
  t.equal(codeOf(late), 'CLOSED')
})
