// The life of a registry, against a real server: stopped and started, in any order, and disposed of.
import { NoConnectionError, ServiceRegistryError } from '../../../src/registry/errors.ts'
import { concurrently } from '../../support/concurrently.ts'
import { eventually } from '../../support/eventually.ts'
import { serverForAnySession } from '../../support/zookeeper.ts'
import { t } from '../../tap.ts'
import { errorOf } from '../protocol/support.ts'
import {
  branch,
  dataOf,
  ownedBy,
  ownerOf,
  proxiedRegistry,
  recorder,
  registryAt,
  takeDown,
} from './support.ts'

const { connectString: at } = await serverForAnySession(t)

const test = concurrently({ jobs: 6, timeout: 120_000 })

test('N8: after stop, start brings back every callback and every node, in a new session', async t => {
  const { servers, witness } = await branch(t, at)
  const registry = await registryAt(t, servers)
  const { client } = registry
  await witness.create('/a', '{"n":1}')
  await registry.setNode('/n', { n: 1 })
  await registry.setNode('/gone', { n: 1 })
  await registry.setNode('/gone', undefined, { state: false })
  const { callback, seen, last } = recorder()
  await registry.get('/a', callback)
  const lock = registry.getLock('/lock')
  await lock.acquire()
  const former = client.sessionId
  await registry.stop()
  t.equal(registry.getState(), false)
  t.equal(lock.status(), false)
  t.equal(await witness.exists('/n'), null)
  t.match(await errorOf(registry.setNode('/n', { n: 2 })), { code: 'STOPPED' })
  await witness.set('/a', '{"n":2}')
  await registry.start()
  t.equal(registry.getState(), true)
  t.equal(registry.client, client, 'the client is the same object')
  t.not(client.sessionId, former)
  await ownedBy(witness, '/n', registry)
  t.match(await dataOf(witness, '/n'), { n: 1 })
  t.equal(await witness.exists('/gone'), null, 'what was taken away stays away')
  await eventually('the change that was missed', () => last()?.data?.n === 2)
  t.equal(seen.length, 2)
  await witness.set('/a', '{"n":3}')
  await eventually('a later change', () => last()?.data?.n === 3)
  t.equal(registry.getLock('/lock'), lock)
  t.equal(await lock.acquire({ wait: 10_000 }), true)
  await registry.start()
  t.equal(await ownerOf(witness, '/n'), client.sessionId, 'starting what runs changes nothing')
})

test('N8: a callback whose path did not change meanwhile is not called by start', async t => {
  const { servers, witness } = await branch(t, at)
  const registry = await registryAt(t, servers)
  await witness.create('/a', '{"n":1}')
  const { callback, seen, last } = recorder()
  await registry.get('/a', callback)
  await registry.stop()
  await registry.start()
  t.match(await registry.get('/a'), { data: { n: 1 } })
  await witness.set('/a', '{"n":2}')
  await eventually('the change', () => last()?.data?.n === 2)
  t.same(
    seen.map(({ data }) => data?.n),
    [1, 2],
  )
})

test('N8: start without a server rejects, stays stopped, and can be tried again', async t => {
  const { registry, proxy, witness } = await proxiedRegistry(t, at)
  await registry.setNode('/n', { n: 1 })
  await registry.stop()
  proxy.set({ kind: 'refuse' })
  const error = await errorOf(registry.start({ timeout: 200 }))
  t.ok(error instanceof NoConnectionError)
  t.match(await errorOf(registry.get('/n')), { code: 'STOPPED' })
  const controller = new AbortController()
  const aborted = errorOf(registry.start({ signal: controller.signal }))
  controller.abort(new Error('no patience'))
  t.match(await aborted, { message: 'no patience' })
  proxy.set({ kind: 'pass' })
  await registry.start()
  await ownedBy(witness, '/n', registry)
})

test('N8: what began to wait during a start that fails is ended by it', async t => {
  const { registry, proxy } = await proxiedRegistry(t, at)
  await registry.stop()
  proxy.set({ kind: 'refuse' })
  // Longer than what is asked for meanwhile may take.
  const starting = errorOf(registry.start({ timeout: 10_000 }))
  await eventually('under way', () => registry.client.state === 'connecting')
  const stream = registry.watch('/n')
  t.match(await stream.next(), { value: { stale: true } })
  const next = stream.next()
  const waiting = errorOf(registry.get('/n', { wait: Number.POSITIVE_INFINITY }))
  t.match(await starting, { name: 'NoConnectionError' })
  t.match(await next, { done: true })
  t.match(await waiting, { code: 'STOPPED' })
})

test('N8: start and stop in any order end in the state that was asked for last', async t => {
  const { registry, witness } = await proxiedRegistry(t, at)
  const warnings: unknown[] = []
  registry.on('warning', error => warnings.push(error))
  await registry.setNode('/n', { n: 1 })
  await registry.get('/', { childData: true })
  const calls = [registry.stop(), registry.start(), registry.stop(), registry.stop(), registry.start()]
  await Promise.allSettled(calls)
  await registry.start()
  await ownedBy(witness, '/n', registry)
  const starting = errorOf(registry.rebuild())
  await registry.stop()
  t.match(await starting, { code: 'STOPPED' })
  t.equal(registry.getState(), false)
  t.same(warnings, [], 'what a stop cuts off is nothing that went wrong')
})

test('N8: disposal is for good', async t => {
  const { servers, witness } = await branch(t, at)
  const registry = await registryAt(t, servers)
  {
    await using ending = registry
    await ending.setNode('/n')
  }
  t.equal(await witness.exists('/n'), null)
  t.match(await errorOf(registry.start()), { code: 'STOPPED' })
  t.match(await errorOf(registry.rebuild()), { code: 'STOPPED' })
  t.match(await errorOf(registry.get('/n')), { code: 'STOPPED' })
})

test('N9: what is checked, in order: stopped, connected, writable', async t => {
  const { registry, proxy } = await proxiedRegistry(t, at, { readOnly: true })
  t.match(await errorOf(registry.setNode('/n')), { code: 'READ_ONLY' })
  await takeDown(registry, proxy)
  t.match(await errorOf(registry.setNode('/n')), { code: 'NO_CONNECTION' })
  t.equal((await registry.get('/a')).stale, true, 'reading needs no connection')
  await registry.stop()
  t.match(await errorOf(registry.setNode('/n')), { code: 'STOPPED' })
})

test('N12: the errors have the names and the text of the Python package', async t => {
  const error = new NoConnectionError('down')
  t.ok(error instanceof ServiceRegistryError)
  t.equal(error.value, 'down')
})

test('N8: stop ends with its signal or its time, and goes on all the same', async t => {
  const { registry, proxy } = await proxiedRegistry(t, at)
  t.match(await errorOf(registry.stop({ signal: AbortSignal.abort(new Error('before')) })), {
    message: 'before',
  })
  t.match(await errorOf(registry.stop({ timeout: -1 })), { code: 'INVALID_OPTION' })
  t.equal(registry.getState(), true, 'nothing was done')
  // Closing waits a while for an answer that does not come.
  proxy.filter(frame => (frame.kind === 'reply' ? 'drop' : 'pass'))
  const controller = new AbortController()
  const ended = errorOf(registry.stop({ signal: controller.signal }))
  const late = errorOf(registry.stop({ timeout: 1 }))
  controller.abort(new Error('enough'))
  t.match(await ended, { message: 'enough' })
  t.match(await late, { code: 'NO_CONNECTION' })
  await registry.stop()
  t.equal(registry.client.state, 'closed')
})

test('N67: getState takes a callback back with its signal, and answers all the same', async t => {
  const { servers } = await branch(t, at)
  const registry = await registryAt(t, servers)
  const states: boolean[] = []
  const controller = new AbortController()
  const options = { signal: controller.signal }
  t.equal(
    registry.getState(up => states.push(up), options),
    true,
  )
  controller.abort()
  t.equal(
    registry.getState(up => states.push(up), options),
    true,
    'one that has aborted is no error',
  )
  t.throws(() => registry.getState(() => {}, { signal: 5 as never }), { code: 'INVALID_OPTION' })
  t.throws(() => registry.getState(() => {}, { every: 1 as never }), { code: 'INVALID_OPTION' })
  t.throws(() => registry.getState(() => {}, null as never), { code: 'INVALID_OPTION' })
  await registry.stop()
  t.same(states, [true])
})
