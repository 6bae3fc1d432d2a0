// The semaphore against a real server: exclusion, order, waiting and giving up, and what the tree looks like.
import { OpCode } from '../../../protocol/opcodes.ts'
import type { Tenure } from '../../../src/recipes/index.ts'
import { RecipeError, Semaphore } from '../../../src/recipes/index.ts'
import { concurrently } from '../../support/concurrently.ts'
import { eventually } from '../../support/eventually.ts'
import { serverForAnySession } from '../../support/zookeeper.ts'
import { t } from '../../tap.ts'
import { errorOf } from '../protocol/support.ts'
import { arena, GUARD, inLine, LOCK } from './support.ts'

const server = await serverForAnySession(t)
const at = server.connectString

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

test('who waits gives up in time, and leaves nothing behind', async t => {
  const ground = await arena(t, at)
  const [a, b, c] = [await ground.contender(), await ground.contender(), await ground.contender()]
  const lease = await a.semaphore.acquire()
  const waits = [b.semaphore.acquire({ wait: 150 }), c.semaphore.acquire({ wait: 150 })]
  t.same(await Promise.all(waits), [null, null])
  await eventually('no guard', async () => (await ground.guards()).length === 0)
  t.equal((await ground.leases()).length, 1)
  await lease?.release()
  await ground.empty()
  t.ok(await c.semaphore.acquire({ wait: 5000 }))
})

test('an abort rejects with its reason, wherever it waits, and leaves nothing behind', async t => {
  const ground = await arena(t, at)
  const [a, b, c] = [await ground.contender(), await ground.contender(), await ground.contender()]
  const reason = new Error('enough')
  t.equal(await errorOf(a.semaphore.acquire({ signal: AbortSignal.abort(reason) })), reason)
  const lease = await a.semaphore.acquire()
  const controller = new AbortController()
  const { signal } = controller
  const first = errorOf(b.semaphore.acquire({ signal }))
  await inLine(ground, 1)
  const second = errorOf(c.semaphore.acquire({ signal, wait: 60_000 }))
  await inLine(ground, 2)
  controller.abort(reason)
  t.equal(await first, reason)
  t.equal(await second, reason)
  await eventually('no guard', async () => (await ground.guards()).length === 0)
  await lease?.release()
  await ground.empty()
})

test('aborts at any moment never leave a node', async t => {
  const ground = await arena(t, at)
  const { semaphore } = await ground.contender()
  const outcomes = new Set<string>()
  for (let round = 0; round < 60; round++) {
    const controller = new AbortController()
    const acquiring = semaphore.acquire({ signal: controller.signal, wait: 10_000 })
    const timer = setTimeout(() => controller.abort(new Error('enough')), round / 4)
    const lease = await acquiring.catch(() => null)
    clearTimeout(timer)
    outcomes.add(lease === null ? 'aborted' : 'acquired')
    await lease?.release()
  }
  await ground.empty()
  t.ok(outcomes.has('aborted'))
})

test('leases are handed over in the order of asking', async t => {
  const ground = await arena(t, at)
  const holder = await ground.contender()
  const lease = await holder.semaphore.acquire()
  const order: number[] = []
  const turns: Promise<void>[] = []
  for (let i = 0; i < 6; i++) {
    const { semaphore } = await ground.contender()
    const turn = semaphore.acquire().then(async mine => {
      order.push(i)
      await mine?.release()
    })
    turns.push(turn)
    await inLine(ground, i + 1)
  }
  await lease?.release()
  await Promise.all(turns)
  t.same(order, [0, 1, 2, 3, 4, 5])
  await ground.empty()
})

test('twenty contenders: one at a time, growing tokens, and one event per hand-over', async t => {
  const ground = await arena(t, at)
  const holder = await ground.contender()
  const events: string[] = []
  const follow = (proxy: typeof holder.proxy): void => {
    proxy.filter(frame => {
      if (frame.kind === 'reply' && frame.xid === -1) events.push(Buffer.from(frame.bytes).toString('latin1'))
      return 'pass'
    })
  }
  const lease = await holder.semaphore.acquire()
  let inside = 0
  const tokens: bigint[] = [lease!.fencingToken]
  const gates: (() => void)[] = []
  const turns: Promise<void>[] = []
  for (let i = 0; i < 20; i++) {
    const { semaphore, proxy } = await ground.contender()
    follow(proxy)
    const turn = async (mine: Tenure | null): Promise<void> => {
      inside++
      t.equal(inside, 1, `${i} is alone`)
      tokens.push(mine!.fencingToken)
      await new Promise<void>(resolve => gates.push(resolve))
      inside--
      await mine?.release()
    }
    turns.push(semaphore.acquire().then(turn))
    await inLine(ground, i + 1)
  }
  await eventually('the first watches the pool', async () => (await server.command('wchc')).includes(LOCK))
  for (let i = 0; i < 20; i++) {
    if (i === 0) await lease?.release()
    else gates.shift()?.()
    await eventually(`turn ${i}`, () => tokens.length === i + 2)
    await inLine(ground, 19 - i)
  }
  gates.shift()?.()
  await Promise.all(turns)
  // The first found the guard free; each of the others was told once that its turn had come.
  t.equal(events.filter(event => event.includes(GUARD)).length, 19, 'no herd at the guard')
  // Each was told once that the pool had changed, and once that its own lease was gone, at most.
  t.ok(events.length <= 19 + 2 * 20, `${events.length} events for 20 hand-overs`)
  t.same(
    tokens,
    [...tokens].sort((a, b) => (a < b ? -1 : 1)),
    'tokens grow',
  )
  await ground.empty()
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

test('the parents go away while somebody waits', async t => {
  const ground = await arena(t, at)
  const [a, b, c] = [await ground.contender(), await ground.contender(), await ground.contender()]
  await a.semaphore.acquire()
  const waiting = [b, c].map(async ({ semaphore }) => (await semaphore.acquire())?.release())
  await inLine(ground, 2)
  await ground.witness.delete(GUARD, { recursive: true })
  await ground.witness.delete(LOCK, { recursive: true })
  t.same(await Promise.all(waiting), [true, true])
  await ground.empty()
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

test('a wait that ends without a lease leaves no watch behind', async t => {
  const ground = await arena(t, at)
  const holder = await ground.contender()
  const waiter = await ground.contender()
  const lease = await holder.semaphore.acquire()
  const other = new Semaphore(waiter.zk.chroot(chrootOf(ground.servers)), LOCK)
  for (let i = 0; i < 3; i++) {
    t.equal(await waiter.semaphore.acquire({ wait: 50 }), null)
    t.equal(await other.acquire({ wait: 50 }), null)
  }
  t.equal(waiter.zk.status().watches, 0, 'not here')
  await waiter.zk.sync('/')
  const watched = await waiter.zk.command('wchp')
  const session = `0x${waiter.zk.sessionId.toString(16)}`
  t.notMatch(watched, session, 'nor on the server')
  await lease?.release()
})

/** `/test-...` of host:port/test-... */
function chrootOf(servers: string): string {
  return servers.slice(servers.indexOf('/'))
}
