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

/** What was heard, how much was left of the session by then, and for how long no event had come. */
interface Moment {
  readonly what: string
  readonly left: number
  readonly silence: number
}

test('H6: a client that is only heard no more is lost although events still come, before its ephemerals go', async t => {
  const { zk, proxy } = await proxied(t, at, { sessionTimeout: T })
  const witness = await client(t, at)
  const moments: Moment[] = []
  let heardAt = performance.now()
  const note = (what: string): void => {
    moments.push({ what, left: zk.sessionRemaining, silence: performance.now() - heardAt })
  }
  const noted = (what: string): Moment | undefined => moments.find(moment => moment.what === what)
  zk.on('state', ({ state }) => note(state))
  await zk.create('/dumb', null, { mode: 'ephemeral' })
  await witness.create('/dumb-events')
  await witness.exists('/dumb', { watch: () => note('gone') })
  const EVENTS = 400
  let events = 0
  const watch = (): void => {
    events++
    heardAt = performance.now()
  }
  for (let i = 0; i < EVENTS; i++) await zk.exists(`/dumb-events/${i}`, { watch })
  heardAt = performance.now()
  proxy.set({ kind: 'blackHole', direction: 'toServer' })
  // It never gets there, and tells in the end what became of the link.
  const write = errorOf(zk.set('/dumb', 'x', { timeout: Number.POSITIVE_INFINITY }))
  let next = 0
  const pace = setInterval(() => {
    if (next < EVENTS) witness.create(`/dumb-events/${next++}`).catch(() => {})
  }, 50)
  t.teardown(() => clearInterval(pace))
  await eventually('the loss', () => noted('lost'))
  t.ok(events > 10, `${events} events came through`)
  await eventually('the end of the ephemeral', () => noted('gone'))
  clearInterval(pace)
  proxy.set({ kind: 'pass' })
  await connectedAgain(zk, 2)
  const shown = JSON.stringify(moments)
  const told = moments.filter(({ what }) => what !== 'gone')
  const { cause } = (await write) as { cause?: Error & { code?: string } }
  const why = cause?.message ?? 'the server hung up'
  const [first] = told
  if (first?.what === 'suspended') {
    // Where the machine stands still, the link may go first, for one of two reasons.
    const silent = /^nothing received for (\d+) ms$/.exec(why)
    if (silent !== null) t.ok(Number(silent[1]) >= (T * 2) / 3 && first.silence > T / 2, `${why}: ${shown}`)
    else t.ok(first.left === 0 && (cause === undefined || cause.code === 'ECONNRESET'), `${why}: ${shown}`)
    told.shift()
  } else {
    t.equal(why, `no answer for ${T} ms`, shown)
  }
  t.same(
    told.slice(0, 4).map(({ what }) => what),
    ['lost', 'expired', 'connecting', 'connected'],
    shown,
  )
  t.equal(noted('lost')?.left, 0, shown)
  t.equal(noted('gone')?.left, 0, `the client knew: ${shown}`)
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
