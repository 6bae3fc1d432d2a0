// What the Python package does with locks, row by row, and what is put right.
import { OpCode } from '../../../protocol/opcodes.ts'
import { concurrently } from '../../support/concurrently.ts'
import { eventually } from '../../support/eventually.ts'
import { serverForAnySession } from '../../support/zookeeper.ts'
import { t } from '../../tap.ts'
import { errorOf, renewed } from '../protocol/support.ts'
import { branch, proxiedRegistry, registryAt } from './support.ts'

const { connectString: at } = await serverForAnySession(t)

const test = concurrently({ jobs: 6, timeout: 120_000 })

test('N70: one object for path and number of holders; wrong options and read-only are refused', async t => {
  const { servers } = await branch(t, at)
  const registry = await registryAt(t, servers)
  const one = registry.getLock('/lock')
  t.equal(registry.getLock('/lock', { simultaneous: 1 }), one)
  t.not(registry.getLock('/lock', { simultaneous: 2 }), one)
  for (const options of [
    { simultaneous: 0 },
    { simultaneous: 1.5 },
    { wait: -1 },
    { name: 5 as unknown as string },
  ]) {
    t.throws(() => registry.getLock('/other', options), { code: 'INVALID_OPTION' })
  }
  const reader = await registryAt(t, servers, { readOnly: true })
  t.throws(() => reader.getLock('/lock'), { code: 'READ_ONLY' })
})

test('N71: another number of holders than the pool has is an error of acquire', async t => {
  const { servers, witness } = await branch(t, at)
  const registry = await registryAt(t, servers)
  t.equal(await registry.acquireLock('/lock', { simultaneous: 2, name: 'me' }), true)
  t.equal((await witness.get('/lock')).data?.toString(), '2', 'as kazoo writes it')
  const error = await errorOf(registry.acquireLock('/lock', { simultaneous: 3 }))
  t.match(error, { code: 'LEASES_MISMATCH' })
})

test('N72: a waiter is woken by the release; wait 0 tries once, and never waits for a connection', async t => {
  const { registry, witness, proxy, servers } = await proxiedRegistry(t, at)
  const other = await registryAt(t, servers)
  await other.acquireLock('/lock')
  t.equal(await registry.acquireLock('/lock', { wait: 0 }), false)
  t.equal(await registry.acquireLock('/lock', { wait: 50 }), false)
  const waiting = registry.acquireLock('/lock')
  await eventually('in line', async () => (await witness.getChildren('/lock-__lock__')).children.length === 1)
  await other.releaseLock('/lock')
  t.equal(await waiting, true)
  await registry.releaseLock('/lock')
  const lock = registry.getLock('/lock')
  let sent = false
  const restore = proxy.filter(frame => {
    if (frame.kind !== 'request' || frame.opcode === OpCode.ping) return 'pass'
    sent = true
    return 'drop'
  })
  const trying = errorOf(lock.tryLock())
  const running = errorOf(registry.withLock('/lock', { wait: 0 }, () => t.fail('it ran')))
  await eventually('both are under way', () => sent)
  proxy.set({ kind: 'refuse' })
  proxy.cut()
  t.match(await trying, { name: 'NoConnectionError' })
  t.match(await running, { name: 'NoConnectionError' })
  t.match(await errorOf(lock.tryLock()), { name: 'NoConnectionError' })
  restore()
  proxy.set({ kind: 'pass' })
  await eventually('up', () => registry.getState())
  t.equal(await registry.acquireLock('/lock', { wait: 20_000 }), true, 'and nothing was left behind')
})

test('N73: release tells whether it was held, and the end of the session turns status false', async t => {
  const { registry } = await proxiedRegistry(t, at)
  const lock = registry.getLock('/lock')
  t.equal(await lock.release(), false)
  await lock.acquire()
  t.equal(lock.status(), true)
  t.equal(await lock.release(), true)
  await lock.acquire()
  const { signal } = lock
  await renewed(registry.client, at)
  t.equal(lock.status(), false)
  t.equal(signal?.aborted, true)
})

test('N74: the task runs only while the lock is held', async t => {
  const { servers } = await branch(t, at)
  const [first, second] = [await registryAt(t, servers), await registryAt(t, servers)]
  await first.acquireLock('/lock')
  const error = await errorOf(second.withLock('/lock', { wait: 0 }, () => t.fail('it ran')))
  t.match(error, { code: 'LOCK_NOT_ACQUIRED' })
  {
    await using lock = second.getLock('/other')
    t.equal(await lock.tryLock(), true)
    t.equal(await first.acquireLock('/other', { wait: 0 }), false)
  }
  t.equal(await first.acquireLock('/other', { wait: 0 }), true, 'given back at the end of the block')
})

test('N75: releaseLock is true for what is not held, and after a release', async t => {
  const { servers } = await branch(t, at)
  const registry = await registryAt(t, servers)
  t.equal(await registry.releaseLock('/never'), true)
  await registry.acquireLock('/lock')
  t.equal(await registry.releaseLock('/lock'), true)
  t.equal(registry.getLock('/lock').status(), false)
})
