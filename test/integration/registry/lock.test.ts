// The registry's locks against a real server: withLock, lock objects shared by many calls, loss and release.
import { digestAcl, readAcl } from '../../../protocol/index.ts'
import { RecipeError } from '../../../src/recipes/index.ts'
import { concurrently } from '../../support/concurrently.ts'
import { eventually } from '../../support/eventually.ts'
import { serverForAnySession } from '../../support/zookeeper.ts'
import { t } from '../../tap.ts'
import { errorOf, renewed } from '../protocol/support.ts'
import { branch, proxiedRegistry, registryAt } from './support.ts'

const { connectString: at } = await serverForAnySession(t)

const test = concurrently({ jobs: 8, timeout: 120_000 })

test('withLock runs the task while it holds the lock, and releases whatever happens', async t => {
  const { servers, witness } = await branch(t, at)
  const registry = await registryAt(t, servers)
  const leases = async (): Promise<readonly string[]> => (await witness.getChildren('/jobs/a')).children
  const result = await registry.withLock(
    '/jobs/a',
    { name: 'me' },
    async ({ signal, fencingToken, path }) => {
      t.equal(signal.aborted, false)
      t.type(fencingToken, 'bigint')
      t.same(await leases(), [path.split('/').at(-1)])
      return 'result'
    },
  )
  t.equal(result, 'result')
  t.same(await leases(), [])
  const thrown = new Error('thrown')
  const throwing = registry.withLock('/jobs/a', {}, () => {
    throw thrown
  })
  t.equal(await errorOf(throwing), thrown)
  t.same(await leases(), [])
  t.equal(await errorOf(registry.withLock('/jobs/a', {}, () => Promise.reject(thrown))), thrown)
  t.same(await leases(), [])
  t.equal(await registry.withLock('/jobs/a', { wait: 0 }, () => 5), 5)
})

test('withLock calls exclude each other, also within one process', async t => {
  const { servers } = await branch(t, at)
  const [a, b] = [await registryAt(t, servers), await registryAt(t, servers)]
  let inside = 0
  let most = 0
  const tokens: bigint[] = []
  const run = (registry: typeof a): Promise<void> =>
    registry.withLock('/lock', {}, async ({ fencingToken }) => {
      most = Math.max(most, ++inside)
      tokens.push(fencingToken)
      await registry.client.exists('/')
      inside--
    })
  await Promise.all([a, b, a, b, a, b, a, b].map(run))
  t.equal(most, 1)
  t.same(
    tokens,
    [...tokens].sort((x, y) => (x < y ? -1 : 1)),
  )
  const nested = a.withLock('/lock', {}, () => a.withLock('/lock', { wait: 100 }, () => t.fail('it ran')))
  t.match(await errorOf(nested), { code: 'LOCK_NOT_ACQUIRED', path: '/lock' })
})

test('a task that did not notice the loss is told', async t => {
  const { registry } = await proxiedRegistry(t, at)
  let noticed: unknown
  const running = registry.withLock('/lock', {}, async ({ signal }) => {
    await renewed(registry.client, at)
    noticed = signal.reason
    return 'done'
  })
  const error = await errorOf(running)
  t.ok(error instanceof RecipeError)
  t.match(error, { code: 'LOST' })
  t.equal(noticed, error)
  t.equal(await registry.withLock('/lock', { wait: 10_000 }, () => 1), 1)
})

test('acquireLock, getLock, status and releaseLock', async t => {
  const { servers } = await branch(t, at)
  const [a, b] = [await registryAt(t, servers), await registryAt(t, servers)]
  const lock = a.getLock('/lock', { name: 'a' })
  t.equal(a.getLock('/lock'), lock, 'one object')
  t.not(a.getLock('/other'), lock)
  t.equal(lock.status(), false)
  t.equal(lock.fencingToken, null)
  t.throws(() => lock.guard(a.client.transaction()), /not held/)
  t.equal(await a.acquireLock('/lock'), true)
  t.equal(await a.acquireLock('/lock'), true, 'held already')
  t.equal(lock.status(), true)
  t.equal(await b.acquireLock('/lock', { wait: 0 }), false)
  t.equal(await b.getLock('/lock').tryLock(), false)
  const waiting = b.acquireLock('/lock')
  t.equal(await a.releaseLock('/lock'), true)
  t.equal(await waiting, true)
  t.equal(await a.releaseLock('/never'), true)
  t.equal(await lock.release(), false)
  t.match(await errorOf(a.acquireLock('/lock', { simultaneous: 2, wait: 0 })), { code: 'LEASES_MISMATCH' })
})

test('many calls on one lock object: each waits for its own time', async t => {
  const { servers } = await branch(t, at)
  const [a, b] = [await registryAt(t, servers), await registryAt(t, servers)]
  await b.acquireLock('/lock')
  const lock = a.getLock('/lock')
  const long = lock.acquire({ wait: 30_000 })
  t.equal(await lock.tryLock(), false, 'does not wait for the other call')
  t.equal(await lock.acquire({ wait: 100 }), false)
  const reason = new Error('enough')
  const signal = AbortSignal.timeout(50)
  t.match(await errorOf(lock.acquire({ signal })), { name: 'TimeoutError' })
  t.equal(await errorOf(lock.acquire({ signal })), signal.reason)
  const controller = new AbortController()
  const aborted = errorOf(lock.acquire({ signal: controller.signal }))
  controller.abort(reason)
  t.equal(await aborted, reason)
  const short = lock.acquire({ wait: 20_000 })
  await b.releaseLock('/lock')
  t.same(await Promise.all([long, short]), [true, true])
})

test('an abort of the call in line does not take the others along', async t => {
  const { servers } = await branch(t, at)
  const [a, b] = [await registryAt(t, servers), await registryAt(t, servers)]
  await b.acquireLock('/lock')
  const lock = a.getLock('/lock')
  const controller = new AbortController()
  const first = errorOf(lock.acquire({ signal: controller.signal }))
  const second = lock.acquire()
  controller.abort(new Error('enough'))
  t.match(await first, { message: 'enough' })
  await b.releaseLock('/lock')
  t.equal(await second, true)
})

test('a release ends the calls that wait', async t => {
  const { servers, witness } = await branch(t, at)
  const [a, b] = [await registryAt(t, servers), await registryAt(t, servers)]
  await b.acquireLock('/lock')
  const waiting = [a.acquireLock('/lock'), a.acquireLock('/lock')]
  t.equal(await a.releaseLock('/lock'), true)
  t.same(await Promise.all(waiting), [false, false])
  await b.releaseLock('/lock')
  const count = async (path: string): Promise<number> => (await witness.getChildren(path)).children.length
  await eventually(
    'nobody',
    async () => (await count('/lock')) === 0 && (await count('/lock-__lock__')) === 0,
  )
  t.equal(await a.acquireLock('/lock', { wait: 0 }), true, 'and it can be taken again')
})

test('a lost lock says so, and can be taken again', async t => {
  const { registry } = await proxiedRegistry(t, at)
  const lock = registry.getLock('/lock')
  await lock.acquire()
  const { signal, fencingToken } = lock
  await renewed(registry.client, at)
  t.equal(lock.status(), false)
  t.equal(signal?.aborted, true)
  const stale = lock.guard(registry.client.transaction().create('/made')).commit()
  t.match(await errorOf(stale), { code: 'NO_NODE' })
  t.equal(await lock.acquire({ wait: 10_000 }), true)
  t.ok(lock.fencingToken! > fencingToken!)
  await lock.guard(registry.client.transaction().create('/made')).commit()
})

test('every node of a lock gets the ACL of the credentials', async t => {
  const { servers } = await branch(t, at)
  const registry = await registryAt(t, servers, { username: 'al', password: 'one' })
  await registry.withLock('/x/lock', {}, async ({ path }) => {
    for (const node of ['/x', '/x/lock', '/x/lock-__lock__', path]) {
      t.same((await registry.client.getAcl(node)).acl, [digestAcl('al', 'one'), ...readAcl], node)
    }
  })
})

test('release and releaseLock end with their signal or their time, and the lock is given up all the same', async t => {
  const { registry, proxy, witness } = await proxiedRegistry(t, at, { sessionTimeout: 10_000 })
  const leases = async (path: string): Promise<number> => (await witness.getChildren(path)).children.length
  for (const path of ['/a', '/b']) await registry.acquireLock(path)
  t.same(await Promise.all(['/a', '/b'].map(leases)), [1, 1])
  const aborted = AbortSignal.abort(new Error('before'))
  t.match(await errorOf(registry.releaseLock('/a', { signal: aborted })), { message: 'before' })
  t.match(await errorOf(registry.getLock('/a').tryLock({ signal: aborted })), { message: 'before' })
  t.equal(registry.getLock('/a').status(), true, 'nothing was done')
  t.match(await errorOf(registry.releaseLock('/a', { timeout: -1 })), { code: 'INVALID_OPTION' })
  proxy.set({ kind: 'refuse' })
  proxy.cut()
  const controller = new AbortController()
  const late = errorOf(registry.releaseLock('/a', { timeout: 1 }))
  const ended = errorOf(registry.releaseLock('/b', { signal: controller.signal }))
  controller.abort(new Error('enough'))
  t.match(await late, { code: 'NO_CONNECTION', message: /release of \/a/ })
  t.match(await ended, { message: 'enough' })
  t.same(await Promise.all(['/a', '/b'].map(leases)), [1, 1], 'the server has not heard of it')
  proxy.set({ kind: 'pass' })
  await eventually('given up', async () => (await leases('/a')) + (await leases('/b')) === 0)
})
