// get, callbacks and watch() against a real server: what they tell, how often, and what cannot break them.
import { OpCode } from '../../../protocol/opcodes.ts'
import { concurrently } from '../../support/concurrently.ts'
import { eventually } from '../../support/eventually.ts'
import { serverForAnySession } from '../../support/zookeeper.ts'
import { t } from '../../tap.ts'
import { errorOf, renewed } from '../protocol/support.ts'
import { branch, proxiedRegistry, recorder, registryAt, settled, takeDown } from './support.ts'

const { connectString: at } = await serverForAnySession(t)

const test = concurrently({ jobs: 8, timeout: 120_000 })

test('N29: get tells data, sorted children and Stat', async t => {
  const { servers, witness } = await branch(t, at)
  const registry = await registryAt(t, servers)
  await witness.create('/a', '{"n":1}')
  for (const name of ['b', 'c', 'a', 'B']) await witness.create(`/a/${name}`)
  const snapshot = await registry.get('/a')
  t.match(snapshot, { path: '/a', data: { n: 1 }, source: 'live', stale: false, asOf: Date })
  t.same(snapshot.children, ['B', 'a', 'b', 'c'])
  t.equal(snapshot.stat?.numChildren, 4)
  t.equal(snapshot.stat?.version, 0)
})

test('N30, H19: an absent path is told as such, and picked up when it is created', async t => {
  const { servers, witness } = await branch(t, at)
  const registry = await registryAt(t, servers)
  const { callback, seen, last } = recorder()
  const snapshot = await registry.get('/x/a', callback)
  t.match(snapshot, { path: '/x/a', data: null, stat: null, source: 'live', stale: false })
  t.same(snapshot.children, [])
  t.equal(seen.length, 1)
  t.equal(seen[0]?.stat, null)
  await witness.create('/x/a', '{"n":1}', { parents: true })
  await eventually('created', () => last()?.data?.n === 1)
  t.equal(seen.length, 2)
  t.same((await registry.get('/x/a')).data, { n: 1 })
})

test('N29: later calls answer from memory, and cost no request', async t => {
  const { registry, witness, requests } = await proxiedRegistry(t, at)
  await witness.create('/a', '{"n":1}')
  await registry.get('/a')
  const before = requests.length
  for (let i = 0; i < 50; i++) await registry.get('/a')
  await registry.addCallback('/a', () => {})
  t.equal(requests.length, before)
})

test('N35: a callback is called for the start, for creation, for a child and for each change: six times', async t => {
  const { servers, witness } = await branch(t, at)
  const registry = await registryAt(t, servers)
  const { callback, seen } = recorder()
  await registry.get('/unit/pool', callback)
  t.equal(seen.length, 1, 'the start')
  const change = async (n: number, step: () => Promise<unknown>): Promise<void> => {
    await step()
    await eventually(`call ${n}`, () => seen.length === n)
    await settled(registry)
    t.equal(seen.length, n)
  }
  await change(2, () => witness.create('/unit/pool', '{"n":1}', { parents: true }))
  await change(3, () => witness.create('/unit/pool/a'))
  for (const n of [2, 3, 4]) await change(n + 2, () => witness.set('/unit/pool', `{"n":${n}}`))
  t.same(
    seen.map(({ data }) => data?.n),
    [undefined, 1, 1, 2, 3, 4],
  )
})

test('N39, N40, H19: the node goes and comes back, again and again, with and without children', async t => {
  const { servers, witness } = await branch(t, at)
  const registry = await registryAt(t, servers)
  const { callback, last } = recorder()
  await registry.get('/pool', callback)
  for (let round = 1; round <= 5; round++) {
    await witness.create('/pool', `{"round":${round}}`)
    await witness.create('/pool/a')
    await eventually('there', () => last()?.data?.round === round && last()?.children.length === 1)
    await witness.delete('/pool', { recursive: true })
    await eventually('gone', () => last()?.stat === null)
    t.same(last()?.children, [], 'no stale children')
    t.equal(last()?.data, null)
  }
  await witness.create('/pool', '{}')
  await witness.create('/pool/b')
  await eventually('not deaf', () => last()?.children[0] === 'b')
})

test('N40, H19: a quick deletion and creation is never missed', async t => {
  const { servers, witness } = await branch(t, at)
  const registry = await registryAt(t, servers)
  const { callback, last } = recorder()
  await registry.get('/pool', callback)
  for (let round = 1; round <= 40; round++) {
    const transaction = witness.transaction()
    if (round > 1) transaction.delete('/pool/kid').delete('/pool')
    await transaction.create('/pool', `{"round":${round}}`).create('/pool/kid').commit()
    if (round % 4 === 0) await eventually('seen', () => last()?.data?.round === round)
  }
  const stat = (await witness.exists('/pool'))!
  await eventually('the newest of all', () => last()?.stat?.czxid === stat.czxid)
  t.same(last()?.children, ['kid'])
  t.same(last()?.stat, stat)
})

test('a storm of changes ends with the truth', async t => {
  const { servers, witness } = await branch(t, at)
  const registry = await registryAt(t, servers)
  await witness.create('/pool', '{"n":0}')
  const { callback, seen, last } = recorder()
  await registry.get('/pool', callback)
  const storm: Promise<unknown>[] = []
  for (let n = 1; n <= 300; n++) {
    storm.push(witness.set('/pool', `{"n":${n}}`), witness.create(`/pool/${n}`))
    if (n % 3 === 0) storm.push(witness.delete(`/pool/${n}`))
  }
  await Promise.all(storm)
  const stat = (await witness.exists('/pool'))!
  await eventually('the end', () => last()?.data?.n === 300 && last()?.children.length === 200)
  await settled(registry)
  t.same(last()?.stat, stat)
  const versions = seen.map(snapshot => snapshot.stat!.version)
  t.same(
    versions,
    [...versions].sort((a, b) => a - b),
    'never back in time',
  )
  for (const { data, stat } of seen)
    if (data?.n !== stat!.version) t.fail('data and Stat do not belong together')
})

test('a callback that comes while new data is on its way is told of that data too', async t => {
  const { registry, witness, proxy } = await proxiedRegistry(t, at)
  await witness.create('/a', '{"n":1}')
  await registry.get('/a')
  proxy.filter(frame => {
    // The read of the data, which follows the listing, is held back.
    const listed = frame.kind === 'reply' && frame.opcode === OpCode.getChildren2
    if (listed) proxy.set({ kind: 'stall', direction: 'toServer' })
    return 'pass'
  })
  await witness.transaction().create('/a/b').set('/a', '{"n":2}').commit()
  await eventually('the list', () => registry.peek('/a')?.children.length === 1)
  const { callback, seen, last } = recorder()
  await registry.addCallback('/a', callback)
  t.match(seen, [{ data: { n: 1 }, stat: { version: 0 }, stale: true }], 'the Stat is that of the data')
  proxy.set({ kind: 'pass' })
  await eventually('the data', () => last()?.data?.n === 2)
  t.equal(last()?.stat?.version, 1)
})

test('N38: the Stat is refreshed with the children', async t => {
  const { servers, witness } = await branch(t, at)
  const registry = await registryAt(t, servers)
  await witness.create('/pool', '{"n":1}')
  const { callback, last } = recorder()
  await registry.get('/pool', callback)
  await witness.create('/pool/a')
  await eventually('listed', () => last()?.children.length === 1)
  t.same(last()?.stat, await witness.exists('/pool'))
  await witness.delete('/pool/a')
  await eventually('unlisted', () => last()?.children.length === 0)
  t.same(last()?.stat, await witness.exists('/pool'))
})

test('H18: callbacks go on through a cut link and through an expiry, without repeating themselves', async t => {
  const { registry, witness, proxy } = await proxiedRegistry(t, at)
  await witness.create('/a', '{"n":1}')
  const [here, absent] = [recorder(), recorder()]
  await registry.get('/a', here.callback)
  await registry.get('/absent', absent.callback)
  // Down may last for less than a poll: the event does not miss it.
  const down = new Promise<void>(resolve => {
    registry.on('state', up => {
      if (!up) resolve()
    })
  })
  proxy.cut()
  await down
  await eventually('back', () => registry.getState())
  await renewed(registry.client, at)
  await settled(registry)
  t.equal(here.seen.length, 1, 'nothing changed, nobody is called')
  t.equal(absent.seen.length, 1)
  await takeDown(registry, proxy)
  t.match(await registry.get('/a'), { data: { n: 1 }, stale: true, source: 'memory' })
  await witness.set('/a', '{"n":2}')
  await witness.create('/a/kid')
  await witness.create('/absent')
  proxy.set({ kind: 'pass' })
  await eventually('caught up', () => here.last()?.data?.n === 2 && here.last()?.children.length === 1)
  await eventually('created', () => absent.last()?.stat !== null)
  await eventually('confirmed', async () => (await registry.get('/a')).source === 'live')
  t.match(await registry.get('/a'), { stale: false, data: { n: 2 } })
})

test('N31, N33, H19: first calls while the link is down answer at once, and catch up', async t => {
  const { registry, witness, proxy } = await proxiedRegistry(t, at)
  await witness.create('/a', '{"n":1}')
  await takeDown(registry, proxy)
  const { callback, seen, last } = recorder()
  t.match(await registry.get('/a', callback), { data: null, stat: null, stale: true, asOf: null })
  t.equal(seen.length, 1)
  proxy.set({ kind: 'pass' })
  await eventually('caught up', () => last()?.data?.n === 1)
  t.equal(seen.length, 2)
})

test('N33: what was answered without a connection is asked for again until it is answered', async t => {
  const { registry, witness, proxy } = await proxiedRegistry(t, at)
  await witness.create('/a', '{"n":1}')
  await takeDown(registry, proxy)
  const { callback, seen, last } = recorder()
  await registry.get('/a', callback)
  let cuts = 0
  proxy.filter(frame => {
    if (frame.kind !== 'request' || frame.opcode === OpCode.ping || cuts === 3) return 'pass'
    cuts++
    return 'cut'
  })
  proxy.set({ kind: 'pass' })
  await eventually('live', () => last()?.data?.n === 1)
  t.equal(cuts, 3)
  // The question whether the watches have told all may be answered after the read.
  await eventually('confirmed', () => registry.peek('/a')?.stale === false)
  t.equal(seen.length, 2)
  t.equal(registry.peek('/a')?.source, 'live')
})

test('N32: what may not be read rejects with NO_AUTH, and can be asked for again', async t => {
  const { servers, witness } = await branch(t, at)
  const registry = await registryAt(t, servers)
  const acl = [{ perms: 30, id: { scheme: 'world', id: 'anyone' } }]
  await witness.create('/secret', '{"n":1}', { acl })
  t.match(await errorOf(registry.get('/secret')), { code: 'NO_AUTH', path: '/secret' })
  t.match(await errorOf(registry.addCallback('/secret', () => {})), { code: 'NO_AUTH' })
  await witness.setAcl('/secret', [{ perms: 31, id: { scheme: 'world', id: 'anyone' } }])
  t.match(await registry.get('/secret'), { data: { n: 1 } })
})

test('N25, N26, N27: data of every kind', async t => {
  const { servers, witness } = await branch(t, at)
  const registry = await registryAt(t, servers)
  await witness.create('/none')
  await witness.create('/empty', '')
  await witness.create('/latin', Buffer.from([0xff, 0x41]))
  await witness.create('/deep', `{"a":${'['.repeat(200_000)}${']'.repeat(200_000)}}`)
  await witness.create('/hostile', `{${'"\\'.repeat(250_000)}}`)
  t.equal((await registry.get('/none')).data, null)
  t.equal((await registry.get('/empty')).data, null)
  t.same((await registry.get('/latin')).data, { string_value: '\u00ffA', binary: true })
  t.ok((await registry.get('/deep')).data)
  t.ok((await registry.get('/hostile')).data)
})
