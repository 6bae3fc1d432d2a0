// ChildrenCache on a real server: its picture, what it costs, and what it tells after a gap.
import { OpCode } from '../../../protocol/opcodes.ts'
import { ChildrenCache } from '../../../src/cache/index.ts'
import { concurrently } from '../../support/concurrently.ts'
import { eventually } from '../../support/eventually.ts'
import { atLeast, serverVersion, since } from '../../support/versions.ts'
import { ownServer } from '../../support/zookeeper.ts'
import type { Test } from '../../tap.ts'
import { t } from '../../tap.ts'
import type { Stage } from '../protocol/stream-support.ts'
import { stage, withoutPersistentWatches } from '../protocol/stream-support.ts'
import { errorOf, renewed } from '../protocol/support.ts'
import type { Replay } from './support.ts'
import { counting, kept, outage, replayOf, same } from './support.ts'

const server = await ownServer(t, { tickTime: 500 })
const test = concurrently({ jobs: 8, timeout: 120_000 })

interface Scene extends Stage {
  readonly cache: ChildrenCache & { readonly warnings: unknown[] }
  readonly replay: Replay
}

/** A cache of /p behind a proxy, not started. */
async function scene(t: Test): Promise<Scene> {
  const made = await stage(t, server)
  const cache = kept(t, new ChildrenCache(made.zk, '/p'))
  return { ...made, cache, replay: replayOf(cache) }
}

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

test('H18: children cache: after an outage exactly the net changes are told', async t => {
  const { cache, other, proxy, replay } = await scene(t)
  for (const name of ['kept', 'written', 'deleted', 'back']) {
    await other.create(`/p/${name}`, '0', { parents: true })
  }
  await cache.start()
  const before = cache.asOf!.getTime()
  const states: string[] = []
  cache.on('state', ({ state }) => states.push(state))
  const persistent = await serverVersion().then(version => atLeast(version, '3.6'))
  const counts = counting(proxy)
  replay.told.length = 0
  await outage(cache, proxy, async () => {
    t.equal(cache.current, false)
    t.ok(cache.asOf!.getTime() >= before)
    await other.set('/p/written', '1')
    await other.set('/p/written', '0')
    await other.delete('/p/deleted')
    await other.create('/p/passing')
    await other.delete('/p/passing')
    await other.delete('/p/back')
    await other.create('/p/back', '0')
    await other.create('/p/new')
  })
  t.same(states, ['stale', 'live'])
  t.same(replay.told[0], 'removed /p/deleted')
  t.same(replay.told.slice(1).sort(), [
    'added /p/new',
    'replaced /p/back',
    'updated /p',
    'updated /p/written',
  ])
  const read = counts.take()
  if (persistent) t.equal(read[OpCode.getData], 3, 'only what is new or written is read again')
  await same(t, cache, other, { maxDepth: 1 })
  replay.told.length = 0
  await outage(cache, proxy, async () => {})
  t.same(replay.told, [], 'nothing changed, nothing is told')
  t.same(replay.faults, [])
})

test('H19: children cache: deleted and created again with the same version and data, also the parent', async t => {
  const { cache, other, proxy, replay } = await scene(t)
  await other.transaction().create('/p', 'x').create('/p/a', 'y').commit()
  await cache.start()
  const again = async (): Promise<void> => {
    await other.transaction().delete('/p/a').delete('/p').create('/p', 'x').create('/p/a', 'y').commit()
  }
  replay.told.length = 0
  await outage(cache, proxy, again)
  t.same(replay.told, ['replaced /p', 'replaced /p/a'])
  await again()
  await same(t, cache, other, { maxDepth: 1 })
  t.same(replay.told.slice(2), ['replaced /p', 'replaced /p/a'], 'and with the link up')
  t.same(replay.faults, [])
})

test('H18: children cache: it goes on in the next session, with the net changes', async t => {
  const { cache, other, root, proxy, replay } = await scene(t)
  await other.create('/p/a', '0', { parents: true })
  await cache.start()
  replay.told.length = 0
  await outage(cache, proxy, async () => {
    await other.set('/p/a', '1')
    const { generation } = root
    proxy.set({ kind: 'pass' })
    await renewed(root, server.connectString)
    t.ok(root.generation > generation)
  })
  t.same(replay.told, ['updated /p/a'])
  await other.create('/p/b')
  await same(t, cache, other, { maxDepth: 1 })
})

test('H19: children cache: started without a server, it comes alive by itself', async t => {
  const { cache, other, proxy, root } = await scene(t)
  await other.create('/p/a', null, { parents: true })
  proxy.set({ kind: 'refuse' })
  proxy.cut()
  await eventually('down', () => root.state === 'suspended')
  const starting = cache.start()
  t.equal(cache.state, 'loading')
  proxy.set({ kind: 'pass' })
  await starting
  t.same(cache.children(), ['a'])
  await other.create('/p/b')
  await same(t, cache, other, { maxDepth: 1 })
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

test('children cache: a child that may not be read is told, and does not stop the rest', async t => {
  const { cache, other, proxy, replay } = await scene(t)
  await other.create('/p/open', 'o', { parents: true })
  await other.create('/p/secret', 's', { acl: [{ perms: 30, id: { scheme: 'world', id: 'anyone' } }] })
  await cache.start()
  t.equal(cache.child('secret'), null)
  t.same(cache.children(), ['open'])
  t.same(cache.denied, ['/p/secret'])
  t.match(cache.warnings, [{ code: 'NO_AUTH', path: '/p/secret' }])
  await other.set('/p/open', 'x')
  await eventually('the rest goes on', () => cache.child('open')?.stat.version === 1)
  t.equal(cache.warnings.length, 1)
  await outage(cache, proxy, () =>
    other.setAcl('/p/secret', [{ perms: 31, id: { scheme: 'world', id: 'anyone' } }]),
  )
  t.ok(cache.child('secret'), 'granted meanwhile')
  t.same(cache.denied, [])
  t.equal(cache.warnings.length, 1)
  t.same(replay.faults, [])
})

test('H18: children cache: on a server without persistent watches', async t => {
  if (!(await since(t, '3.6'))) return
  const { cache, other, proxy, replay } = await scene(t)
  withoutPersistentWatches(proxy)
  await other.create('/p/a', '0', { parents: true })
  await cache.start()
  await other.set('/p/a', '1')
  await other.create('/p/b')
  await same(t, cache, other, { maxDepth: 1 })
  replay.told.length = 0
  await outage(cache, proxy, async () => {
    await other.set('/p/b', '1')
    await other.delete('/p/a')
    await other.create('/p/a')
  })
  await same(t, cache, other, { maxDepth: 1 })
  t.same(replay.faults, [])
  t.ok(replay.told.includes('replaced /p/a'), replay.told.join())
})
