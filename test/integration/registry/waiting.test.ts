// Calls that wait: for a first child, for an answer, for a caller who loses patience, and for a stop.
import { OpCode } from '../../../protocol/opcodes.ts'
import { NoConnectionError } from '../../../src/registry/errors.ts'
import { ServiceRegistry } from '../../../src/registry/service-registry.ts'
import type { Snapshot } from '../../../src/registry/snapshot.ts'
import type { FaultProxy } from '../../../src/testing/index.ts'
import { concurrently } from '../../support/concurrently.ts'
import { eventually } from '../../support/eventually.ts'
import { serverForAnySession } from '../../support/zookeeper.ts'
import { t } from '../../tap.ts'
import { errorOf, proxyTo } from '../protocol/support.ts'
import { branch, proxiedRegistry, recorder, registryAt } from './support.ts'

const { connectString: at } = await serverForAnySession(t)

const test = concurrently({ jobs: 6, timeout: 120_000 })

/** Longer than a test may take. */
const LONG = 600_000

test('N89: get waits for a child without asking again, and then adds the callback', async t => {
  const { registry, witness, requests } = await proxiedRegistry(t, at)
  await witness.create('/s')
  const { callback, seen, last } = recorder()
  const getting = registry.get('/s', { callback, wait: LONG })
  await eventually('the first read', () => registry.peek('/s')?.stat)
  const before = requests.length
  t.equal(seen.length, 0, 'nothing is told before there is something to use')
  await witness.create('/s/a')
  const { children } = await getting
  t.same(children, ['a'])
  t.same(
    seen.map(snapshot => snapshot.children),
    [['a']],
  )
  t.equal(requests.length - before, 1, 'one listing')
  await witness.create('/s/b')
  await eventually('a later change', () => last()?.children.length === 2)
})

test('N89: with a child there already, nothing is waited for; without wait neither', async t => {
  const { servers, witness } = await branch(t, at)
  const registry = await registryAt(t, servers)
  await witness.create('/s/a', null, { parents: true })
  await witness.create('/empty')
  t.same((await registry.get('/s', { wait: LONG })).children, ['a'])
  for (const wait of [undefined, 0]) {
    const { callback, seen } = recorder()
    t.same((await registry.get('/empty', { callback, wait })).children, [])
    t.equal(seen.length, 1)
  }
})

test('N89: when the time is over, the path is answered as it is, and the callback added', async t => {
  const { servers, witness } = await branch(t, at)
  const registry = await registryAt(t, servers)
  const { callback, seen, last } = recorder()
  const snapshot: Snapshot = await registry.get('/none', { callback, wait: 50 })
  t.match(snapshot, { children: { length: 0 }, stat: null, stale: false })
  t.equal(seen.length, 1)
  await witness.create('/none/a', null, { parents: true })
  await eventually('the child', () => last()?.children.length === 1)
})

test('N90: without a connection or a memory, get with wait is no error, and goes on by itself', async t => {
  const { chroot, witness } = await branch(t, at)
  const proxy = await proxyTo(t, at)
  proxy.set({ kind: 'refuse' })
  const lazy = { lazy: true, connectTimeout: 50 }
  const registry = await registryAt(t, `${proxy.connectString}${chroot}`, lazy)
  const { callback, seen, last } = recorder()
  t.match(await registry.get('/s', { callback, wait: 50 }), {
    children: { length: 0 },
    data: null,
    stale: true,
  })
  t.equal(seen.length, 1)
  const waiting = registry.get('/s', { wait: LONG })
  await witness.create('/s/a', null, { parents: true })
  proxy.set({ kind: 'pass' })
  t.match(await waiting, { children: ['a'] })
  await eventually('the callback', () => last()?.children.length === 1)
})

test('N89: the data of the children and schemas can be waited for too', async t => {
  const { servers, witness } = await branch(t, at)
  const registry = await registryAt(t, servers)
  const getting = registry.get('/s', { childData: true, wait: LONG })
  await witness.create('/s/a', '{"n":1}', { parents: true })
  const { childData } = await getting
  t.equal(childData.a?.data?.n, 1)
})

/** Lets requests through, and no reply to reads, until the function returned is called. */
function silence(proxy: FaultProxy): () => void {
  const reads: readonly number[] = [OpCode.getData, OpCode.getChildren2, OpCode.exists]
  return proxy.filter(frame =>
    frame.kind === 'reply' && frame.opcode !== null && reads.includes(frame.opcode) ? 'drop' : 'pass',
  )
}

test('N6: a read ends with its own deadline or signal, and adds no callback then', async t => {
  const { registry, proxy } = await proxiedRegistry(t, at)
  const answer = silence(proxy)
  const { callback, seen } = recorder()
  const late = await errorOf(registry.get('/a', callback, { timeout: 50 }))
  t.ok(late instanceof NoConnectionError)
  t.match(await errorOf(registry.addCallback('/a', callback, { timeout: 50 })), { code: 'NO_CONNECTION' })
  const controller = new AbortController()
  const { signal } = controller
  const calls = [
    registry.get('/a', { callback, signal }),
    registry.get('/b', { callback, signal, wait: LONG }),
    registry.addCallback('/c', callback, { signal }),
  ].map(errorOf)
  controller.abort(new Error('no patience'))
  for (const call of calls) t.match(await call, { message: 'no patience' })
  t.match(await errorOf(registry.get('/d', { signal })), { message: 'no patience' })
  answer()
  proxy.cut()
  await eventually('the truth', async () => (await registry.get('/a')).source === 'live')
  t.equal(seen.length, 0)
})

test('N6: connect, unset and the setters end with the deadline or the signal of the call', async t => {
  const { registry, proxy, servers } = await proxiedRegistry(t, at)
  await registry.setData('/d', { n: 1 })
  await registry.setNode('/n', { n: 1 })
  silence(proxy)
  t.match(await errorOf(registry.unset('/d', { timeout: 50 })), { code: 'NO_CONNECTION' })
  const controller = new AbortController()
  const { signal } = controller
  const aborted = [registry.unset('/n', { signal }), registry.unset('/d', { signal })].map(errorOf)
  controller.abort(new Error('no patience'))
  for (const call of aborted) t.match(await call, { message: 'no patience' })
  const calls = [
    registry.unset('/n', { signal }),
    registry.setUsername('al', { signal }),
    registry.setPassword('one', { signal }),
    registry.start({ signal }),
    registry.rebuild({ signal }),
  ].map(errorOf)
  for (const call of calls) t.match(await call, { message: 'no patience' })

  const stalled = await proxyTo(t, at)
  stalled.set({ kind: 'stall', direction: 'both' })
  const options = { servers: servers.replace(/^[^/]*/, stalled.connectString), timeout: LONG }
  t.match(await errorOf(ServiceRegistry.connect(options, { timeout: 50 })), { code: 'NO_CONNECTION' })
  for (const lazy of [false, true]) {
    const failing = errorOf(
      ServiceRegistry.connect({ ...options, lazy }, { signal: AbortSignal.timeout(50) }),
    )
    t.match(await failing, { name: 'TimeoutError' })
  }
  await eventually('nothing is left', () => stalled.connections === 0)
})

test('N6: options of a call that cannot work are typed errors', async t => {
  const { servers } = await branch(t, at)
  const registry = await registryAt(t, servers)
  const bad = <T>(value: unknown): T => value as T
  for (const options of [{ timeout: -1 }, { timeout: 'x' }, { signal: 5 }]) {
    for (const call of [
      ServiceRegistry.connect({ servers }, bad(options)),
      registry.get('/a', bad<object>(options)),
      registry.addCallback('/a', () => {}, bad(options)),
      registry.unset('/a', bad(options)),
      registry.setUsername('al', bad(options)),
      registry.setPassword('one', bad(options)),
      registry.start(bad(options)),
      registry.rebuild(bad(options)),
    ]) {
      t.match(await errorOf(call), { code: 'INVALID_OPTION' }, JSON.stringify(options))
    }
  }
  for (const wait of [-1, 'x', Number.NaN]) {
    t.match(await errorOf(registry.get('/a', bad<object>({ wait }))), { code: 'INVALID_OPTION' })
  }
  t.match(await errorOf(registry.get('/a', bad<object>({ callback: 5 }))), { code: 'INVALID_OPTION' })
  t.throws(() => registry.getState(() => {}, bad({ every: 1 })), { code: 'INVALID_OPTION' })
})

test('N8: stop ends the calls that wait', async t => {
  const { servers } = await branch(t, at)
  const registry = await registryAt(t, servers)
  const waiting = errorOf(registry.get('/s', { wait: LONG }))
  await registry.get('/s')
  await registry.stop()
  t.match(await waiting, { code: 'STOPPED' })
})
