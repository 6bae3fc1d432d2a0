// What users of locks were hurt by, against a real server: ghosts, dying nodes, waiters that leave.
import { OpCode } from '../../../protocol/opcodes.ts'
import { deferred } from '../../../protocol/support/deferred.ts'
import type { Tenure } from '../../../src/recipes/index.ts'
import { concurrently } from '../../support/concurrently.ts'
import { eventually } from '../../support/eventually.ts'
import { serverForAnySession } from '../../support/zookeeper.ts'
import { t } from '../../tap.ts'
import { atOnce, errorOf, historyOf, passed } from '../protocol/support.ts'
import { loseReply } from '../registry/support.ts'
import { arena, inLine, LOCK } from './support.ts'

const { connectString: at } = await serverForAnySession(t)

const test = concurrently({ jobs: 4, timeout: 120_000 })

test('H22: a hundred lost replies of creations: never more than one node for a contender', async t => {
  const ground = await arena(t, at)
  const { semaphore, proxy } = await ground.contender({}, { ports: { random: atOnce } })
  await (await semaphore.acquire())?.release()
  let most = 0
  let lost = 0
  for (let round = 0; round < 100; round++) {
    // The place in line is created by itself, the lease in a transaction.
    const count = loseReply(proxy, ...(round % 2 === 0 ? [OpCode.create, OpCode.create2] : [OpCode.multi]))
    const lease = await semaphore.acquire({ wait: 30_000 })
    const [leases, guards] = [await ground.leases(), await ground.guards()]
    most = Math.max(most, leases.length, guards.length)
    if (!lease?.held || leases.length !== 1) t.fail(`round ${round}: ${leases.length} leases`)
    await lease?.release()
    lost += count()
  }
  t.ok(most <= 1, `${most} nodes at once`)
  t.ok(lost >= 90, `${lost} replies were lost`)
  await ground.empty()
})

test('H24: the node of our own dying session is not ours: a new one is made once it is gone', async t => {
  const ground = await arena(t, at)
  // The client gives up after 4/3 of it, the server after its whole behind the last attempt that it heard.
  const { zk, semaphore, proxy } = await ground.contender({}, { sessionTimeout: 9000 })
  const history = historyOf(zk)
  const first = (await semaphore.acquire()) as Tenure
  const former = zk.sessionId
  // The server hears everything and keeps the session; the client hears nothing and gives it up.
  proxy.set({ kind: 'blackHole', direction: 'toClient' })
  await passed(history, 'expired')
  t.equal(first.held, false)
  t.equal((await ground.leases()).length, 1, 'the server still has the former lease')
  proxy.set({ kind: 'pass' })
  const second = (await semaphore.acquire({ wait: 30_000 })) as Tenure
  t.ok(second.held)
  t.not(second.path, first.path)
  t.ok(second.fencingToken > first.fencingToken)
  const [name] = await ground.leases()
  const owner = (await ground.witness.exists(`${LOCK}/${name}`))?.ephemeralOwner
  t.equal(owner, zk.sessionId)
  t.not(owner, former)
  await second.release()
  await ground.empty()
})

test('H26: of a hundred waiters fifty leave: their nodes go, and each release wakes one of the rest', async t => {
  const ground = await arena(t, at)
  const holder = await ground.contender()
  const { zk, semaphore, proxy } = await ground.contender()
  const held = (await holder.semaphore.acquire()) as Tenure
  const controllers: AbortController[] = []
  const order: number[] = []
  const leases: Tenure[] = []
  const left: Promise<unknown>[] = []
  for (let i = 0; i < 100; i++) {
    const controller = new AbortController()
    controllers.push(controller)
    const acquiring = semaphore.acquire({ signal: controller.signal }).then(lease => {
      order.push(i)
      leases.push(lease as Tenure)
    })
    if (i % 2 === 1) left.push(errorOf(acquiring))
    await inLine(ground, i + 1)
  }
  for (const [i, controller] of controllers.entries()) if (i % 2 === 1) controller.abort(new Error('enough'))
  t.strictSame(
    (await Promise.all(left)).map(error => (error as Error).message),
    Array(50).fill('enough'),
  )
  await inLine(ground, 50)
  t.strictSame(order, [], 'nobody got in because others left')
  // Behind its answer no event of those who left is on its way.
  await zk.sync('/')
  let events = 0
  proxy.filter(frame => {
    if (frame.kind === 'reply' && frame.xid === -1) events++
    return 'pass'
  })
  await held.release()
  for (let turn = 0; turn < 50; turn++) {
    await eventually(`turn ${turn}`, () => order.length === turn + 1)
    await inLine(ground, 49 - turn)
    if (turn < 49) await leases[turn]!.release()
  }
  t.strictSame(
    order,
    Array.from({ length: 50 }, (_, turn) => 2 * turn),
    'in the order of asking',
  )
  // Of each hand-over the next in line, the one who watches the pool, and the holder of the lease are told: nobody else.
  t.ok(events <= 3 * 50, `${events} events for 50 hand-overs`)
  await leases.at(-1)!.release()
  await ground.empty()
})

test('H26: waiters that leave while the link is cut leave no node either', async t => {
  const ground = await arena(t, at)
  const holder = await ground.contender()
  const { semaphore, proxy } = await ground.contender()
  const held = (await holder.semaphore.acquire()) as Tenure
  const controller = new AbortController()
  const waiting = Array.from({ length: 10 }, () => errorOf(semaphore.acquire({ signal: controller.signal })))
  await inLine(ground, 10)
  proxy.set({ kind: 'refuse' })
  proxy.cut()
  controller.abort(new Error('enough'))
  t.strictSame(
    (await Promise.all(waiting)).map(error => (error as Error).message),
    Array(10).fill('enough'),
  )
  t.equal((await ground.guards()).length, 10, 'the server cannot know yet')
  proxy.set({ kind: 'pass' })
  await inLine(ground, 0)
  await held.release()
  await ground.empty()
})

test('a single try does not wait for a broken connection, before it or while it is under way', async t => {
  const ground = await arena(t, at)
  const { zk, semaphore, proxy } = await ground.contender()
  await (await semaphore.acquire())?.release()
  const sent = deferred<void>()
  const restore = proxy.filter(frame => {
    if (frame.kind !== 'request' || frame.opcode === OpCode.ping) return 'pass'
    sent.resolve()
    return 'drop'
  })
  const trying = errorOf(semaphore.acquire({ wait: 0 }))
  await sent.promise
  proxy.set({ kind: 'refuse' })
  proxy.cut()
  t.match(await trying, { code: 'CONNECTION_LOSS' })
  t.match(await errorOf(semaphore.acquire({ wait: 0 })), { code: 'CONNECTION_LOSS' })
  t.equal(zk.state, 'suspended')
  const patient = semaphore.acquire({ wait: 30_000 })
  restore()
  proxy.set({ kind: 'pass' })
  t.ok((await patient)?.held, 'who has time waits it out')
})
