// A process that asks for ever new paths: what nobody needs any more is let go, here and on the server.
import { OpCode } from '../../../protocol/opcodes.ts'
import type { ServiceRegistry } from '../../../src/registry/service-registry.ts'
import { eventually } from '../../support/eventually.ts'
import { serverForAnySession } from '../../support/zookeeper.ts'
import type { Test } from '../../tap.ts'
import { t } from '../../tap.ts'
import { errorOf } from '../protocol/support.ts'
import { branch, numbered, proxiedRegistry, recorder, registryAt, settled } from './support.ts'

const server = await serverForAnySession(t)
const at = server.connectString

// One after the other: they count the watches of the server.
const test = (name: string, body: (t: Test) => Promise<void>): void => {
  t.test(name, { timeout: 120_000 }, body)
}

/** Of data and existence; the server does not count those of names. */
const watches = async (): Promise<number> =>
  Number(/^Total watches:(\d+)/m.exec(await server.command('wchs'))?.[1] ?? Number.NaN)

/** Waits until the server has forgotten those of the tests before: it does so behind the end of their sessions. */
const unwatched = (): Promise<true> => eventually('no watch is left', async () => (await watches()) === 0)
const followed = (registry: ServiceRegistry, paths: readonly string[]): string[] =>
  paths.filter(path => registry.peek(path) !== null)

test('growth: of paths without callbacks the newest are followed on, and the watches of the others go', async t => {
  const { servers, witness } = await branch(t, at)
  const registry = await registryAt(t, servers, { maxIdlePaths: 10 })
  const { callback, seen } = recorder()
  for (const path of numbered(5)) await witness.create(path, '{"n":1}')
  const subscription = await registry.addCallback('/p0', callback)
  for (const path of numbered(100)) await registry.get(path)
  const left = followed(registry, numbered(100))
  t.ok(left.length <= 12, `${left.length} are left`)
  t.ok(left.includes('/p0'), 'a callback keeps its path')
  t.same(left.slice(1), numbered(left.length - 1, 100 - (left.length - 1)))
  await eventually('the watches are gone', async () => (await watches()) <= left.length)
  await witness.set('/p0', '{"n":2}')
  await eventually('told', () => seen.length === 2)
  t.match(await registry.get('/p1'), { source: 'live', data: { n: 1 } })
  await witness.set('/p1', '{"n":3}')
  await eventually('followed again', () => registry.peek('/p1')?.data?.n === 3)
  subscription.close()
  for (const path of numbered(50, 200)) await registry.get(path)
  t.equal(registry.peek('/p0'), null)
})

test('growth: what is asked for from memory counts as asked for', async t => {
  const { servers } = await branch(t, at)
  const registry = await registryAt(t, servers, { maxIdlePaths: 5 })
  await registry.get('/kept')
  for (const path of numbered(100)) {
    await registry.get(path)
    t.ok(registry.peek('/kept'))
  }
})

test('growth: streams keep their path until they end', async t => {
  const { servers, witness } = await branch(t, at)
  const registry = await registryAt(t, servers, { maxIdlePaths: 1 })
  const stream = registry.watch('/streamed')
  t.match((await stream.next()).value, { stat: null })
  for (const path of numbered(20)) await registry.get(path)
  await witness.create('/streamed', '{"n":1}')
  t.match((await stream.next()).value, { data: { n: 1 } })
  await stream.return()
  for (const path of numbered(20, 20)) await registry.get(path)
  t.equal(registry.peek('/streamed'), null)
})

test('growth: children that were followed are let go with their path', async t => {
  const { registry, requests, witness } = await proxiedRegistry(t, at, { maxIdlePaths: 1 })
  for (let i = 0; i < 20; i++) await witness.create(`/pool/${i}`, '{}', { parents: true })
  await unwatched()
  await registry.get('/pool', { childData: true })
  t.equal(await watches(), 21)
  for (const path of numbered(3)) await registry.get(path)
  t.equal(registry.peek('/pool', { childData: true }), null)
  await eventually('no watch is left of it', async () => (await watches()) <= 2)
  await settled(registry)
  const taken = requests.filter(({ opcode }) => opcode === OpCode.removeWatches).length
  t.equal(taken, 20 + 2 + 1, 'of the children, of data and names of the path, and of the one that came next')
})

test('growth: calls under way are safe, also where nothing may be followed without a callback', async t => {
  const { servers, witness } = await branch(t, at)
  const registry = await registryAt(t, servers, { maxIdlePaths: 0 })
  const recorders = numbered(200).map(path => ({ path, ...recorder() }))
  const snapshots = await Promise.all(recorders.map(({ path, callback }) => registry.get(path, callback)))
  t.ok(snapshots.every(({ source }) => source === 'live'))
  await Promise.all(recorders.map(({ path }) => witness.create(path)))
  await eventually('each is told', () => recorders.every(({ last }) => last()?.stat !== null))
  const many = await Promise.all(numbered(200, 200).map(path => registry.get(path)))
  t.ok(many.every(({ source }) => source === 'live'))
})

test('growth: a path that was let go without a connection leaves no watch behind when there is one', async t => {
  const { registry, proxy, witness } = await proxiedRegistry(t, at, {
    maxIdlePaths: 1,
    sessionTimeout: 20_000,
  })
  await witness.create('/there')
  await unwatched()
  await registry.get('/there')
  t.equal(await watches(), 1)
  proxy.set({ kind: 'refuse' })
  proxy.cut()
  await eventually('down', () => !registry.getState())
  const [, , ...late] = numbered(5).map(path => registry.get(path, { timeout: 1 }).catch(() => {}))
  await Promise.all(late)
  await Promise.all(numbered(3, 5).map(path => registry.get(path, { timeout: 1 }).catch(() => {})))
  const blank = followed(registry, numbered(8)).length
  t.ok(blank < 8, 'some were let go of which nothing is known')
  proxy.set({ kind: 'pass' })
  await eventually('up', () => registry.getState())
  await settled(registry)
  const left = followed(registry, [...numbered(8), '/there']).length
  await eventually('only of those that are left', async () => (await watches()) <= left)
})

test('growth: without a connection nothing that is known is let go', async t => {
  const { registry, proxy, witness } = await proxiedRegistry(t, at, { maxIdlePaths: 1 })
  await witness.create('/known', '{"n":1}')
  await registry.get('/known')
  proxy.set({ kind: 'refuse' })
  proxy.cut()
  await eventually('down', () => !registry.getState())
  for (const path of numbered(5)) await registry.get(path)
  t.match(await registry.get('/known'), { source: 'memory', stale: true, data: { n: 1 } })
  proxy.set({ kind: 'pass' })
  await eventually('live again', async () => (await registry.get('/known')).source === 'live')
  for (const path of numbered(5, 5)) await registry.get(path)
  t.equal(registry.peek('/known'), null)
})

test('maxIdlePaths: an option like the others', async t => {
  for (const bad of [-1, 1.5, Number.NaN, '5']) {
    t.match(await errorOf(registryAt(t, at, { maxIdlePaths: bad as never })), {
      code: 'INVALID_OPTION',
      message: /maxIdlePaths/,
    })
  }
  const { servers } = await branch(t, at)
  const registry = await registryAt(t, servers, { maxIdlePaths: Number.POSITIVE_INFINITY })
  for (const path of numbered(50)) await registry.get(path)
  t.equal(followed(registry, numbered(50)).length, 50)
})
