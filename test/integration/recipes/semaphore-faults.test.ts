// The semaphore under fault, against a real server: lost replies, expiry, partitions, cut links, late deadlines.
import { OpCode } from '../../../protocol/opcodes.ts'
import { deferred } from '../../../protocol/support/deferred.ts'
import { Semaphore } from '../../../src/recipes/index.ts'
import { concurrently } from '../../support/concurrently.ts'
import { eventually } from '../../support/eventually.ts'
import { client, serverForAnySession } from '../../support/zookeeper.ts'
import { t } from '../../tap.ts'
import { atOnce, errorOf, historyOf, passed, renewed } from '../protocol/support.ts'
import { loseReply } from '../registry/support.ts'
import { arena, GUARD, inLine, LOCK } from './support.ts'

const { connectString: at } = await serverForAnySession(t)

const test = concurrently({ jobs: 8, timeout: 120_000 })

test('lost replies of the guard, of the lease and of the deletions leave no ghosts', async t => {
  const ground = await arena(t, at)
  const { semaphore, proxy } = await ground.contender({}, { ports: { random: atOnce } })
  const other = await ground.contender()
  let lost = 0
  for (let round = 0; round < 24; round++) {
    const kinds = [[OpCode.create, OpCode.create2], [OpCode.multi], [OpCode.delete]][round % 3]!
    const count = loseReply(proxy, ...kinds)
    const lease = await semaphore.acquire({ wait: 20_000 })
    t.ok(lease?.held, `round ${round}`)
    t.equal((await ground.leases()).length, 1)
    await lease?.release()
    lost += count()
    const next = await other.semaphore.acquire({ wait: 20_000 })
    t.ok(next?.held, `round ${round}: the next one gets in`)
    await next?.release()
  }
  t.ok(lost >= 20, `${lost} replies were lost`)
  await ground.empty()
})

test('cuts at any moment leave no ghosts', async t => {
  const ground = await arena(t, at)
  const { semaphore, proxy } = await ground.contender({}, { ports: { random: atOnce } })
  for (let round = 0; round < 20; round++) {
    proxy.cutAfter(20 + round * 37, round % 2 === 0 ? 'toClient' : 'toServer')
    const lease = await semaphore.acquire({ wait: 20_000 })
    t.ok(lease?.held, `round ${round}`)
    await lease?.release()
  }
  await ground.empty()
})

test('a client that is being closed holds nothing from then on, though its last answer is lost', async t => {
  const ground = await arena(t, at)
  const { zk, semaphore, proxy } = await ground.contender()
  const lease = await semaphore.acquire({ wait: 20_000 })
  t.equal(lease?.held, true)
  proxy.set({ kind: 'blackHole', direction: 'toClient' })
  const closing = zk.close()
  t.equal(lease?.signal.aborted, true)
  t.match(lease?.signal.reason, { code: 'LOST' })
  await closing
  await ground.empty()
})

test('who lost the guard after counting creates no lease', async t => {
  const ground = await arena(t, at)
  const zk = await client(t, ground.servers)
  const begin = zk.transaction.bind(zk)
  const outcomes: unknown[] = []
  // Somebody deletes the guard just before the lease of its holder is created.
  zk.transaction = () => {
    const transaction = begin()
    const commit = transaction.commit.bind(transaction)
    transaction.commit = async options => {
      const [guard] = outcomes.length === 0 ? await ground.guards() : []
      if (guard !== undefined) await ground.witness.delete(`${GUARD}/${guard}`)
      const answer = commit(options)
      if (guard !== undefined) outcomes.push(await errorOf(answer))
      return answer
    }
    return transaction
  }
  const lease = await new Semaphore(zk, LOCK).acquire({ wait: 20_000 })
  t.match(outcomes, [{ code: 'NO_NODE', index: 0 }], 'the check of the guard fails')
  t.ok(lease?.held, 'it lines up again')
  t.equal((await ground.leases()).length, 1)
  await lease?.release()
  await ground.empty()
})

for (const how of ['the time is up', 'it is aborted']) {
  test(`a lease that comes after ${how} goes back`, async t => {
    const ground = await arena(t, at)
    const { semaphore, proxy } = await ground.contender()
    await (await semaphore.acquire())?.release()
    // The lease is created; the deletion of the guard, which follows, gets no answer before the end.
    const reached = deferred<void>()
    const restore = proxy.filter(frame => {
      if (frame.kind !== 'request' || frame.opcode !== OpCode.delete) return 'pass'
      reached.resolve()
      return 'drop'
    })
    const controller = new AbortController()
    const wait = how === 'the time is up' ? 10_000 : 60_000
    const acquiring = semaphore.acquire({ wait, signal: controller.signal }).catch(error => error.message)
    await reached.promise
    t.equal((await ground.leases()).length, 1, 'the lease stands')
    if (how === 'it is aborted') controller.abort(new Error('enough'))
    t.equal(await acquiring, how === 'the time is up' ? null : 'enough')
    restore()
    proxy.cut()
    await ground.empty()
  })
}

test('expiry while waiting: it goes on in the next session', async t => {
  const ground = await arena(t, at)
  const [a, b, c] = [await ground.contender(), await ground.contender(), await ground.contender()]
  const lease = await a.semaphore.acquire()
  const waiting = b.semaphore.acquire()
  await inLine(ground, 1)
  const behind = c.semaphore.acquire()
  await inLine(ground, 2)
  await renewed(b.zk, at)
  await renewed(b.zk, at)
  await inLine(ground, 2)
  await lease?.release()
  const next = await behind
  t.ok(next?.held, 'its place went with its session')
  await next?.release()
  const last = await waiting
  t.ok(last?.held)
  t.equal((await ground.witness.exists(last!.path))?.ephemeralOwner, b.zk.sessionId)
  await last?.release()
  await ground.empty()
})

test('expiry while counting: the guard has gone, and another place in line is taken at once', async t => {
  const ground = await arena(t, at)
  const { semaphore } = await ground.contender()
  const lease = await semaphore.acquire()
  const zk = await client(t, ground.servers)
  const list = zk.getChildren.bind(zk)
  const former = zk.sessionId
  let isFirst = true
  // The session ends with the guard in it, before the leases are counted.
  zk.getChildren = async (path, options) => {
    if (path === LOCK && isFirst) {
      isFirst = false
      await renewed(zk, at)
    }
    return list(path, options)
  }
  const waiting = new Semaphore(zk, LOCK).acquire()
  await eventually('a place of the next session', async () => {
    const [guard] = await ground.guards()
    const owner = guard && (await ground.witness.exists(`${GUARD}/${guard}`))?.ephemeralOwner
    return zk.sessionId !== former && owner === zk.sessionId
  })
  await lease?.release()
  const next = await waiting
  t.equal(next?.held, true)
  await next?.release()
  await ground.empty()
})

test('H6: expiry while holding: the signal aborts, and the next one gets in', async t => {
  const ground = await arena(t, at)
  const [a, b] = [await ground.contender(), await ground.contender()]
  const lease = (await a.semaphore.acquire())!
  const waiting = b.semaphore.acquire()
  await inLine(ground, 1)
  await renewed(a.zk, at)
  t.equal(lease.signal.aborted, true)
  t.match(lease.signal.reason, { code: 'LOST' })
  const next = await waiting
  t.ok(next!.fencingToken > lease.fencingToken)
  t.equal(await lease.release(), false)
  t.equal(next?.held, true, 'the late release of the former holder does not hurt the next')
  await next?.release()
  await ground.empty()
})

test('H6: a partitioned holder hears of it before another one gets in', async t => {
  for (const direction of ['both', 'toServer', 'toClient'] as const) {
    const ground = await arena(t, at)
    const a = await ground.contender({}, { sessionTimeout: 5000 })
    const b = await ground.contender()
    const lease = (await a.semaphore.acquire())!
    // Asked at the moment the next one is in: the answer comes from the clock, however busy this process is.
    let stillHeld: boolean | null = null
    const waiting = b.semaphore.acquire().then(next => {
      stillHeld = lease.held
      return next
    })
    await inLine(ground, 1)
    a.proxy.set({ kind: 'blackHole', direction })
    await eventually('lost', () => lease.signal.aborted)
    a.proxy.set({ kind: 'pass' })
    const next = await waiting
    t.equal(stillHeld, false, direction)
    await next?.release()
    await lease.release()
    await ground.empty()
  }
})

test('who lost it and comes back in the same session leaves it, and can take it again', async t => {
  const ground = await arena(t, at)
  const { semaphore, zk, proxy } = await ground.contender({}, { sessionTimeout: 3000 })
  const lease = (await semaphore.acquire())!
  const { sessionId } = zk
  const history = historyOf(zk)
  proxy.set({ kind: 'blackHole', direction: 'toClient' })
  await passed(history, 'lost')
  proxy.set({ kind: 'pass' })
  t.equal(lease.held, false)
  const again = await semaphore.acquire({ wait: 15_000 })
  t.ok(again?.held, `in ${zk.sessionId === sessionId ? 'the same' : 'another'} session`)
  await again?.release()
  await ground.empty()
})

test('a release while the link is cut is complete when the link is back', async t => {
  const ground = await arena(t, at)
  const [a, b] = [await ground.contender(), await ground.contender()]
  const lease = (await a.semaphore.acquire())!
  const waiting = b.semaphore.acquire()
  await inLine(ground, 1)
  a.proxy.set({ kind: 'refuse' })
  a.proxy.cut()
  await eventually('down', () => a.zk.state === 'suspended')
  t.equal(lease.held, true, 'a short outage is no loss')
  const releasing = lease.release()
  t.equal(lease.held, false, 'here it is released at once')
  a.proxy.set({ kind: 'pass' })
  t.equal(await releasing, true)
  const next = await waiting
  t.ok(next?.held)
  t.equal(a.zk.generation, 1)
  await next?.release()
})

test('a client that ends, ends every acquire and every lease', async t => {
  const ground = await arena(t, at)
  const [a, b] = [await ground.contender(), await ground.contender()]
  const lease = (await a.semaphore.acquire())!
  const own = errorOf(a.semaphore.acquire())
  const waiting = errorOf(b.semaphore.acquire({ wait: 60_000 }))
  await inLine(ground, 2)
  await b.zk.close()
  t.match(await waiting, { code: 'CLOSED' })
  await a.zk.close()
  t.match(await own, { code: 'CLOSED' })
  t.match(lease.signal.reason, { code: 'LOST' })
  t.equal(await lease.release(), false)
  t.match(await errorOf(a.semaphore.acquire()), { code: 'CLOSED' })
  await ground.empty()
})

test('a client that does not renew its session rejects with SESSION_EXPIRED', async t => {
  const ground = await arena(t, at)
  const holder = await ground.contender()
  const lease = await holder.semaphore.acquire()
  const strict = await ground.contender({}, { onExpired: 'close' })
  const waiting = errorOf(strict.semaphore.acquire())
  await inLine(ground, 1)
  const thief = await client(t, at, { session: strict.zk.session! })
  await thief.close()
  t.match(await waiting, { code: 'SESSION_EXPIRED' })
  t.match(await errorOf(strict.semaphore.acquire({ wait: 5000 })), { code: 'SESSION_EXPIRED' })
  await lease?.release()
  await ground.empty()
})

test('a queue that is full does not stop the world', async t => {
  const ground = await arena(t, at)
  const { proxy, zk } = await ground.contender({}, { maxQueuedRequests: 1 })
  const semaphore = new Semaphore(zk.chroot(`/${ground.servers.split('/')[1]}`), LOCK)
  proxy.set({ kind: 'refuse' })
  proxy.cut()
  await eventually('down', () => zk.state === 'suspended')
  const read = zk.exists('/')
  const acquiring = semaphore.acquire({ wait: 20_000 })
  await new Promise(resolve => setTimeout(resolve, 50))
  proxy.set({ kind: 'pass' })
  t.ok(await read)
  const lease = await acquiring
  t.ok(lease?.held)
  await lease?.release()
  t.ok(await ground.witness.exists(GUARD))
  await ground.empty()
})
