// How caches read: what is due, in which order, how much at a time, and what a failed read does.
import type { CacheNode } from '../../src/cache/index.ts'
import { ChildrenCache, NodeCache, TreeCache } from '../../src/cache/index.ts'
import { microtasks } from '../support/fake-clock.ts'
import { codeOf, outcomeOf } from '../support/outcome.ts'
import { reconnect } from '../support/scripted-client.ts'
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
