// The data of the children in one snapshot, against a real server: what it shows, what it costs, what it survives.
import type { ZooKeeper } from '../../../protocol/index.ts'
import { OpCode } from '../../../protocol/opcodes.ts'
import type { SnapshotFor } from '../../../src/index.ts'
import type { RequestFrame } from '../../../src/testing/index.ts'
import { concurrently } from '../../support/concurrently.ts'
import { eventually } from '../../support/eventually.ts'
import { serverForAnySession, servers } from '../../support/zookeeper.ts'
import { t } from '../../tap.ts'
import { renewed } from '../protocol/support.ts'
import { branch, proxiedRegistry, registryAt, settled, takeDown } from './support.ts'

const { connectString: at } = await serverForAnySession(t)

const test = concurrently({ jobs: 4, timeout: 120_000 })

type Family = SnapshotFor<{ childData: true }>

function familyRecorder(): {
  seen: Family[]
  callback: (snapshot: Family) => void
  last(): Family | undefined
} {
  const seen: Family[] = []
  return { seen, callback: snapshot => void seen.push(snapshot), last: () => seen.at(-1) }
}

/** How often each operation went over the wire since then. */
function countsOf(requests: readonly RequestFrame[], since: number): Record<string, number> {
  const counts: Record<string, number> = {}
  const names = new Map<number, string>([
    [OpCode.getData, 'get'],
    [OpCode.getChildren2, 'list'],
    [OpCode.exists, 'exists'],
  ])
  for (const { opcode } of requests.slice(since)) {
    const name = names.get(opcode) ?? `op ${opcode}`
    counts[name] = (counts[name] ?? 0) + 1
  }
  return counts
}

async function fill(zk: ZooKeeper, path: string, count: number): Promise<void> {
  await zk.create(path, '{}')
  await Promise.all(Array.from({ length: count }, (_, i) => zk.create(`${path}/n${i}`, `{"i":${i}}`)))
}

test('childData: data and Stat of each child, by name, frozen, without a prototype', async t => {
  const { servers, witness } = await branch(t, at)
  const registry = await registryAt(t, servers)
  await witness.create('/pool', '{"n":1}')
  for (const name of ['b', '__proto__', 'a', '7']) await witness.create(`/pool/${name}`, `{"name":"${name}"}`)
  await witness.create('/pool/none')
  const snapshot = await registry.get('/pool', { childData: true })
  t.match(snapshot, { data: { n: 1 }, source: 'live', stale: false })
  t.same(snapshot.children, ['7', '__proto__', 'a', 'b', 'none'])
  t.same(Object.keys(snapshot.childData).sort(), snapshot.children)
  for (const name of ['7', '__proto__', 'a', 'b']) t.same(snapshot.childData[name]?.data, { name })
  t.equal(snapshot.childData.none?.data, null)
  t.same(snapshot.childData.a?.stat, await witness.exists('/pool/a'))
  t.equal(snapshot.childData.toString, undefined)
  t.ok(Object.isFrozen(snapshot.childData) && Object.isFrozen(snapshot.childData.a?.data))
  t.equal(registry.peek('/pool', { childData: true }), snapshot)
  t.notOk('childData' in (await registry.get('/pool')), 'the plain shape stays plain')
})

test('N38: without childData no child is read, and no callback is called for one', async t => {
  // Every request counts, so the link has to last, also while the machine has no time for this test.
  const { registry, witness, requests } = await proxiedRegistry(t, await servers(), {
    sessionTimeout: 40_000,
  })
  await fill(witness, '/pool', 20)
  let calls = 0
  await registry.get('/pool', () => void calls++)
  t.equal(registry.peek('/pool', { childData: true }), null)
  t.strictSame(countsOf(requests, 0), { get: 1, list: 1 })
  const family = familyRecorder()
  await registry.addCallback('/pool', family.callback, { childData: true })
  t.strictSame(countsOf(requests, 0), { get: 21, list: 1 })
  await witness.set('/pool/n3', '{"i":"new"}')
  await eventually('told', () => family.last()?.childData.n3?.data?.i === 'new')
  t.equal(calls, 1)
})

// By itself: it keeps the server busy.
t.test(
  'figure: of 10,000 children one that changes costs one read, one that comes one listing, one callback each',
  async t => {
    const { registry, witness, requests } = await proxiedRegistry(t, at, { sessionTimeout: 60_000 })
    await fill(witness, '/pool', 10_000)
    const plain: number[] = []
    const { seen, callback, last } = familyRecorder()
    for (let i = 0; i < 10; i++)
      await registry.get('/pool', snapshot => void plain.push(snapshot.children.length))
    await registry.get('/pool', callback, { childData: true })
    for (let i = 0; i < 10; i++) await registry.get('/pool', () => {}, { childData: true })
    t.strictSame(countsOf(requests, 0), { get: 10_001, list: 1 }, 'one watch set, however many callbacks')
    t.equal(Object.keys(last()!.childData).length, 10_000)
    let before = requests.length
    await witness.set('/pool/n77', '{"i":"new"}')
    await eventually('changed', () => last()?.childData.n77?.data?.i === 'new')
    await settled(registry)
    t.strictSame(countsOf(requests, before), { get: 1, [`op ${OpCode.sync}`]: 3 })
    t.equal(seen.length, 2)
    t.equal(plain.length, 10)
    before = requests.length
    await witness.delete('/pool/n5')
    await eventually('gone', () => last()?.children.length === 9999)
    await settled(registry)
    t.strictSame(countsOf(requests, before), { list: 1, [`op ${OpCode.sync}`]: 3 })
    t.equal(seen.length, 3)
    before = requests.length
    await witness.create('/pool/extra', '{"i":"extra"}')
    await eventually('there', () => last()?.childData.extra?.data?.i === 'extra')
    await settled(registry)
    t.strictSame(countsOf(requests, before), { list: 1, get: 1, [`op ${OpCode.sync}`]: 3 })
    t.equal(seen.length, 4, 'the name and its data in one call')
    t.equal(plain.length, 30)
  },
)

test('childData: children that go and come back, a parent that does, and the truth after a storm', async t => {
  const { servers, witness } = await branch(t, at)
  const registry = await registryAt(t, servers)
  const { callback, last } = familyRecorder()
  await registry.get('/pool', callback, { childData: true })
  t.match(last(), { stat: null, children: { length: 0 } })
  for (let round = 1; round <= 5; round++) {
    await witness.create('/pool')
    for (const name of ['a', 'b', 'c']) await witness.create(`/pool/${name}`, `{"round":${round}}`)
    await witness.transaction().delete('/pool/b').create('/pool/b', `{"again":${round}}`).commit()
    await witness.set('/pool/a', `{"set":${round}}`)
    await eventually(`round ${round}`, () => {
      const { a, b, c } = last()?.childData ?? {}
      return a?.data?.set === round && b?.data?.again === round && c?.data?.round === round
    })
    t.equal(last()?.stale, false)
    await witness.delete('/pool', { recursive: true })
    await eventually('gone', () => last()?.stat === null && Object.keys(last()!.childData).length === 0)
  }
  await witness.create('/pool')
  const writes = Array.from({ length: 300 }, (_, i) => {
    const path = `/pool/n${i % 7}`
    return i % 3 === 0
      ? witness.create(path, `${i}`)
      : i % 3 === 1
        ? witness.set(path, `${i}`)
        : witness.delete(path)
  })
  await Promise.allSettled(writes)
  const truth: Record<string, unknown> = {}
  for (const name of (await witness.getChildren('/pool')).children) {
    truth[name] = { string_value: String((await witness.get(`/pool/${name}`)).data) }
  }
  await eventually('the truth', () => {
    const shown = Object.entries(last()?.childData ?? {}).map(([name, { data }]) => [name, data])
    return JSON.stringify(Object.fromEntries(shown.sort())) === JSON.stringify(sorted(truth))
  })
  t.equal(registry.peek('/pool', { childData: true })?.stale, false)
})

function sorted(record: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(record).sort())
}

test('childData: through a cut link and an expiry, and only real changes are told', async t => {
  const { registry, witness, proxy } = await proxiedRegistry(t, at)
  await fill(witness, '/pool', 5)
  const { seen, callback, last } = familyRecorder()
  await registry.get('/pool', callback, { childData: true })
  proxy.cut()
  await eventually('back', () => registry.peek('/pool', { childData: true })?.source === 'live')
  await settled(registry)
  t.equal(seen.length, 1)
  await takeDown(registry, proxy)
  t.match(registry.peek('/pool', { childData: true }), { source: 'memory', stale: true })
  await witness.set('/pool/n1', '{"i":"missed"}')
  proxy.set({ kind: 'pass' })
  await eventually('caught up', () => last()?.childData.n1?.data?.i === 'missed')
  await renewed(registry.client, at)
  await witness.set('/pool/n2', '{"i":"new session"}')
  await eventually('goes on', () => last()?.childData.n2?.data?.i === 'new session')
  t.equal(seen.length, 3)
})

test('childData: through stop and start, and rebuild', async t => {
  const { servers, witness } = await branch(t, at)
  const registry = await registryAt(t, servers)
  await fill(witness, '/pool', 5)
  const { seen, callback, last } = familyRecorder()
  await registry.get('/pool', callback, { childData: true })
  await registry.stop()
  await witness.set('/pool/n1', '{"i":"while stopped"}')
  await registry.start()
  await eventually('caught up', () => last()?.childData.n1?.data?.i === 'while stopped')
  await witness.set('/pool/n2', '{"i":"after start"}')
  await eventually('goes on', () => last()?.childData.n2?.data?.i === 'after start')
  const before = seen.length
  await registry.rebuild()
  await eventually('told again', () => seen.length > before)
  await witness.set('/pool/n3', '{"i":"after rebuild"}')
  await eventually('goes on', () => last()?.childData.n3?.data?.i === 'after rebuild')
})

test('childData: asked for while the link is down', async t => {
  const { registry, witness, proxy } = await proxiedRegistry(t, at)
  await fill(witness, '/pool', 3)
  await takeDown(registry, proxy)
  const { callback, last } = familyRecorder()
  t.match(await registry.get('/pool', callback, { childData: true }), {
    stale: true,
    children: { length: 0 },
  })
  proxy.set({ kind: 'pass' })
  await eventually('caught up', () => last()?.childData.n2?.data?.i === 2)
})

test('childData: a child that may not be read is there without data, with one warning', async t => {
  const { registry, witness, proxy } = await proxiedRegistry(t, at)
  const warnings: unknown[] = []
  registry.on('warning', error => warnings.push(error))
  await witness.create('/pool')
  const all = 31
  const world = (perms: number) => [{ perms, id: { scheme: 'world', id: 'anyone' } }]
  await witness.create('/pool/secret', '{"n":1}', { acl: world(all & ~1) })
  await witness.create('/pool/open', '{"n":2}')
  const snapshot = await registry.get('/pool', { childData: true })
  t.same(snapshot.children, ['open', 'secret'])
  t.same({ ...snapshot.childData.secret }, { data: null, stat: null })
  t.same(snapshot.childData.open?.data, { n: 2 })
  t.match(warnings, [{ code: 'NO_AUTH' }])
  await witness.setAcl('/pool/secret', world(all))
  proxy.cut()
  await eventually('read', () => registry.peek('/pool', { childData: true })?.childData.secret?.data?.n === 1)
})

test('H37: an emptied list is kept for a while, for those who asked for it', async t => {
  const { servers, witness } = await branch(t, at)
  const registry = await registryAt(t, servers)
  await fill(witness, '/pool', 3)
  const guarded: boolean[] = []
  const options = { minInstances: 2, holdDown: Number.POSITIVE_INFINITY, childData: true } as const
  await registry.get('/pool', snapshot => void guarded.push(snapshot.protected), options)
  let plain = 3
  await registry.get('/pool', ({ children }) => {
    plain = children.length
  })
  await witness.transaction().delete('/pool/n0').delete('/pool/n1').delete('/pool/n2').commit()
  await eventually('emptied', () => plain === 0)
  await eventually('protected', () => guarded.at(-1) === true)
  const kept = await registry.get('/pool', options)
  t.match(kept, { children: ['n0', 'n1', 'n2'], stale: true, protected: true })
  t.same(kept.childData.n2?.data, { i: 2 })
  await witness.create('/pool/n8')
  await witness.create('/pool/n9')
  await eventually('recovered', () => guarded.at(-1) === false)
  t.match(await registry.get('/pool', options), { children: ['n8', 'n9'], stale: false, protected: false })
  const short = { minInstances: 1, holdDown: 30 }
  await registry.get('/pool', short)
  await witness.delete('/pool/n8')
  await witness.delete('/pool/n9')
  await eventually('given up', async () => (await registry.get('/pool', short)).children.length === 0)
})
