// Ephemeral registrations under fault, against a real server: expiry, partitions, lost replies, cut links.
import { OpCode } from '../../../protocol/opcodes.ts'
import { concurrently } from '../../support/concurrently.ts'
import { eventually } from '../../support/eventually.ts'
import { client, serverForAnySession, servers } from '../../support/zookeeper.ts'
import { t } from '../../tap.ts'
import { errorOf, historyOf, passed, renewed } from '../protocol/support.ts'
import {
  dataOf,
  loseReply,
  obstructed,
  ownedBy,
  ownerOf,
  proxiedRegistry,
  settled,
  takeDown,
} from './support.ts'

const server = await serverForAnySession(t)
const at = server.connectString

const test = concurrently({ jobs: 8, timeout: 120_000 })

test('N58, H5: registrations come back in the next session, with the newest data', async t => {
  const { registry, witness } = await proxiedRegistry(t, at)
  await registry.setNode('/pool/a', { n: 1 })
  await registry.setNode('/pool/a', { n: 2 })
  await registry.setNode('/pool/b', 'text')
  await registry.setNode('/pool/off', null, { state: false })
  await registry.setNode('/pool/gone')
  await registry.unset('/pool/gone')
  const before = registry.client.sessionId
  for (let round = 1; round <= 3; round++) {
    await renewed(registry.client, at)
    await ownedBy(witness, '/pool/a', registry)
    await ownedBy(witness, '/pool/b', registry)
  }
  t.not(registry.client.sessionId, before)
  t.match(await dataOf(witness, '/pool/a'), { n: 2 })
  t.match(await dataOf(witness, '/pool/b'), { string_value: 'text' })
  await settled(registry)
  t.same([...(await witness.getChildren('/pool')).children].sort(), ['a', 'b'])
})

test('H5: two hundred registrations through an expiry', async t => {
  const { registry, witness, proxy } = await proxiedRegistry(t, at)
  const paths = Array.from({ length: 200 }, (_, i) => `/pool/host:${i}`)
  await Promise.all(paths.map(path => registry.setNode(path, { path })))
  await renewed(registry.client, at)
  for (const path of paths) await ownedBy(witness, path, registry)
  t.equal((await witness.getChildren('/pool')).children.length, 200)
  t.match(await dataOf(witness, '/pool/host:199'), { path: '/pool/host:199' })
  await eventually('one connection', () => proxy.connections === 1)
})

test('what is set while the session ends is there in the next one', async t => {
  const { registry, witness } = await proxiedRegistry(t, at)
  const wishes: Promise<unknown>[] = []
  let n = 0
  registry.client.on('state', () => {
    if (registry.getState()) wishes.push(registry.setNode('/a', { n: ++n }))
  })
  await registry.setNode('/a', { n: 0 })
  for (let round = 1; round <= 3; round++) await renewed(registry.client, at)
  await Promise.all(wishes)
  await ownedBy(witness, '/a', registry)
  await eventually('the newest', async () => (await dataOf(witness, '/a'))?.n === n)
  t.ok(n >= 3)
})

test('N60: a partitioned registry replaces the node of its former session without a gap', async t => {
  // The registry gives up after 4/3 of it, the server after 5/3: a machine that stands still for less changes nothing.
  const { registry, witness, proxy } = await proxiedRegistry(t, at, { sessionTimeout: 9000 })
  await registry.setNode('/a', { n: 1 })
  const former = registry.client.sessionId
  const history = historyOf(registry.client)
  // The server hears everything and keeps the session; the registry hears nothing and gives it up.
  proxy.set({ kind: 'blackHole', direction: 'toClient' })
  const absences: number[] = []
  let watching = true
  const watch = (async () => {
    while (watching) if ((await witness.exists('/a')) === null) absences.push(performance.now())
  })()
  await passed(history, 'expired')
  t.equal(await ownerOf(witness, '/a'), former, 'the server still has the former session')
  proxy.set({ kind: 'pass' })
  await ownedBy(witness, '/a', registry)
  const replaced = (await witness.get('/a')).stat
  watching = false
  await watch
  t.same(absences, [], 'no reader saw it absent')
  t.not(replaced.ephemeralOwner, former)
  t.match(await dataOf(witness, '/a'), { n: 1 })
  const heir = await client(t, at)
  await eventually('the former session ends', async () => {
    return !(await server.command('dump')).includes(former.toString(16))
  })
  t.ok(await heir.exists('/'))
  t.equal((await witness.exists('/a'))?.czxid, replaced.czxid, 'and takes nothing along')
})

test('a lost reply of a creation leaves one node, ours, with the newest data', async t => {
  for (const opcode of [OpCode.create, OpCode.create2]) {
    const { registry, witness, proxy } = await proxiedRegistry(t, at)
    await witness.create('/pool')
    const lost = loseReply(proxy, opcode)
    await registry.setNode('/pool/a', { n: 1 })
    if (lost() === 0) continue
    t.equal(await ownerOf(witness, '/pool/a'), registry.client.sessionId)
    t.equal((await witness.getChildren('/pool')).children.length, 1)
    await registry.setNode('/pool/a', { n: 2 })
    t.match(await dataOf(witness, '/pool/a'), { n: 2 })
    return
  }
  t.fail('no creation was seen')
})

test('a lost reply of a write, of a deletion and of a replacement', async t => {
  const { registry, witness, proxy } = await proxiedRegistry(t, at)
  await registry.setNode('/a', { n: 1 })
  const setLost = loseReply(proxy, OpCode.setData)
  await registry.setNode('/a', { n: 2 })
  t.equal(setLost(), 1)
  t.match(await dataOf(witness, '/a'), { n: 2 })
  const deleteLost = loseReply(proxy, OpCode.delete)
  t.equal(await registry.unset('/a'), true)
  t.equal(deleteLost(), 1)
  t.equal(await witness.exists('/a'), null)
})

test('a suspended link deregisters nothing', async t => {
  // Of a session that lasts, also while the machine has no time for this test.
  const { registry, witness, proxy } = await proxiedRegistry(t, await servers(), { sessionTimeout: 40_000 })
  await registry.setNode('/a', { n: 1 })
  const { czxid } = (await witness.exists('/a'))!
  const { sessionId } = registry.client
  const history = historyOf(registry.client)
  let events = 0
  await witness.exists('/a', { watch: () => events++ })
  for (let round = 1; round <= 5; round++) {
    const before = history.length
    proxy.set({ kind: 'refuse' })
    proxy.cut()
    await eventually('suspended', () => history.slice(before).some(({ state }) => state === 'suspended'))
    proxy.set({ kind: 'pass' })
    await eventually('back', () => registry.getState())
  }
  await settled(registry)
  await witness.sync('/a')
  t.equal(registry.client.sessionId, sessionId)
  t.equal((await witness.exists('/a'))?.czxid, czxid)
  t.equal(events, 0, 'nobody saw anything')
})

test('N57: a foreign write while the link is down is corrected after it', async t => {
  const { registry, witness, proxy } = await proxiedRegistry(t, at)
  await registry.setNode('/a', { n: 1 })
  await registry.setNode('/b', { n: 1 })
  await takeDown(registry, proxy)
  await witness.set('/a', 'x')
  await witness.delete('/b')
  proxy.set({ kind: 'pass' })
  await eventually('corrected', async () => (await dataOf(witness, '/a'))?.n === 1)
  await ownedBy(witness, '/b', registry)
})

test('a stranger who takes the path between two sessions is not disturbed, and then followed', async t => {
  const { registry, witness, servers, proxy } = await proxiedRegistry(t, at)
  await registry.setNode('/a', { n: 1 })
  const stranger = await client(t, servers)
  const session = registry.client.session!
  proxy.set({ kind: 'refuse' })
  proxy.cut()
  const thief = await client(t, at, { session })
  await thief.close()
  await stranger.create('/a', 'theirs', { mode: 'ephemeral' })
  proxy.set({ kind: 'pass' })
  await eventually('the next session', () => registry.client.generation === 2 && registry.getState())
  await settled(registry)
  t.equal(await ownerOf(witness, '/a'), stranger.sessionId)
  const error = await obstructed(registry, '/a', { n: 2 })
  t.match(error, { code: 'OWNED_BY_OTHER' })
  await stranger.close()
  await ownedBy(witness, '/a', registry)
  t.match(await dataOf(witness, '/a'), { n: 2 })
})

test('setNode into a black hole: a typed error in time, and the node stands when the link is back', async t => {
  const { registry, witness, proxy } = await proxiedRegistry(t, at, { sessionTimeout: 4000 })
  proxy.set({ kind: 'blackHole', direction: 'both' })
  const error = await errorOf(registry.setNode('/a', { n: 1 }, { timeout: 300 }))
  t.match(error, { name: 'NoConnectionError', code: 'NO_CONNECTION' })
  proxy.set({ kind: 'pass' })
  await ownedBy(witness, '/a', registry)
  t.match(await dataOf(witness, '/a'), { n: 1 })
})

test('stop while calls are under way settles them', async t => {
  const { registry, proxy } = await proxiedRegistry(t, at, { sessionTimeout: 4000 })
  await registry.setNode('/there', { n: 1 })
  proxy.set({ kind: 'blackHole', direction: 'both' })
  const calls = {
    setNode: registry.setNode('/a', { n: 1 }),
    again: registry.setNode('/there', { n: 2 }),
    setData: registry.setData('/b', { n: 1 }),
    unset: registry.unset('/there'),
    get: registry.get('/c'),
    withLock: registry.withLock('/lock2', {}, () => {}),
  }
  const acquiring = registry.acquireLock('/lock').catch(error => error.code)
  const outcomes = Object.entries(calls).map(async ([name, call]) => [name, await errorOf(call)] as const)
  await new Promise(resolve => setImmediate(resolve))
  const stopping = registry.stop()
  for (const [name, error] of await Promise.all(outcomes)) {
    const { code } = error as { code: string }
    t.ok(['STOPPED', 'CLOSED', 'CONNECTION_LOSS'].includes(code), `${name}: ${code}`)
  }
  t.ok([false, 'CLOSED'].includes(await acquiring))
  await stopping
})
