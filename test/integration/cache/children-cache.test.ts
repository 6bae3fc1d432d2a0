// ChildrenCache on a real server: its picture, what it costs, and its end.
import { OpCode } from '../../../protocol/opcodes.ts'
import { ChildrenCache } from '../../../src/cache/index.ts'
import { concurrently } from '../../support/concurrently.ts'
import { eventually } from '../../support/eventually.ts'
import { since } from '../../support/versions.ts'
import { serverForAnySession } from '../../support/zookeeper.ts'
import type { Test } from '../../tap.ts'
import { t } from '../../tap.ts'
import { errorOf } from '../protocol/support.ts'
import type { ChildrenScene } from './support.ts'
import { childrenScene, counting, kept, same } from './support.ts'

const server = await serverForAnySession(t)
const test = concurrently({ jobs: 8, timeout: 120_000 })

const scene = (t: Test): Promise<ChildrenScene> => childrenScene(t, server)

test('children cache: the first picture is whole when start resolves, and frozen', async t => {
  const { cache, other, replay } = await scene(t)
  await other.create('/p', 'parent')
  for (const name of ['b', 'a']) await other.create(`/p/${name}`, name)
  await other.create('/p/a/deeper', 'not in here')
  let initialized = 0
  cache.on('initialized', () => initialized++)
  t.equal(cache.state, 'idle')
  t.equal(cache.asOf, null)
  const starting = cache.start()
  t.equal(cache.state, 'loading')
  t.same(cache.children(), [])
  await starting
  t.equal(cache.state, 'live')
  t.ok(cache.asOf instanceof Date)
  t.same(cache.children(), ['a', 'b'])
  t.equal(Buffer.from(cache.child('a')?.data ?? []).toString(), 'a')
  t.equal(Buffer.from(cache.node?.data ?? []).toString(), 'parent')
  t.equal(cache.size, 3)
  t.equal(initialized, 1)
  t.equal(replay.told[0], 'added /p')
  t.same(replay.told.slice(1).sort(), ['added /p/a', 'added /p/b'])
  const { node, children } = cache.snapshot()
  t.equal(cache.snapshot(), cache.snapshot(), 'the same object until something changes')
  for (const frozen of [node, node?.stat, children.get('a'), cache.children(), cache.snapshot()]) {
    t.ok(Object.isFrozen(frozen))
  }
  await same(t, cache, other, { maxDepth: 1 })
})

test('H21: children cache: each change is told with the old and the new node, behind the step it is part of', async t => {
  const { cache, other, replay } = await scene(t)
  await other.create('/p/a', '1', { parents: true })
  await other.create('/p/b')
  await cache.start()
  const steps: string[][] = []
  cache.on('changes', changes => {
    t.ok(changes.every(({ path, node }) => cache.get(path) === node))
    steps.push(changes.map(({ type, path }) => `${type} ${path}`))
  })
  const updates: [path: string, [written: boolean, versions: number]][] = []
  cache.on('updated', ({ path, written, old, node }) => {
    updates.push([path, [written, node.stat.version - old.stat.version]])
  })
  replay.told.length = 0
  await other.transaction().set('/p/a', '2').delete('/p/b').create('/p/c').commit()
  await same(t, cache, other, { maxDepth: 1 })
  t.same(replay.told, steps.flat())
  t.same([...replay.told].sort(), ['added /p/c', 'removed /p/b', 'updated /p', 'updated /p/a'])
  t.strictSame(
    new Map(updates),
    new Map([
      ['/p', [false, 0]],
      ['/p/a', [true, 1]],
    ]),
  )
  steps.length = 0
  await other.create('/p/a/child')
  await eventually('the Stat of a child follows', () => cache.child('a')?.stat.numChildren === 1)
  t.same(steps, [['updated /p/a']])
  t.same(replay.faults, [])
})

test('H21: children cache: a listener that throws or rejects hurts neither the others nor the cache', async t => {
  const { cache, other, replay } = await scene(t)
  await other.create('/p')
  await cache.start()
  for (const type of ['changes', 'added', 'state'] as const) {
    cache.on(type, () => {
      throw new Error(`from ${type}`)
    })
    cache.on(type, async () => {
      throw new Error(`later from ${type}`)
    })
  }
  const heard: string[] = []
  cache.on('added', ({ path }) => heard.push(path))
  await other.create('/p/a')
  await eventually('told', () => replay.told.includes('added /p/a'))
  await eventually('warned', () => cache.warnings.length === 4)
  t.same(heard, ['/p/a'])
  t.equal(cache.state, 'live')
})

test('H19: children cache: the parent is absent, comes, goes and comes back', async t => {
  const { cache, other, replay } = await scene(t)
  await cache.start()
  t.equal(cache.state, 'live')
  t.equal(cache.node, null)
  t.same(cache.children(), [])
  await other.transaction().create('/p', '1').create('/p/a').commit()
  await same(t, cache, other, { maxDepth: 1 })
  await other.transaction().delete('/p/a').delete('/p').commit()
  await eventually('gone', () => cache.node === null && cache.size === 0)
  await other.transaction().create('/p', '2').create('/p/b').commit()
  await same(t, cache, other, { maxDepth: 1 })
  t.same(replay.told, ['added /p', 'added /p/a', 'removed /p/a', 'removed /p', 'added /p', 'added /p/b'])
  t.same(replay.faults, [])
})

test('children cache: a write costs one read, a new child one listing and one read', async t => {
  if (!(await since(t, '3.6'))) return
  const { cache, other, proxy } = await scene(t)
  await other.create('/p')
  const creation = other.transaction()
  for (let i = 0; i < 1000; i++) creation.create(`/p/${i}`)
  await creation.commit()
  const counts = counting(proxy)
  await cache.start()
  t.match(counts.take(), { [OpCode.getData]: 1001, [OpCode.getChildren2]: 1 })
  await other.set('/p/500', 'x')
  await eventually('written', () => cache.child('500')?.stat.version === 1)
  t.strictSame(counts.take(), { [OpCode.getData]: 1 })
  await other.create('/p/new')
  await eventually('created', () => cache.child('new') !== null)
  t.strictSame(counts.take(), { [OpCode.getChildren2]: 1, [OpCode.getData]: 1 })
  await other.delete('/p/new')
  await eventually('deleted', () => cache.child('new') === null)
  t.strictSame(counts.take(), { [OpCode.getChildren2]: 1 })
})

test('H20: children cache: closed, aborted or never whole, it leaves no watch behind', async t => {
  if (!(await since(t, '3.6'))) return
  const { cache, other, zk, watched, proxy } = await scene(t)
  await other.create('/p/a', null, { parents: true })
  await cache.start()
  t.same(await watched(), ['/p'])
  await cache.close()
  await cache.close()
  t.equal(cache.state, 'closed')
  t.same(cache.children(), ['a'], 'the picture stays')
  t.match(await errorOf(cache.start()), { code: 'CLOSED' })
  await zk.sync('/')
  await eventually('no watch', async () => (await watched()).length === 0)
  const aborted = kept(t, new ChildrenCache(zk, '/p'))
  const controller = new AbortController()
  proxy.filter(frame => {
    if (frame.kind === 'request' && frame.opcode === OpCode.getData) controller.abort(new Error('enough'))
    return 'pass'
  })
  t.match(await errorOf(aborted.start({ signal: controller.signal })), { message: 'enough' })
  t.equal(aborted.state, 'closed')
  await zk.sync('/')
  await eventually('no watch', async () => (await watched()).length === 0)
  t.match(await errorOf(kept(t, new ChildrenCache(zk, '/p')).start({ signal: controller.signal })), {
    message: 'enough',
  })
})

test('children cache: it ends with its client', async t => {
  const { cache, root, other } = await scene(t)
  await other.create('/p')
  await cache.start()
  const stream = cache.changes()
  t.match(await stream.next(), { value: { type: 'added', path: '/p' } })
  const next = stream.next()
  await root.close()
  await eventually('closed', () => cache.state === 'closed')
  t.same(await next, { value: undefined, done: true })
  t.match(await errorOf(cache.start()), { code: 'CLOSED' })
  const late = kept(t, new ChildrenCache(root, '/p'))
  t.match(await errorOf(late.start()), { code: 'CLOSED' })
})
