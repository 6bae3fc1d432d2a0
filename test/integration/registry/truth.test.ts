// What the registry says of itself has to be true: right after a stop of the process, a cut link, a change of mind.
import { serverErrors } from '../../../protocol/error-codes.ts'
import { OpCode } from '../../../protocol/opcodes.ts'
import type { ServiceRegistry, ServiceRegistryOptions } from '../../../src/index.ts'
import { eventually } from '../../support/eventually.ts'
import { serverForAnySession } from '../../support/zookeeper.ts'
import type { Test } from '../../tap.ts'
import { t } from '../../tap.ts'
import { errorOf } from '../protocol/support.ts'
import { branch, obstructed, proxiedRegistry, refusal, registryAt, takeDown } from './support.ts'

const { connectString: at } = await serverForAnySession(t)

/** A registry in a branch of its own. */
async function registryIn(t: Test, options: ServiceRegistryOptions = {}): Promise<ServiceRegistry> {
  const { servers } = await branch(t, at)
  return registryAt(t, servers, options)
}

/** Keeps the process from running, as a long computation does. */
function block(ms: number): void {
  const end = performance.now() + ms
  while (performance.now() < end);
}

t.test('lock: right after this process stood still for longer than the session, it is not held', async t => {
  const registry = await registryIn(t, { sessionTimeout: 1000 })
  const lock = registry.getLock('/lock')
  t.equal(await lock.acquire(), true)
  block(1500)
  t.equal(lock.status(), false, 'without waiting for any message or timer')
  t.equal(lock.signal?.aborted, true)
})

t.test(
  'withLock: a task that stood still for longer than the session is told that it was alone no more',
  async t => {
    const registry = await registryIn(t, { sessionTimeout: 1000 })
    const error = await errorOf(registry.withLock('/lock', {}, () => block(1500)))
    t.match(error, { name: 'RecipeError', code: 'LOST' })
  },
)

t.test('lock: bad options leave the lock as it was', async t => {
  const registry = await registryIn(t)
  for (const options of [{ signal: {} }, { wait: 'x' }, { name: 5 }, null]) {
    t.match(await errorOf(registry.acquireLock('/lock', options as object)), { code: 'INVALID_OPTION' })
  }
  t.equal(await registry.acquireLock('/lock', { wait: 0 }), true)
  t.throws(() => registry.getLock('/lock', { wait: 5 }), { code: 'INVALID_OPTION' })
  t.equal(registry.getLock('/lock'), registry.getLock('/lock'))
  t.equal(await registry.acquireLock('/lock', { name: 'other', wait: 0 }), false, 'another contender')
  t.match(await errorOf(registry.withLock('/lock', {}, 'nope' as never)), { code: 'INVALID_OPTION' })
  t.match(await errorOf(registry.setNode('/')), { code: 'INVALID_OPTION' })
  t.throws(() => registry.getLock('/'), { code: 'INVALID_OPTION' })
})

t.test('credentials: a colon in the username is refused before it makes every create fail', async t => {
  const registry = await registryIn(t)
  t.match(await errorOf(registry.setUsername('a:b')), { code: 'INVALID_OPTION' })
})

t.test('lock: a waiter hears of rejected credentials', async t => {
  const { registry, servers } = await proxiedRegistry(t, at)
  const holder = await registryAt(t, servers)
  const path = '/lock'
  t.equal(await holder.acquireLock(path), true)
  const other = registry.client
  const waiting = errorOf(registry.withLock(path, { wait: 20_000 }, () => {}))
  await eventually('it waits', async () => (await other.getChildren(`${path}-__lock__`)).children.length > 0)
  await errorOf(other.addAuth('no-such-scheme', 'x'))
  t.match(await waiting, { code: 'AUTH_FAILED' })
})

t.test('listeners: what an async one rejects with is a warning, and the process lives', async t => {
  const registry = await registryIn(t)
  const warnings: unknown[] = []
  registry.on('warning', error => warnings.push(error))
  const reject = async (): Promise<never> => {
    throw new Error('from a listener')
  }
  registry.client.on('state', reject)
  registry.on('state', reject)
  await registry.client.exists('/watched', { watch: reject })
  await registry.client.create('/watched')
  await eventually('the watcher', () => warnings.length === 1)
  await registry.stop()
  await eventually('both listeners', () => warnings.length === 3)
})

t.test('setNode: a call whose wish is taken back does not pretend to have registered', async t => {
  const registry = await registryIn(t)
  await registry.client.create('/taken', 'by nobody')
  const setting = errorOf(registry.setNode('/taken'))
  await eventually('it is blocked', async () => (await registry.client.get('/taken')).stat !== null)
  t.equal(await registry.unset('/taken'), false)
  t.match(await setting, { code: 'SUPERSEDED' })
})

t.test('setNode: what stands in the way is named for what it is', async t => {
  const registry = await registryIn(t)
  await registry.client.create('/taken')
  const error = await obstructed(registry, '/taken', {})
  t.match(error, { code: 'OWNED_BY_OTHER', message: /a persistent node stands there/ })
})

t.test('registration: one that is lost to somebody else is a warning', async t => {
  const registry = await registryIn(t)
  const warnings: unknown[] = []
  registry.on('warning', error => warnings.push(error))
  await registry.setNode('/mine')
  await registry.client.transaction().delete('/mine').create('/mine', 'theirs').commit()
  await eventually('the warning', () => warnings.length > 0)
  t.match(warnings[0], { code: 'OWNED_BY_OTHER', path: '/mine' })
})

t.test('get: after a cut link nothing is called live before the missed changes are known', async t => {
  const { registry, proxy, witness } = await proxiedRegistry(t, at)
  await witness.create('/path', '{"v":1}')
  await registry.get('/path')
  const wrong: unknown[] = []
  registry.on('state', up => {
    if (!up) return
    void registry.get('/path').then(({ stale, data }) => {
      if (!stale && data?.v !== 2) wrong.push(data)
    })
  })
  await takeDown(registry, proxy)
  t.match(await registry.get('/path'), { stale: true, source: 'memory', data: { v: 1 } })
  await witness.set('/path', '{"v":2}')
  proxy.set({ kind: 'pass' })
  await eventually('live again', async () => (await registry.get('/path')).source === 'live')
  t.match(await registry.get('/path'), { stale: false, data: { v: 2 } })
  t.strictSame(wrong, [])
  t.ok(Object.isFrozen(await registry.get('/path')))
})

t.test('get: while the client below is being closed nothing is called live any more', async t => {
  const { registry, proxy } = await proxiedRegistry(t, at)
  await registry.setNode('/a', { n: 1 })
  await registry.get('/a')
  t.equal(registry.peek('/a')?.stale, false)
  proxy.filter(frame => (frame.kind === 'reply' && frame.opcode === OpCode.closeSession ? 'drop' : 'pass'))
  const closing = registry.client.close()
  t.equal(registry.peek('/a')?.stale, true)
  await closing
  t.equal(registry.peek('/a')?.stale, true)
  await registry.start()
  const stands = (): boolean => registry.peek('/a')?.stale === false && registry.peek('/a')?.data?.n === 1
  await eventually('live again, and registered again', stands)
  const again = registry.client.close()
  await registry.start()
  await again
  t.equal(registry.getState(), true, 'also while it is being closed')
  await eventually('once more', stands)
})

t.test('watch: the signal ends it also while the first read waits for a connection', async t => {
  const { registry, proxy } = await proxiedRegistry(t, at)
  proxy.set({ kind: 'blackHole', direction: 'both' })
  const controller = new AbortController()
  const reading = (async () => {
    for await (const snapshot of registry.watch('/path', { signal: controller.signal })) void snapshot
  })()
  controller.abort()
  await reading
  t.pass('it ended')
})

t.test(
  'peek: right after this process stood still for longer than the session, nothing is called live',
  async t => {
    const registry = await registryIn(t, { sessionTimeout: 1000 })
    await registry.setNode('/pool/host:1')
    await registry.get('/pool', { childData: true })
    using view = registry.discover('/pool')
    await view.ready
    // This process may have stood still by itself on the way here.
    const live = (): boolean => registry.peek('/pool')?.source === 'live' && view.source === 'live'
    await eventually('live', live)
    block(1500)
    t.match(registry.peek('/pool'), { source: 'memory', stale: true })
    t.match(registry.peek('/pool', { childData: true }), { source: 'memory', stale: true })
    t.match(view, { source: 'memory', stale: true })
    await eventually('live again', live)
  },
)

for (const { number, text } of [serverErrors.THROTTLED_OP, serverErrors.NO_AUTH]) {
  t.test(
    `get: a server that refuses one question (${text}) does not make everything stale for good`,
    async t => {
      const { registry, proxy } = await proxiedRegistry(t, at)
      await registry.get('/a')
      let refused = 0
      proxy.filter(frame => {
        if (frame.kind !== 'reply' || frame.opcode !== OpCode.exists || refused > 0) return 'pass'
        refused++
        return refusal(frame, number)
      })
      proxy.cut()
      await eventually('refused', () => refused > 0)
      await eventually('live', () => registry.peek('/a')?.source === 'live')
    },
  )
}

t.test(
  'connect: credentials are told from refused ones also where the root may not be looked at',
  async t => {
    const { proxy, chroot } = await proxiedRegistry(t, at)
    proxy.filter(frame =>
      frame.kind === 'reply' && frame.opcode === OpCode.exists
        ? refusal(frame, serverErrors.NO_AUTH.number)
        : 'pass',
    )
    const credentials = { username: 'me', password: 'secret' }
    const registry = await registryAt(t, `${proxy.connectString}${chroot}`, credentials)
    t.equal(registry.getState(), true)
  },
)
