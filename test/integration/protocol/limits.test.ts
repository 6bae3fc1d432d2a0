// The limits of both sides against real servers: what is too large, too much or too slow, and that the client goes on.
import { Buffer } from 'node:buffer'
import { startServer } from '../../../scripts/zookeeper/server.ts'
import { concurrently } from '../../support/concurrently.ts'
import { eventually } from '../../support/eventually.ts'
import { client, connect, connectInChroot } from '../../support/zookeeper.ts'
import { t } from '../../tap.ts'
import { errorOf, historyOf, names, passed, proxied } from './support.ts'

const [small, slow] = await Promise.all([
  startServer({ tickTime: 500, maxBuffer: 20_000 }),
  startServer({ tickTime: 500, config: { globalOutstandingLimit: '10' } }),
])
t.teardown(() => Promise.all([small.stop(), slow.stop()]))

const test = concurrently({ jobs: 16, timeout: 90_000 })

test('a request above the jute.maxbuffer of the server: its caller hears of it, and the client goes on', async t => {
  const zk = await client(t, small.connectString)
  const history = historyOf(zk)
  const { sessionId } = zk
  await zk.create('/a', 'x', { mode: 'ephemeral' })
  const [write, read] = [errorOf(zk.set('/a', Buffer.alloc(50_000))), zk.get('/a')]
  t.match(await write, { code: 'CONNECTION_LOSS', operation: 'setData', path: '/a', mayHaveApplied: true })
  t.equal((await read).stat.version, 0, 'a read behind it is sent again')
  t.equal(zk.sessionId, sessionId)
  t.same(names(history), ['suspended', 'connected'])
  t.equal((await zk.set('/a', Buffer.alloc(19_000))).version, 1)
  const multi = zk
    .transaction()
    .create('/b', Buffer.alloc(15_000))
    .create('/c', Buffer.alloc(15_000))
    .commit()
  t.match(await errorOf(multi), { code: 'CONNECTION_LOSS', operation: 'multi', mayHaveApplied: true })
  t.equal(await zk.exists('/b'), null)
})

test('a limit of the client that is the one of the server: refused before it is sent', async t => {
  const zk = await client(t, small.connectString, { maxRequestSize: 20_000 })
  const history = historyOf(zk)
  await zk.create('/d')
  const tooLarge = { code: 'PACKET_TOO_LARGE', limit: 20_000, mayHaveApplied: false }
  t.match(await errorOf(zk.set('/d', Buffer.alloc(50_000))), {
    ...tooLarge,
    path: '/d',
    operation: 'setData',
  })
  t.match(await errorOf(zk.set('/d', Buffer.alloc(19_990))), { ...tooLarge, path: '/d' }, 'with its header')
  const transaction = zk.transaction().set('/d', Buffer.alloc(15_000)).set('/d', Buffer.alloc(15_000))
  t.match(await errorOf(transaction.commit()), { ...tooLarge, operation: 'multi' })
  t.same(names(history), [])
})

test('a listing above the limit of the client: one error, and no loop', async t => {
  const { zk, connectString } = await connectInChroot(t)
  const made = Array.from({ length: 200 }, (_, i) => zk.create(`/${String(i).padStart(100, 'n')}`))
  await Promise.all(made)
  const narrow = await client(t, connectString, { maxResponseSize: 10_000 })
  const history = historyOf(narrow)
  const { sessionId } = narrow
  const error = await errorOf(narrow.getChildren('/'))
  t.match(error, {
    code: 'PACKET_TOO_LARGE',
    name: 'PacketTooLargeError',
    limit: 10_000,
    path: '/',
    operation: 'getChildren',
    mayHaveApplied: false,
  })
  t.ok((error as { size: number }).size > 20_000)
  const others = [narrow.exists('/'), errorOf(narrow.getChildren('/')), narrow.exists('/')]
  t.match(await Promise.all(others), [
    { numChildren: 200 },
    { code: 'PACKET_TOO_LARGE' },
    { numChildren: 200 },
  ])
  await narrow.set('/', 'still writes')
  t.equal(narrow.sessionId, sessionId)
  t.same(names(history), ['suspended', 'connected', 'suspended', 'connected'])
})

test('a listing beyond the jute.maxbuffer of the server is read whole', async t => {
  const zk = await client(t, small.connectString)
  await zk.create('/many')
  await Promise.all(
    Array.from({ length: 1000 }, (_, i) => zk.create(`/many/${String(i).padStart(100, 'n')}`)),
  )
  t.equal((await zk.getChildren('/many')).children.length, 1000)
})

test('5,000 requests at once on a server that takes ten: all are answered, in order', async t => {
  const zk = await client(t, slow.connectString)
  const history = historyOf(zk)
  await zk.create('/a')
  const order: number[] = []
  const requests = Array.from({ length: 5000 }, (_, i) => {
    const request = i % 10 === 0 ? zk.set('/a', `${i}`) : zk.exists('/a')
    return request.then(stat => {
      order.push(i)
      return stat?.version
    })
  })
  const versions = await Promise.all(requests)
  t.same(
    versions,
    versions.map((_, i) => Math.floor(i / 10) + 1),
  )
  t.same(
    order,
    order.map((_, i) => i),
  )
  t.same(names(history), [])
})

test('requestTimeout: the calls end in time, in whatever state, and late answers harm nobody', async t => {
  const { connectString } = await connectInChroot(t)
  const { zk, proxy, history } = await proxied(t, connectString.split('/')[0]!, {
    sessionTimeout: 20_000,
    requestTimeout: 150,
  })
  const path = `/${connectString.split('/')[1]}`
  proxy.set({ kind: 'stall', direction: 'toClient' })
  const calls = [zk.exists(path), zk.set(path, 'x'), zk.exists(path, { timeout: 20_000 })] as const
  t.match(await errorOf(calls[0]), {
    code: 'REQUEST_TIMEOUT',
    operation: 'exists',
    path,
    mayHaveApplied: false,
  })
  t.match(await errorOf(calls[1]), {
    code: 'REQUEST_TIMEOUT',
    operation: 'setData',
    path,
    mayHaveApplied: true,
  })
  proxy.set({ kind: 'pass' })
  t.equal((await calls[2])?.version, 1, 'what timed out was executed')
  t.same(names(history), [])
  proxy.set({ kind: 'refuse' })
  proxy.cut()
  await passed(history, 'suspended')
  t.match(await errorOf(zk.set(path, 'y')), { code: 'REQUEST_TIMEOUT', mayHaveApplied: false })
  t.match(await errorOf(zk.watch(path).next()), { code: 'REQUEST_TIMEOUT' })
  proxy.set({ kind: 'pass' })
  await eventually(
    'the client is back',
    async () => (await zk.exists(path, { timeout: 5000 }))?.version === 1,
  )
})

test('a queue that is full: an error at once, and the others keep their place', async t => {
  const { zk, proxy, history } = await proxied(t, slow.connectString, {
    maxQueuedRequests: 5,
    sessionTimeout: 20_000,
  })
  await zk.create('/queue')
  proxy.set({ kind: 'refuse' })
  proxy.cut()
  await passed(history, 'suspended')
  const calls = Array.from({ length: 8 }, (_, i) =>
    zk.set('/queue', `${i}`).then(
      ({ version }) => version,
      error => error,
    ),
  )
  for (const error of await Promise.all(calls.slice(5))) {
    t.match(error, { code: 'QUEUE_FULL', operation: 'setData', mayHaveApplied: false })
  }
  proxy.set({ kind: 'pass' })
  t.same(await Promise.all(calls.slice(0, 5)), [1, 2, 3, 4, 5])
})

test('many connections at once, each with its own session', async t => {
  const zk = await connect(t)
  const clients = await Promise.all(Array.from({ length: 60 }, () => client(t, slow.connectString)))
  t.equal(new Set(clients.map(({ sessionId }) => sessionId)).size, 60)
  t.ok((await Promise.all(clients.map(one => one.exists('/')))).every(Boolean))
  t.ok(await zk.exists('/'))
})
