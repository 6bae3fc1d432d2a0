// TreeCache and NodeCache on a real server: large trees, limits, roots that come and go, and what is left behind.
import type { ZooKeeperView } from '../../../protocol/index.ts'
import { OpCode } from '../../../protocol/opcodes.ts'
import { ChildrenCache, NodeCache, TreeCache } from '../../../src/cache/index.ts'
import { concurrently } from '../../support/concurrently.ts'
import { eventually } from '../../support/eventually.ts'
import { since } from '../../support/versions.ts'
import { ownServer } from '../../support/zookeeper.ts'
import { t } from '../../tap.ts'
import { stage, withoutPersistentWatches } from '../protocol/stream-support.ts'
import { errorOf, renewed } from '../protocol/support.ts'
import { counting, kept, outage, replayOf, same, treeAt, treeOf } from './support.ts'

const server = await ownServer(t, { tickTime: 500, config: { maxSessionTimeout: '60000' } })
const test = concurrently({ jobs: 4, timeout: 200_000 })

/** /t with so many branches of so many leaves. */
async function plant(zk: ZooKeeperView, branches: number, leaves: number): Promise<void> {
  await zk.create('/t')
  for (let i = 0; i < branches; i++) {
    const branch = zk.transaction().create(`/t/${i}`, `${i}`)
    for (let j = 0; j < leaves; j++) branch.create(`/t/${i}/${j}`, `${j}`)
    await branch.commit()
  }
}

test('H18: tree cache: 10,000 znodes, one watch, and after an outage a diff without reading data again', async t => {
  const { zk, other, proxy, watched } = await stage(t, server, { sessionTimeout: 60_000 })
  await plant(other, 100, 100)
  const cache = kept(t, new TreeCache(zk, '/t'))
  const replay = replayOf(cache)
  const counts = counting(proxy)
  await cache.start()
  t.equal(cache.size, 10_101)
  t.equal(cache.children('/t/7').length, 100)
  if (await since(t, '3.6')) {
    t.strictSame(await watched(), ['/t'])
    t.equal(counts.take()[OpCode.getData], 10_101)
  }
  replay.told.length = 0
  counts.take()
  await outage(cache, proxy, async () => {
    await other.set('/t/5/5', 'x')
    await other.delete('/t/6', { recursive: true })
    await other.create('/t/new/leaf', null, { parents: true })
    await other.transaction().delete('/t/7/7').create('/t/7/7', '7').commit()
  })
  const removed = replay.told.filter(line => line.startsWith('removed /t/6'))
  t.equal(removed.length, 101)
  t.equal(removed.at(-1), 'removed /t/6', 'the leaves first')
  const rest = replay.told.filter(line => !line.startsWith('removed'))
  t.strictSame([...rest].sort(), [
    'added /t/new',
    'added /t/new/leaf',
    'replaced /t/7/7',
    'updated /t',
    'updated /t/5/5',
    'updated /t/7',
  ])
  t.ok(rest.indexOf('added /t/new') < rest.indexOf('added /t/new/leaf'))
  if (await since(t, '3.6')) {
    const taken = counts.take()
    t.equal(taken[OpCode.getData], 4)
    t.equal(taken[OpCode.getChildren2], 3)
  }
  t.strictSame(treeOf(cache), await treeAt(other, '/t'))
  t.strictSame(replay.faults, [])
})

test('tree cache: the filter and the depth bound what is read, whatever happens beyond', async t => {
  const { zk, other, proxy } = await stage(t, server, { sessionTimeout: 60_000 })
  for (const path of ['/t/a/b/c/d', '/t/out/b', '/t/in']) await other.create(path, null, { parents: true })
  const asked: string[] = []
  const filter = (path: string): boolean => {
    asked.push(path)
    return path !== '/t/out'
  }
  const cache = kept(t, new TreeCache(zk, '/t', { maxDepth: 2, filter }))
  const replay = replayOf(cache)
  await cache.start()
  t.strictSame([...cache].map(({ path }) => path).sort(), ['/t', '/t/a', '/t/a/b', '/t/in'])
  t.strictSame([...asked].sort(), ['/t/a', '/t/a/b', '/t/in', '/t/out'], 'each was asked for once')
  t.strictSame(cache.children('/t'), ['a', 'in'])
  const counts = counting(proxy)
  replay.told.length = 0
  for (const path of ['/t/out', '/t/out/b', '/t/a/b/c', '/t/a/b/c/d']) await other.set(path, 'x')
  await other.create('/t/out/b/c')
  await other.create('/t/a/b/c/d/e')
  await other.set('/t/in', 'end')
  await eventually('the end', () => cache.get('/t/in')?.stat.version === 1)
  if (await since(t, '3.6')) t.strictSame(counts.take(), { [OpCode.getData]: 1 })
  t.strictSame(replay.told, ['updated /t/in'])
  await other.create('/t/a/b/new')
  await same(t, cache, other, { maxDepth: 2, filter })
  t.equal(cache.get('/t/a/b')?.stat.numChildren, 2, 'the Stat at the last level follows')
  await outage(cache, proxy, () => other.create('/t/out/during'))
  await same(t, cache, other, { maxDepth: 2, filter })
  t.strictSame(replay.faults, [])
})

test('H19: tree cache: the root is absent, grows a tree, loses it and grows another one', async t => {
  const { zk, other, proxy, root } = await stage(t, server)
  const cache = kept(t, new TreeCache(zk, '/t'))
  const replay = replayOf(cache)
  await cache.start()
  t.equal(cache.size, 0)
  await plant(other, 3, 3)
  await same(t, cache, other)
  t.equal(cache.size, 13)
  await other.delete('/t', { recursive: true })
  await eventually('nothing', () => cache.current && cache.size === 0)
  await outage(cache, proxy, () => plant(other, 2, 2))
  await same(t, cache, other)
  await outage(cache, proxy, async () => {
    await other.delete('/t', { recursive: true })
    await plant(other, 2, 2)
  })
  t.strictSame(
    replay.told.slice(-7).every(line => line.startsWith('replaced ')),
    true,
  )
  await outage(cache, proxy, () => other.delete('/t', { recursive: true }))
  t.equal(cache.size, 0)
  await renewed(root, server.connectString)
  await plant(other, 1, 1)
  await same(t, cache, other)
  t.strictSame(replay.faults, [])
})

test('tree cache: the root of the client, behind a chroot', async t => {
  const { zk, other } = await stage(t, server)
  const cache = kept(t, new TreeCache(zk, '/'))
  await cache.start()
  await plant(other, 2, 2)
  await same(t, cache, other)
  t.strictSame(cache.children('/'), ['t'])
})

test('H20: caches: cycles of start and close, and reconnects, leave the watches of the living', async t => {
  if (!(await since(t, '3.6'))) return
  const { zk, other, proxy, watched } = await stage(t, server)
  await plant(other, 3, 3)
  const living = [
    new TreeCache(zk, '/t'),
    new TreeCache(zk, '/t'),
    new ChildrenCache(zk, '/t/1'),
    new NodeCache(zk, '/t/2'),
  ]
  for (const cache of living) kept(t, cache)
  await Promise.all(living.map(cache => cache.start()))
  for (let i = 0; i < 60; i++) {
    const passing = [new TreeCache(zk, '/t'), new ChildrenCache(zk, '/t/0'), new NodeCache(zk, '/t/2')]
    await Promise.all(passing.map(cache => cache.start()))
    if (i % 10 === 0) {
      proxy.cut()
      await eventually('live', () => living.every(({ current }) => current))
    }
    await Promise.all(passing.map(cache => cache.close()))
  }
  await zk.sync('/')
  await eventually('the watches of the living', async () => {
    return JSON.stringify(await watched()) === JSON.stringify(['/t', '/t/1', '/t/2'])
  })
  await other.set('/t/2', 'x')
  await eventually('all hear', () =>
    living.every(cache => cache.get('/t/2')?.stat.version === 1 || cache === living[2]),
  )
  for (const cache of living) await cache.close()
  await zk.sync('/')
  await eventually('none', async () => (await watched()).length === 0)
})

test('H19: node cache: what came and went while nobody looked, and the children through the Stat', async t => {
  const { zk, other, proxy } = await stage(t, server)
  const cache = kept(t, new NodeCache(zk, '/n'))
  const replay = replayOf(cache)
  await cache.start()
  t.equal(cache.node, null)
  await outage(cache, proxy, async () => {
    await other.create('/n', 'passing')
    await other.delete('/n')
  })
  t.strictSame(replay.told, [])
  await other.create('/n', 'x')
  await same(t, cache, other, { maxDepth: 0 })
  await other.create('/n/child')
  await eventually('the Stat', () => cache.node?.stat.numChildren === 1)
  await other.delete('/n/child')
  await eventually('the Stat', () => cache.node?.stat.numChildren === 0)
  await outage(cache, proxy, async () => {
    await other.set('/n', 'y')
    await other.set('/n', 'x')
  })
  t.equal(replay.told.at(-1), 'updated /n', 'A to B to A is a change')
  await outage(cache, proxy, () => other.transaction().delete('/n').create('/n', 'x').commit())
  t.equal(replay.told.at(-1), 'replaced /n')
  await same(t, cache, other, { maxDepth: 0 })
  t.strictSame(replay.faults, [])
})

test('caches: an abort while there is no server ends the start, and the cache', async t => {
  const { zk, proxy } = await stage(t, server)
  proxy.set({ kind: 'blackHole', direction: 'both' })
  const cache = kept(t, new TreeCache(zk, '/t'))
  const controller = new AbortController()
  const starting = errorOf(cache.start({ signal: controller.signal }))
  const other = errorOf(cache.start())
  controller.abort(new Error('enough'))
  t.match(await starting, { message: 'enough' })
  t.match(await other, { code: 'CLOSED' })
  t.equal(cache.state, 'closed')
})

test('caches: disposed at the end of a block', async t => {
  const { zk, other } = await stage(t, server)
  await other.create('/n')
  let state = ''
  {
    await using cache = new NodeCache(zk, '/n')
    cache.on('state', change => {
      state = change.state
    })
    await cache.start()
    t.equal(state, 'live')
  }
  t.equal(state, 'closed')
})

test('H18: tree cache: at a silent server it says stale, since when, and what it missed', async t => {
  const { zk, other, proxy } = await stage(t, server, { sessionTimeout: 4000 })
  await other.create('/t/a', '0', { parents: true })
  const cache = kept(t, new TreeCache(zk, '/t'))
  await cache.start()
  proxy.set({ kind: 'blackHole', direction: 'both' })
  const silent = Date.now()
  await other.set('/t/a', '1')
  await eventually('stale', () => cache.state === 'stale')
  t.ok(cache.asOf!.getTime() <= silent, 'not later than the last answer')
  t.equal(cache.get('/t/a')?.stat.version, 0)
  proxy.set({ kind: 'pass' })
  await same(t, cache, other)
  t.ok(cache.asOf!.getTime() > silent)
})

test('H18: tree cache: on a server without persistent watches, through an outage', async t => {
  if (!(await since(t, '3.6'))) return
  const { zk, other, proxy } = await stage(t, server)
  withoutPersistentWatches(proxy)
  await plant(other, 3, 3)
  const cache = kept(t, new TreeCache(zk, '/t'))
  const replay = replayOf(cache)
  await cache.start()
  await outage(cache, proxy, async () => {
    await other.delete('/t/1', { recursive: true })
    await other.create('/t/2/new')
  })
  await other.create('/t/2/new/later')
  await same(t, cache, other)
  t.strictSame(replay.faults, [])
})
