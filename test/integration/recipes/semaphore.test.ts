// The semaphore against a real server: exclusion, leases, what the tree looks like, and what is refused.
import { OpCode } from '../../../protocol/opcodes.ts'
import { RecipeError, Semaphore } from '../../../src/recipes/index.ts'
import { concurrently } from '../../support/concurrently.ts'
import { eventually } from '../../support/eventually.ts'
import { serverForAnySession } from '../../support/zookeeper.ts'
import { t } from '../../tap.ts'
import { errorOf } from '../protocol/support.ts'
import { arena, GUARD, inLine, LOCK } from './support.ts'

const { connectString: at } = await serverForAnySession(t)

const test = concurrently({ jobs: 8, timeout: 120_000 })

test('a lease, as the tree shows it', async t => {
  const ground = await arena(t, at)
  const { semaphore, zk } = await ground.contender({ identifier: 'me' })
  const lease = await semaphore.acquire()
  const { data, stat } = await ground.witness.get(LOCK)
  t.equal(Buffer.from(data ?? []).toString(), '1')
  t.equal(stat.ephemeralOwner, 0n)
  const [name] = await ground.leases()
  t.match(name, /^[0-9a-f]{32}$/)
  const node = await ground.witness.get(`${LOCK}/${name}`)
  t.equal(Buffer.from(node.data ?? []).toString(), 'me')
  t.equal(node.stat.ephemeralOwner, zk.sessionId)
  t.match(lease, { path: `${LOCK}/${name}`, held: true, fencingToken: node.stat.czxid })
  t.same(await ground.guards(), [], 'the guard is free at once')
  t.ok(await ground.witness.exists(GUARD))
  t.same(await semaphore.holders(), ['me'])
  t.equal(await lease?.release(), true)
  t.equal(await lease?.release(), false, 'twice is once')
  t.equal(lease?.held, false)
  t.equal(lease?.signal.aborted, false, 'a release is no loss')
  t.same(await ground.leases(), [])
})

test('wait 0 tries once', async t => {
  const ground = await arena(t, at)
  const [a, b] = [await ground.contender(), await ground.contender()]
  const lease = await a.semaphore.acquire({ wait: 0 })
  t.ok(lease)
  t.equal(await b.semaphore.acquire({ wait: 0 }), null)
  t.equal(await a.semaphore.acquire({ wait: 0 }), null, 'the holder too')
  t.same(await ground.guards(), [])
  t.equal((await ground.leases()).length, 1)
  await lease?.release()
  t.ok(await b.semaphore.acquire({ wait: 0 }))
})

test('two leases: two hold at once, a third waits, another number is refused', async t => {
  const ground = await arena(t, at)
  const all = [0, 1, 2].map(() => ground.contender({ maxLeases: 2 }))
  const [a, b, c] = await Promise.all(all)
  const [first, second] = [await a!.semaphore.acquire(), await b!.semaphore.acquire()]
  t.ok(first?.held && second?.held)
  t.equal(await c!.semaphore.acquire({ wait: 0 }), null)
  const waiting = c!.semaphore.acquire()
  await inLine(ground, 1)
  await second?.release()
  t.ok(await waiting)
  t.equal(first?.held, true)
  for (const maxLeases of [1, 3]) {
    const other = await ground.contender({ maxLeases })
    const error = await errorOf(other.semaphore.acquire({ wait: 0 }))
    t.ok(error instanceof RecipeError)
    t.match(error, { code: 'LEASES_MISMATCH', path: LOCK })
  }
  t.same(await ground.guards(), [])
})

test('a pool that a Python process left half made gets its number', async t => {
  const ground = await arena(t, at)
  await ground.witness.create(LOCK)
  const { semaphore } = await ground.contender({ maxLeases: 3 })
  t.ok(await semaphore.acquire({ wait: 0 }))
  t.equal((await ground.witness.get(LOCK)).data?.toString(), '3')
})

test('foreign nodes in the pool count, foreign nodes in the line do not', async t => {
  const ground = await arena(t, at)
  const { semaphore } = await ground.contender()
  await (await semaphore.acquire())?.release()
  await ground.witness.create(`${GUARD}/0000000000`)
  await ground.witness.create(`${GUARD}/x-lock-0000000000`)
  await ground.witness.create(`${LOCK}/somebody`)
  t.equal(await semaphore.acquire({ wait: 0 }), null)
  await ground.witness.delete(`${LOCK}/somebody`)
  t.ok(await semaphore.acquire({ wait: 0 }))
})

test('many at once in one process exclude each other', async t => {
  const ground = await arena(t, at)
  const { semaphore } = await ground.contender()
  let inside = 0
  let most = 0
  await Promise.all(
    Array.from({ length: 12 }, async () => {
      await using lease = await semaphore.acquire()
      most = Math.max(most, ++inside)
      await new Promise(resolve => setImmediate(resolve))
      t.ok(lease?.held)
      inside--
    }),
  )
  t.equal(most, 1)
  await ground.empty()
})

test('a lease that is deleted behind the back is lost', async t => {
  const ground = await arena(t, at)
  const { semaphore } = await ground.contender()
  const lease = (await semaphore.acquire())!
  await ground.witness.delete(lease.path)
  await eventually('lost', () => lease.signal.aborted)
  t.match(lease.signal.reason, { name: 'RecipeError', code: 'LOST', path: lease.path })
  t.equal(lease.held, false)
  t.equal(await lease.release(), false)
})

test('the guard makes the transaction of a stale holder fail', async t => {
  const ground = await arena(t, at)
  const { semaphore, zk } = await ground.contender()
  const view = zk.chroot(`/${ground.servers.split('/')[1]}`)
  await ground.witness.create('/resource', '0')
  const lease = (await semaphore.acquire())!
  await lease.guard(view.transaction()).set('/resource', '1').commit()
  await ground.witness.delete(lease.path)
  const stale = errorOf(lease.guard(view.transaction()).set('/resource', '2').commit())
  t.match(await stale, { name: 'MultiError', code: 'NO_NODE', index: 0 })
  t.equal((await ground.witness.get('/resource')).data?.toString(), '1')
})

test('what cannot work is refused before anything is sent', async t => {
  const ground = await arena(t, at)
  const { zk, proxy, semaphore } = await ground.contender()
  const sent: number[] = []
  proxy.filter(frame => {
    if (frame.kind === 'request' && frame.opcode !== OpCode.ping) sent.push(frame.opcode)
    return 'pass'
  })
  for (const maxLeases of [0, -1, 1.5, Number.NaN, '1']) {
    t.throws(() => new Semaphore(zk, LOCK, { maxLeases: maxLeases as number }), { code: 'INVALID_ARGUMENT' })
  }
  t.throws(() => new Semaphore(zk, LOCK, { identifier: 5 as unknown as string }), {
    code: 'INVALID_ARGUMENT',
  })
  for (const wait of [-1, Number.NaN, '5']) {
    const acquiring = errorOf(semaphore.acquire({ wait: wait as number }))
    t.match(await acquiring, { code: 'INVALID_ARGUMENT' })
  }
  for (const path of ['', 'lock', '/lock/']) t.throws(() => new Semaphore(zk, path), { code: 'INVALID_PATH' })
  t.same(sent, [])
})
