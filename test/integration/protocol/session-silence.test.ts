// A session whose link falls silent, against a real server: black holes in each direction, and what the client knows by then.
import { concurrently } from '../../support/concurrently.ts'
import { eventually } from '../../support/eventually.ts'
import { client, ownServer } from '../../support/zookeeper.ts'
import { t } from '../../tap.ts'
import { connectedAgain, errorOf, historyOf, inOrder, names, passed, proxied, proxyTo } from './support.ts'

// Sessions long enough for what is compared with them to come in its order also where the machine stands still for seconds.
const T = 12_000
const { connectString: at } = await ownServer(t, { tickTime: 250, config: { maxSessionTimeout: '60000' } })

const test = concurrently({ jobs: 16, timeout: 120_000 })

test('H1: a black hole is noticed in time to find the same session on another address', async t => {
  const [bad, good] = [await proxyTo(t, at), await proxyTo(t, at)]
  const zk = await client(t, `${bad.connectString},${good.connectString}`, {
    sessionTimeout: T,
    ports: { random: inOrder },
  })
  const history = historyOf(zk)
  const { sessionId } = zk
  t.equal(bad.connections, 1)
  await zk.create('/hole', null, { mode: 'ephemeral' })
  bad.set({ kind: 'blackHole', direction: 'both' })
  const read = zk.get('/hole')
  await passed(history, 'suspended')
  const { stat } = await read
  t.same(names(history), ['suspended', 'connected'], 'never lost')
  t.equal(stat.ephemeralOwner, sessionId)
  t.equal(zk.sessionId, sessionId)
  t.equal(zk.generation, 1)
  t.equal(good.connections, 1)
  t.equal(bad.connections, 0, 'the dead link was let go')
})

test('H1: a black hole towards the client alone is noticed too', async t => {
  const [bad, good] = [await proxyTo(t, at), await proxyTo(t, at)]
  const zk = await client(t, `${bad.connectString},${good.connectString}`, {
    sessionTimeout: T,
    ports: { random: inOrder },
  })
  const history = historyOf(zk)
  bad.set({ kind: 'blackHole', direction: 'toClient' })
  const error = errorOf(zk.create('/deaf', null, { mode: 'ephemeral' }))
  t.match(await error, { code: 'CONNECTION_LOSS', mayHaveApplied: true })
  await connectedAgain(zk)
  t.same(names(history), ['suspended', 'connected'])
  t.equal((await zk.exists('/deaf'))?.ephemeralOwner, zk.sessionId, 'and it was')
})

test('H6: a client that is only heard no more is lost although events still come, before its ephemerals go', async t => {
  const { zk, proxy, history } = await proxied(t, at, { sessionTimeout: T })
  const witness = await client(t, at)
  const order: string[] = []
  // What the client knew of its session at the first change: 0 from its last moment on.
  let left = Number.POSITIVE_INFINITY
  // The longest time without an event: where it is long in earnest, the link may be given up first.
  let silence = 0
  let heardAt = Number.POSITIVE_INFINITY
  const hear = (): void => {
    silence = Math.max(silence, performance.now() - heardAt)
    heardAt = performance.now()
  }
  zk.on('state', ({ state }) => {
    if (order.length === 0) {
      hear()
      left = zk.sessionRemaining
    }
    order.push(state)
  })
  await zk.create('/dumb', null, { mode: 'ephemeral' })
  await witness.create('/dumb-events')
  let remaining: number | null = null
  await witness.exists('/dumb', {
    watch: () => {
      remaining = zk.sessionRemaining
      order.push('gone')
    },
  })
  const EVENTS = 400
  let events = 0
  for (let i = 0; i < EVENTS; i++)
    await zk.exists(`/dumb-events/${i}`, {
      watch: () => {
        events++
        hear()
      },
    })
  hear()
  proxy.set({ kind: 'blackHole', direction: 'toServer' })
  let next = 0
  const pace = setInterval(() => {
    if (next < EVENTS) witness.create(`/dumb-events/${next++}`).catch(() => {})
  }, 50)
  t.teardown(() => clearInterval(pace))
  await passed(history, 'lost')
  const heard = events
  await eventually('the end of the ephemeral', () => order.includes('gone'))
  clearInterval(pace)
  t.ok(heard > 10, `${heard} events came through`)
  const first = order.find(word => word !== 'gone')
  // A process that wakes when it is all over may first read that the server, too, has hung up.
  const excused = silence > T / 2 || left === 0
  t.ok(
    first === 'lost' || excused,
    `not suspended before: the link looked alive, ${silence} ms at most in silence, with ${left} ms left`,
  )
  t.equal(remaining, 0, 'the client knew')
  proxy.set({ kind: 'pass' })
  await connectedAgain(zk, 2)
  const seen = names(history).filter(name => !excused || name !== 'suspended')
  t.same(seen.slice(0, 4), ['lost', 'expired', 'connecting', 'connected'])
})

test('H6: a partitioned client is lost before its ephemerals go, then expires by its own clock', async t => {
  const { zk, proxy } = await proxied(t, at, { sessionTimeout: T })
  const witness = await client(t, at)
  const order: string[] = []
  zk.on('state', ({ state }) => order.push(state))
  await zk.create('/alone', null, { mode: 'ephemeral' })
  // Asked at the moment it is gone: the answer comes from the clock, however busy this process is.
  let remaining: number | null = null
  await witness.exists('/alone', {
    watch: () => {
      remaining = zk.sessionRemaining
      order.push('gone')
    },
  })
  proxy.set({ kind: 'blackHole', direction: 'both' })
  const read = zk.exists('/alone')
  const write = errorOf(zk.set('/alone', 'x'))
  await eventually('expired', () => order.includes('expired') && order.includes('gone'))
  t.match(await write, { code: 'CONNECTION_LOSS', mayHaveApplied: true })
  t.equal(remaining, 0, 'the client knew')
  t.same(order.filter(word => word !== 'gone').slice(0, 4), ['suspended', 'lost', 'expired', 'connecting'])
  proxy.set({ kind: 'pass' })
  t.equal(await read, null, 'the read was handed to the new session')
  t.equal(zk.generation, 2)
  t.equal(proxy.connections, 1)
})
