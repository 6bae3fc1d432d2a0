// Who waits for a lease, on a real server: in which order they come, and what those leave behind who give up.
import type { Tenure } from '../../../src/recipes/index.ts'
import { Semaphore } from '../../../src/recipes/index.ts'
import { concurrently } from '../../support/concurrently.ts'
import { eventually } from '../../support/eventually.ts'
import { serverForAnySession } from '../../support/zookeeper.ts'
import { t } from '../../tap.ts'
import { errorOf } from '../protocol/support.ts'
import { arena, GUARD, inLine, LOCK } from './support.ts'

const server = await serverForAnySession(t)
const at = server.connectString

const test = concurrently({ jobs: 8, timeout: 120_000 })

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
  t.ok(await c.semaphore.acquire({ wait: 60_000 }))
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
  const session = `0x${waiter.zk.sessionId.toString(16)}`
  // Behind the answer to a question that was on its way when the time was up.
  await eventually('nor on the server', async () => !(await waiter.zk.command('wchp')).includes(session))
  t.equal(waiter.zk.status().watches, 0)
  await lease?.release()
})

/** `/test-...` of host:port/test-... */
function chrootOf(servers: string): string {
  return servers.slice(servers.indexOf('/'))
}
