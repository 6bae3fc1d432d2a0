// One lock path for both, ours and the Python package's: they exclude each other, and hand it over.
import type { ZooKeeper } from '../../protocol/index.ts'
import { ServiceRegistry } from '../../src/registry/service-registry.ts'
import { expireSession, FaultProxy } from '../../src/testing/index.ts'
import { eventually } from '../support/eventually.ts'
import { sideBySide, text } from './python-pair.ts'

const test = await sideBySide()

const inLine = (witness: ZooKeeper, count: number): Promise<unknown> =>
  eventually(`${count} in line`, async () => {
    return (await witness.getChildren('/lock-__lock__')).children.length === count
  })

test('N70, N71: a lock that Python holds is not ours, and the other way round', async (t, pair) => {
  const { python, ours, witness } = await pair({ python: { timeout: 8 } })
  t.equal(await python.call('acquire_lock', { path: '/lock', name: 'python', wait: 0.3 }), true)
  t.equal(await ours.acquireLock('/lock', { name: 'ours', wait: 0 }), false)
  t.equal(await ours.acquireLock('/lock', { wait: 200 }), false)
  const waiting = ours.acquireLock('/lock', { name: 'ours', wait: 60_000 })
  await inLine(witness, 1)
  await python.call('release_lock', { path: '/lock' })
  t.equal(await waiting, true, 'handed over while we wait')
  t.equal(await python.call('acquire_lock', { path: '/lock', name: 'python', wait: 0.3 }), false)
  const { children } = await witness.getChildren('/lock')
  t.equal(children.length, 1)
  t.match(children[0], /^[0-9a-f]{32}$/)
  t.equal(await text(witness, `/lock/${children[0]}`), 'ours')
  await ours.releaseLock('/lock')
  t.equal(await python.call('acquire_lock', { path: '/lock', name: 'python', wait: 0.3 }), true)
  await python.kill()
  t.equal(
    await ours.acquireLock('/lock', { wait: 60_000 }),
    true,
    'a crashed process loses it with its session',
  )
})

test('N71, N72: Python waits for our lease as for its own, in one line', async (t, pair) => {
  const { python, ours, witness } = await pair()
  await ours.acquireLock('/lock')
  const order: string[] = []
  const waiting = [
    python
      .call('recipe_acquire', { handle: 'h', recipe: 'Semaphore', path: '/lock', identifier: 'py' })
      .then(() => order.push('python')),
  ]
  await inLine(witness, 1)
  waiting.push(
    ours.withLock('/lock', { wait: 60_000 }, async () => {
      order.push('ours')
      return 0
    }),
  )
  await inLine(witness, 2)
  await ours.releaseLock('/lock')
  await eventually('Python has it', () => order.length === 1)
  t.same(await python.call('recipe_contenders', { handle: 'h' }), ['py'])
  await python.call('recipe_release', { handle: 'h' })
  await Promise.all(waiting)
  t.same(order, ['python', 'ours'])
})

test('N71: two leases: one for each, none for a third; another number is refused by both', async (t, pair) => {
  const { python, ours, witness } = await pair()
  const two = { path: '/lock', simultaneous: 2, wait: 5 }
  t.equal(await python.call('acquire_lock', two), true)
  t.equal(await ours.acquireLock('/lock', { simultaneous: 2, wait: 0 }), true)
  t.equal(await text(witness, '/lock'), '2')
  const third = await ours.withLock('/lock', { simultaneous: 2, wait: 0 }, () => 0).catch(error => error.code)
  t.equal(third, 'LOCK_NOT_ACQUIRED')
  const other = await ours.acquireLock('/lock', { simultaneous: 3, wait: 0 }).catch(error => error.code)
  t.equal(other, 'LEASES_MISMATCH')
  await ours.withLock('/ours', { simultaneous: 3 }, async () => {
    const refused = await python
      .call('recipe_acquire', { handle: 'r', recipe: 'Semaphore', path: '/ours', max_leases: 2 })
      .catch(error => error.name)
    t.equal(refused, 'ValueError')
    const throughRegistry = await python
      .call('acquire_lock', { path: '/ours', simultaneous: 2, wait: 0 })
      .catch(error => error.name)
    t.equal(throughRegistry, 'ValueError')
    const agreed = { handle: 'a', recipe: 'Semaphore', path: '/ours', max_leases: 3, timeout: 60 }
    t.equal(await python.call('recipe_acquire', agreed), true)
  })
  await ours.releaseLock('/lock')
  t.equal(await ours.withLock('/lock', { simultaneous: 2, wait: 0 }, () => 7), 7)
})

test('N71: both leave the same znodes, with one lease and with several', async (t, pair) => {
  const { python, ours, witness } = await pair()
  for (const simultaneous of [1, 3]) {
    const shapes: unknown[] = []
    for (const side of ['python', 'ours']) {
      const path = `/${side}-${simultaneous}`
      const name = 'sch\u00f6n:1'
      if (side === 'ours') await ours.acquireLock(path, { name, simultaneous })
      else await python.call('acquire_lock', { path, name, simultaneous, wait: 5 })
      const { children } = await witness.getChildren(path)
      const lease = `${path}/${children[0]}`
      const queue = await witness.getChildren(`${path}-__lock__`)
      shapes.push({
        leases: children.length,
        name: children[0]?.replace(/^[0-9a-f]{32}$/, 'uuid'),
        data: await text(witness, lease),
        ephemeral: (await witness.exists(lease))?.ephemeralOwner !== 0n,
        limit: await text(witness, path),
        queue: queue.children,
        queueData: await text(witness, `${path}-__lock__`),
      })
    }
    t.same(shapes[1], shapes[0])
    t.match(shapes[0], { leases: 1, name: 'uuid', ephemeral: true })
  }
})

test('N71, N72: one of two leases goes from Python to us, and from us to Python', async (t, pair) => {
  const { python, ours, witness } = await pair()
  const two = { recipe: 'Semaphore', path: '/lock', max_leases: 2 }
  t.equal(await python.call('recipe_acquire', { ...two, handle: 'first', identifier: 'first' }), true)
  t.equal(await python.call('recipe_acquire', { ...two, handle: 'second', identifier: 'second' }), true)
  t.equal(await ours.acquireLock('/lock', { simultaneous: 2, wait: 0 }), false)
  const waiting = ours.acquireLock('/lock', { name: 'ours', simultaneous: 2, wait: 60_000 })
  await inLine(witness, 1)
  await python.call('recipe_release', { handle: 'first' })
  t.equal(await waiting, true)
  t.same(await python.call('recipe_contenders', { handle: 'second' }), ['ours', 'second'])
  const refused = { ...two, handle: 'third', identifier: 'third', timeout: 0.2 }
  t.equal(await python.call('recipe_acquire', refused).catch(error => error.name), 'LockTimeout')
  const next = python.call('recipe_acquire', { ...two, handle: 'fourth', identifier: 'fourth' })
  await inLine(witness, 1)
  t.equal(await ours.releaseLock('/lock'), true)
  t.equal(await next, true)
  t.same(await python.call('recipe_contenders', { handle: 'second' }), ['fourth', 'second'])
})

test("N73: a lock that our session loses is Python's, and not ours any more", async (t, pair) => {
  const { python, ours, witness } = await pair()
  const lock = ours.getLock('/lock')
  t.equal(await lock.acquire(), true)
  const next = python.call('recipe_acquire', {
    handle: 'h',
    recipe: 'Semaphore',
    path: '/lock',
    identifier: 'py',
  })
  await inLine(witness, 1)
  await expireSession(ours)
  t.equal(await next, true)
  await eventually('we know', () => !lock.status())
  const tried = (): Promise<boolean | string> =>
    ours.acquireLock('/lock', { wait: 0 }).catch(error => error.code)
  await eventually('connected again, and refused', async () => (await tried()) === false)
})

test('N70: never two at once, with both trying as fast as they can', async (t, pair) => {
  const { python, ours, witness } = await pair()
  await witness.create('/held')
  let turns = 0
  // The inner node can be made only while nobody else is between the two lines.
  const oursInTurn = async (): Promise<void> => {
    for (let i = 0; i < 15; i++) {
      await ours.withLock('/lock', { wait: 60_000 }, async () => {
        await ours.client.create('/held/now')
        turns++
        await ours.client.delete('/held/now')
      })
    }
  }
  const pythonInTurn = async (): Promise<void> => {
    for (let i = 0; i < 15; i++) {
      await python.call('recipe_acquire', { handle: 'h', recipe: 'Semaphore', path: '/lock' })
      await witness.create('/held/now')
      turns++
      await witness.delete('/held/now')
      await python.call('recipe_release', { handle: 'h' })
    }
  }
  await Promise.all([oursInTurn(), pythonInTurn()])
  t.equal(turns, 30)
})

test('N73, H6: a holder that is cut off knows it before Python has the lock', async (t, pair) => {
  const { python, witness, servers } = await pair()
  const [target = '', chroot = ''] = servers.split(/(?=\/)/)
  const proxy = await FaultProxy.start({ target })
  t.teardown(() => proxy.close())
  const holder = await ServiceRegistry.connect({
    servers: `${proxy.connectString}${chroot}`,
    sessionTimeout: 8000,
  })
  t.teardown(() => holder.stop())
  const lock = holder.getLock('/lock')
  t.equal(await lock.acquire(), true)
  const next = python.call('recipe_acquire', { handle: 'h', recipe: 'Semaphore', path: '/lock' })
  await inLine(witness, 1)
  proxy.cut()
  await eventually('connected again', () => proxy.connections > 0 && holder.getState())
  t.equal(lock.status(), true, 'a link that breaks costs nothing')
  t.equal((await witness.getChildren('/lock')).children.length, 1)
  proxy.set({ kind: 'blackHole', direction: 'both' })
  t.equal(await next, true)
  t.equal(lock.status(), false)
  proxy.set({ kind: 'pass' })
  await eventually('back', () => holder.getState())
  t.equal(await holder.acquireLock('/lock', { wait: 0 }), false)
  const waiting = holder.acquireLock('/lock', { wait: 60_000 })
  await inLine(witness, 1)
  await python.call('recipe_release', { handle: 'h' })
  t.equal(await waiting, true)
})
