// Rebuild, against a real server: what is told and registered again, and what is not forgotten.
import { NoConnectionError } from '../../../src/registry/errors.ts'
import { concurrently } from '../../support/concurrently.ts'
import { eventually } from '../../support/eventually.ts'
import { serverForAnySession } from '../../support/zookeeper.ts'
import { t } from '../../tap.ts'
import { errorOf } from '../protocol/support.ts'
import { branch, dataOf, ownedBy, ownerOf, proxiedRegistry, recorder, registryAt } from './support.ts'

const { connectString: at } = await serverForAnySession(t)

const test = concurrently({ jobs: 6, timeout: 120_000 })

test('N10: rebuild tells every callback, registers every node again, and loses every lock', async t => {
  const { servers, witness } = await branch(t, at)
  const registry = await registryAt(t, servers)
  await witness.create('/a', '{"n":1}')
  await registry.setNode('/s/n', { n: 1 })
  await registry.setNode('/s/m', { n: 1 })
  await registry.setNode('/s/m', { n: 2 }, { state: false })
  await registry.setData('/d', { n: 1 })
  const [first, second] = [recorder(), recorder()]
  await registry.get('/a', first.callback)
  await registry.get('/a', second.callback)
  const lock = registry.getLock('/lock')
  await lock.acquire()
  const { signal } = lock
  const states: boolean[] = []
  registry.getState(up => states.push(up))
  const former = registry.client.sessionId
  await registry.client.create('/of-the-former', null, { mode: 'ephemeral' })
  await registry.rebuild()
  t.equal(await witness.exists('/of-the-former'), null, 'the former session is closed')
  t.not(registry.client.sessionId, former)
  t.equal(await ownerOf(witness, '/s/n'), registry.client.sessionId, 'it stands when rebuild resolves')
  t.same((await witness.getChildren('/s')).children, ['n'])
  t.match(await dataOf(witness, '/d'), { n: 1 })
  t.equal(lock.status(), false)
  t.equal(signal?.aborted, true)
  t.same((await witness.getChildren('/lock')).children, [])
  t.same(states, [true, false, true])
  for (const { seen } of [first, second]) {
    await eventually('the callback', () => seen.length === 2)
    t.same(seen[1]?.data, { n: 1 })
  }
  await witness.set('/a', '{"n":2}')
  await eventually('a later change', () => first.last()?.data?.n === 2)
  t.equal(first.seen.length, 3, 'and no more than once for each')
  t.equal(await lock.acquire({ wait: 10_000 }), true)
  await registry.setNode('/s/m')
  t.match(await dataOf(witness, '/s/m'), { n: 2 }, 'with the data that it had')
})

test('N10: a rebuild shows readers no moment without the node', async t => {
  const { servers, witness } = await branch(t, at)
  const registry = await registryAt(t, servers)
  await registry.setNode('/s/n', { n: 1 })
  const counts: number[] = []
  const reader = await registryAt(t, servers)
  await reader.get('/s', ({ children }) => void counts.push(children.length))
  await registry.rebuild()
  await reader.client.sync('/s')
  t.equal(await ownerOf(witness, '/s/n'), registry.client.sessionId)
  t.ok(
    counts.every(count => count === 1),
    counts.join(),
  )
})

for (const lazy of [false, true]) {
  test(`N11: rebuild without a connection forgets nothing (lazy: ${lazy})`, async t => {
    const { registry, proxy, witness } = await proxiedRegistry(t, at, { lazy })
    await registry.setNode('/n', { n: 1 })
    await witness.create('/a', '{"n":1}')
    const { callback, seen, last } = recorder()
    await registry.get('/a', callback)
    proxy.set({ kind: 'refuse' })
    proxy.cut()
    const rebuilt = registry.rebuild({ timeout: 200 })
    if (lazy) await rebuilt
    else t.ok((await errorOf(rebuilt)) instanceof NoConnectionError)
    await witness.set('/a', '{"n":2}')
    proxy.set({ kind: 'pass' })
    await ownedBy(witness, '/n', registry)
    await eventually('the change', () => last()?.data?.n === 2)
    t.equal(seen.length, 2)
  })
}

test('N11: rebuild of a read-only registry keeps its callbacks', async t => {
  const { servers, witness } = await branch(t, at)
  const registry = await registryAt(t, servers, { readOnly: true })
  await witness.create('/a', '{"n":1}')
  const { callback, seen } = recorder()
  await registry.get('/a', callback)
  await registry.rebuild()
  await eventually('the callback', () => seen.length === 2)
  t.match(await errorOf(registry.setNode('/n')), { code: 'READ_ONLY' })
})

test('N11: a rebuild under way is stopped, repeated and aborted without harm', async t => {
  const { registry, proxy, witness } = await proxiedRegistry(t, at)
  await registry.setNode('/n', { n: 1 })
  await Promise.all([registry.rebuild(), registry.rebuild(), registry.rebuild()])
  await ownedBy(witness, '/n', registry)
  proxy.set({ kind: 'blackHole', direction: 'both' })
  const controller = new AbortController()
  const aborted = errorOf(registry.rebuild({ signal: controller.signal }))
  controller.abort(new Error('no patience'))
  t.match(await aborted, { message: 'no patience' })
  proxy.set({ kind: 'pass' })
  proxy.cut()
  await ownedBy(witness, '/n', registry)
})
