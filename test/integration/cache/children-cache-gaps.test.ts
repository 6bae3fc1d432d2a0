// ChildrenCache on a real server: what it tells after a gap, and of what it may not read.
import { OpCode } from '../../../protocol/opcodes.ts'
import { concurrently } from '../../support/concurrently.ts'
import { eventually } from '../../support/eventually.ts'
import { atLeast, serverVersion, since } from '../../support/versions.ts'
import { serverForAnySession } from '../../support/zookeeper.ts'
import type { Test } from '../../tap.ts'
import { t } from '../../tap.ts'
import { withoutPersistentWatches } from '../protocol/stream-support.ts'
import { renewed } from '../protocol/support.ts'
import type { ChildrenScene } from './support.ts'
import { childrenScene, counting, outage, same } from './support.ts'

const server = await serverForAnySession(t)
const test = concurrently({ jobs: 8, timeout: 120_000 })

const scene = (t: Test): Promise<ChildrenScene> => childrenScene(t, server)

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
