// A process that asks for ever new paths and locks: what nobody needs any more is let go, here and on the server.
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { OpCode } from '../../../protocol/opcodes.ts'
import type { Link } from '../../../src/registry/link.ts'
import { LockBook } from '../../../src/registry/lock-book.ts'
import type { ServiceRegistry } from '../../../src/registry/service-registry.ts'
import { onNode } from '../../support/child.ts'
import { eventually } from '../../support/eventually.ts'
import { client, serverForAnySession } from '../../support/zookeeper.ts'
import type { Test } from '../../tap.ts'
import { t } from '../../tap.ts'
import { errorOf, renewed } from '../protocol/support.ts'
import { branch, proxiedRegistry, recorder, registryAt, settled } from './support.ts'

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

const numbered = (count: number, from = 0): string[] =>
  Array.from({ length: count }, (_, i) => `/p${from + i}`)

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

/** A book of locks on a client of its own. */
async function bookOf(
  t: Test,
): Promise<{ readonly book: LockBook; readonly servers: string; lose(): Promise<void> }> {
  const { servers } = await branch(t, at)
  const zk = await client(t, servers)
  const link: Pick<Link, 'zk' | 'acl' | 'checkWritable'> = { zk, acl: undefined, checkWritable: () => {} }
  return { book: new LockBook(link as Link), servers, lose: () => renewed(zk, at) }
}

test('growth: a lock is forgotten when it is given up, lost, or was not to be had', async t => {
  const { book, lose } = await bookOf(t)
  t.equal(await book.acquire('/a', {}, {}), true)
  t.equal(book.size, 1)
  const waiting = book.acquire('/a', { name: 'other' }, {})
  t.equal(await book.acquire('/a', { name: 'third' }, { wait: 0 }), false)
  t.equal(await book.release('/a', {}), true)
  t.equal(await waiting, false, 'a release ends those who wait')
  t.equal(book.size, 0)
  for (const path of numbered(100)) {
    t.equal(await book.acquire(path, {}, {}), true)
    t.equal(await book.release(path, {}), true)
    await book.run(path, {}, () => t.ok(book.size <= 1))
  }
  t.equal(book.size, 0)
  t.match(await errorOf(book.acquire('/b', {}, { signal: AbortSignal.abort(new Error('before')) })), {
    message: 'before',
  })
  t.equal(book.size, 0)
  await book.acquire('/c', {}, {})
  await lose()
  await eventually('lost, and forgotten', () => book.size === 0)
  const [one, two] = [book.acquire('/d', {}, {}), book.acquire('/d', {}, {})]
  t.same(await Promise.all([one, two]), [true, true], 'calls at the same time share the object')
  await book.release('/d', {})
  t.equal(book.size, 0)
})

test('growth: getLock gives the same object to whoever has it, and forgets those that nobody has', async t => {
  const { book } = await bookOf(t)
  const mine = book.get('/mine', { name: 'me', simultaneous: 2 })
  t.equal(await mine.acquire(), true)
  for (const path of numbered(20_000)) book.get(path, {})
  t.equal(book.get('/mine', { simultaneous: 2 }), mine)
  t.equal(await book.release('/mine', {}), true)
  t.equal(mine.status(), false)
  t.equal(book.get('/p19999', {}), book.get('/p19999', {}))
  const before = book.size
  const collected = await eventually('collected', () => {
    // Until the collector has a reason to come.
    const litter = Array.from({ length: 200_000 }, (_, i) => ({ i }))
    return book.size < before / 2 && litter.length > 0 ? book.size : null
  })
  t.ok(collected >= 1000, 'those of lately are remembered')
  t.equal(book.get('/mine', { simultaneous: 2 }), mine)
})

const skip = onNode ? false : 'not applicable: only Node collects garbage when it is told to'

t.test('growth: the heap stays flat over many paths and locks', { skip, timeout: 200_000 }, async t => {
  const { servers } = await branch(t, at)
  const registry = await registryAt(t, servers, { maxIdlePaths: 100 })
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  const heap = (): number => {
    collect()
    return process.memoryUsage().heapUsed
  }
  let next = 0
  const round = async (): Promise<void> => {
    const paths = numbered(4000, next)
    next += paths.length
    for (let i = 0; i < paths.length; i += 500) {
      await Promise.all(paths.slice(i, i + 500).map(path => registry.get(path)))
    }
    for (const path of numbered(200, next)) {
      await registry.withLock(path, {}, () => {})
      await registry.acquireLock(path)
      await registry.releaseLock(path)
    }
    await settled(registry)
  }
  await round()
  await round()
  const before = heap()
  await round()
  await round()
  // Each path that is kept costs more than a kilobyte; what only waits for the collector goes with one of its next visits.
  const grown = await eventually('the heap is as it was', () => {
    const more = heap() - before
    return more < 4_000_000 ? { more } : null
  })
  t.ok(grown, `${grown.more} bytes`)
})
