// The life of a cache: what begins and ends it, and what is known of it then.
import { ChildrenCache, NodeCache } from '../../src/cache/index.ts'
import { microtasks } from '../support/fake-clock.ts'
import { codeOf, outcomeOf } from '../support/outcome.ts'
import { t } from '../tap.ts'
import { scene, started } from './support.ts'

const SYSTEM_ERROR = -1
const THROTTLED = -127

t.test('caches: an abort of the start that began it closes it, one of a later start does not', async t => {
  const { world, server, ports } = await scene(t)
  for (const began of [true, false]) {
    const cache = new NodeCache(world.zk, '/n', { ports })
    t.teardown(() => cache.close())
    const controller = new AbortController()
    const others = began ? [] : [outcomeOf(cache.start())]
    const aborted = outcomeOf(cache.start({ signal: controller.signal }))
    await world.clock.settle()
    controller.abort(new Error('enough'))
    await server.answer(world)
    t.equal(codeOf(aborted), 'Error: enough')
    t.equal(cache.state, began ? 'closed' : 'live')
    for (const { state } of others) t.equal(state, 'resolved')
  }
})

t.test('caches: closed, one is not started again, whatever it was before', async t => {
  const all = await scene(t)
  const cache = await started(t, all, new NodeCache(all.world.zk, '/n', { ports: all.ports }))
  await cache.close()
  const again = outcomeOf(cache.start())
  await all.world.clock.settle()
  t.equal(codeOf(again), 'CLOSED')
  t.equal(cache.state, 'closed')
})

t.test('caches: an answer that comes with the end of the link makes none live', async t => {
  const all = await scene(t)
  const { world, server, ports } = all
  server.put('/n')
  const cache = await started(t, all, new NodeCache(world.zk, '/n', { ports }))
  const states: string[] = []
  cache.on('state', ({ state }) => states.push(state))
  const { link } = world.ensemble
  link.notify('dataChanged', '/n')
  await world.clock.settle()
  const { data = null, stat } = cache.node ?? {}
  link.reply(link.take('getData'), { data, stat: { ...stat, mzxid: 99n, version: 1 } })
  await microtasks()
  link.close()
  await world.clock.settle()
  t.strictSame([cache.node?.stat.version, states], [1, ['stale']])
})

t.test('caches: a watch that cannot be armed is told, and tried again', async t => {
  const { world, server, ports } = await scene(t, 0.5)
  const cache = new NodeCache(world.zk, '/n', { ports })
  t.teardown(() => cache.close())
  const warnings: unknown[] = []
  cache.on('warning', error => warnings.push(error))
  server.refusals.set('addWatch /n', SYSTEM_ERROR)
  const start = outcomeOf(cache.start())
  await server.answer(world)
  t.match(warnings, [{ code: 'SYSTEM_ERROR', path: '/n' }])
  server.refusals.clear()
  await world.clock.advance(200)
  await server.answer(world)
  t.equal(start.state, 'resolved')
  t.equal(warnings.length, 1)
})

t.test('caches: one whose client is closed waits for nothing more, also for another try', async t => {
  const all = await scene(t, 0.9)
  const { world, server, ports } = all
  server.put('/n')
  const cache = await started(t, all, new NodeCache(world.zk, '/n', { ports }))
  server.refusals.set('getData /n', SYSTEM_ERROR)
  world.ensemble.link.notify('dataChanged', '/n')
  for (let i = 0; i < 6; i++) {
    await world.clock.advance(2000)
    await server.answer(world)
  }
  t.equal(world.ensemble.link.waiting, 0)
  t.equal(cache.state, 'stale')
  const closing = outcomeOf(world.zk.close())
  await world.clock.settle()
  const { link } = world.ensemble
  link.reply(link.take('closeSession'))
  await world.clock.settle()
  t.strictSame([closing.state, cache.state, world.clock.scheduled], ['resolved', 'closed', 0])
})

t.test(
  'caches: below the last level, who comes or goes changes the Stat of the parent, and no more',
  async t => {
    const all = await scene(t)
    const { world, server, ports } = all
    for (const path of ['/t', '/t/a', '/t/a/x']) server.put(path)
    const cache = await started(t, all, new ChildrenCache(world.zk, '/t', { ports }))
    const { link } = world.ensemble
    server.put('/t/a/y')
    link.notify('created', '/t/a/y')
    await server.answer(world)
    t.strictSame(server.reads.splice(0), ['exists /t/a'])
    t.equal(cache.child('a')?.stat.numChildren, 2)
    link.notify('dataChanged', '/t/a/x')
    link.notify('created', '/t/a/x/deep')
    await microtasks()
    t.equal(cache.current, true, 'there is nothing to read')
    await server.answer(world)
    t.strictSame(server.reads, [])
  },
)

t.test('caches: an event that comes while a read is about to fail has it tried again at once', async t => {
  const all = await scene(t, 0.9)
  const { world, server, ports } = all
  server.put('/n')
  const cache = await started(t, all, new NodeCache(world.zk, '/n', { ports }))
  const { link } = world.ensemble
  link.notify('dataChanged', '/n')
  await microtasks()
  t.equal(cache.current, false, 'though nothing is being read yet')
  await world.clock.settle()
  server.put('/n', 'new')
  link.notify('dataChanged', '/n')
  await microtasks()
  link.refuse(link.take('getData'), THROTTLED)
  await server.answer(world)
  t.strictSame([cache.node?.stat.version, cache.state], [1, 'live'])
})

t.test('H7: caches: what fails again is tried ever more rarely, until nothing fails', async t => {
  const all = await scene(t, 0.9)
  const { world, server, ports } = all
  server.put('/n')
  const cache = await started(t, all, new NodeCache(world.zk, '/n', { ports }))
  const passes = async (seconds: number): Promise<number> => {
    const before = server.reads.length
    for (let i = 0; i < seconds * 10; i++) {
      await world.clock.advance(100)
      await server.answer(world)
    }
    return server.reads.length - before
  }
  const fails = async (): Promise<void> => {
    server.refusals.set('getData /n', SYSTEM_ERROR)
    world.ensemble.link.notify('dataChanged', '/n')
    await server.answer(world)
  }
  await fails()
  t.equal(await passes(25), 7, 'after 180 ms, then twice as much each time, up to 9 s')
  server.refusals.clear()
  await passes(10)
  t.equal(cache.state, 'live')
  await fails()
  t.equal(await passes(0.3), 1, 'and soon again')
})

t.test('H7: caches: what goes on elsewhere makes nothing tried sooner that fails', async t => {
  const all = await scene(t, 0.9)
  const { world, server, ports } = all
  for (const path of ['/t', '/t/bad', '/t/good']) server.put(path)
  const cache = await started(t, all, new ChildrenCache(world.zk, '/t', { ports }))
  const states: string[] = []
  cache.on('state', ({ state }) => states.push(state))
  server.refusals.set('getData /t/bad', SYSTEM_ERROR)
  world.ensemble.link.notify('dataChanged', '/t/bad')
  await server.answer(world)
  server.reads.length = 0
  for (let i = 0; i < 250; i++) {
    server.put('/t/good', `${i}`)
    world.ensemble.link.notify('dataChanged', '/t/good')
    await world.clock.advance(100)
    await server.answer(world)
  }
  t.equal(server.reads.filter(read => read === 'getData /t/good').length, 250)
  t.equal(server.reads.filter(read => read === 'getData /t/bad').length, 7)
  t.strictSame(states, ['stale'], 'nor is it live for a moment')
})
