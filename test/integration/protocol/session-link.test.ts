// A session and its link, against a real server: cuts, mute and missing servers, slow links.
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import type { ZooKeeperError } from '../../../protocol/index.ts'
import { ZooKeeper } from '../../../protocol/index.ts'
import { concurrently } from '../../support/concurrently.ts'
import { eventually } from '../../support/eventually.ts'
import { client, ownServer } from '../../support/zookeeper.ts'
import { t } from '../../tap.ts'
import { connectedAgain, errorOf, inOrder, names, passed, proxied, proxyTo } from './support.ts'

// Sessions long enough for what is compared with them to come in its order also where the machine stands still for seconds.
const T = 8000
const { connectString: at } = await ownServer(t, { tickTime: 250, config: { maxSessionTimeout: '60000' } })

const test = concurrently({ jobs: 16, timeout: 120_000 })

test('a cut link keeps the session, and what is asked meanwhile is answered', async t => {
  const { zk, proxy, history } = await proxied(t, at, { sessionTimeout: T })
  const { sessionId } = zk
  await zk.create('/cut', 'a', { mode: 'ephemeral' })
  proxy.set({ kind: 'refuse' })
  proxy.cut()
  await passed(history, 'suspended')
  const asked = [zk.get('/cut'), zk.exists('/cut'), zk.set('/cut', 'b'), zk.get('/cut')] as const
  proxy.set({ kind: 'pass' })
  const [before, stat, , after] = await Promise.all(asked)
  t.same(Buffer.from(before.data ?? []).toString(), 'a')
  t.equal(stat?.ephemeralOwner, sessionId, 'the ephemeral lives on')
  t.same(Buffer.from(after.data ?? []).toString(), 'b', 'in the order in which they were asked')
  t.equal(zk.sessionId, sessionId)
  t.equal(zk.generation, 1)
  t.same(names(history), ['suspended', 'connected'])
  t.equal(proxy.connections, 1)
})

test('H10: when the link is lost, reads in flight are repeated and writes are told that they may have been applied', async t => {
  const { zk, proxy } = await proxied(t, at, { sessionTimeout: T })
  const witness = await client(t, at)
  await zk.create('/flight', 'a')
  await zk.create('/flight-gone')
  const restore = proxy.filter(frame => (frame.kind === 'reply' ? 'drop' : 'pass'))
  const reads = [
    zk.get('/flight'),
    zk.exists('/flight'),
    zk.getChildren('/flight'),
    zk.getAcl('/flight'),
    zk.sync('/flight'),
    errorOf(zk.get('/flight-none')),
  ] as const
  const writes = {
    setData: zk.set('/flight', 'b'),
    create: zk.create('/flight-new'),
    createContainer: zk.create('/flight-container', null, { mode: 'container' }),
    delete: zk.delete('/flight-gone'),
    setACL: zk.setAcl('/flight-new', (await witness.getAcl('/')).acl),
    multi: zk.transaction().create('/flight-multi').commit(),
  }
  const errors = Promise.all(Object.values(writes).map(errorOf))
  await eventually('the last of them applied', () => witness.exists('/flight-multi'))
  restore()
  proxy.cut()
  for (const [index, error] of (await errors).entries()) {
    const operation = Object.keys(writes)[index]!
    t.match(error, { code: 'CONNECTION_LOSS', number: -4, operation, mayHaveApplied: true }, operation)
  }
  const [got, , , , , missing] = await Promise.all(reads)
  t.same(
    Buffer.from(got.data ?? []).toString(),
    'b',
    'the repeated read sees the write that was before it lost',
  )
  t.match(missing, { code: 'NO_NODE', mayHaveApplied: false })
  t.equal(zk.generation, 1)
})

test('H10: a write that waits in the queue was certainly not applied when the client closes', async t => {
  const { zk, proxy, history } = await proxied(t, at, { sessionTimeout: T })
  proxy.set({ kind: 'refuse' })
  proxy.cut()
  await passed(history, 'suspended')
  const error = errorOf(zk.create('/queued'))
  const read = errorOf(zk.get('/queued'))
  await zk.close()
  t.match(await error, { code: 'CLOSED', operation: 'create', path: '/queued', mayHaveApplied: false })
  t.match(await read, { code: 'CLOSED' })
})

test('H2: a server that accepts and says nothing is passed over', async t => {
  const mute = createServer(socket => socket.on('error', () => {}).resume())
  await new Promise<void>(resolve => mute.listen(0, '127.0.0.1', resolve))
  t.teardown(() => mute.close())
  const { port } = mute.address() as AddressInfo
  const failures: Error[] = []
  const zk = new ZooKeeper(`127.0.0.1:${port},${at}`, { sessionTimeout: T, ports: { random: inOrder } })
  t.teardown(() => zk.close())
  zk.on('attemptFailed', error => failures.push(error))
  await zk.connect({ timeout: 60_000 })
  t.equal(zk.remote, at)
  t.match(failures, [/no session within 4000 ms/])
  t.equal(failures.length, 1)
  await eventually('the mute server is left alone', async () => {
    return (await new Promise<number>(resolve => mute.getConnections((_, count) => resolve(count)))) === 0
  })
})

test('H8: servers that refuse, hang up or have no name are passed over', async t => {
  const proxy = await proxyTo(t, at)
  proxy.set({ kind: 'refuse' })
  // A port below those that the system gives away: nobody listens there in the meantime.
  const nowhere = '127.0.0.1:1'
  const failures: Error[] = []
  const zk = new ZooKeeper(`no.such.name:2181,${nowhere},${proxy.connectString},${at}`, {
    sessionTimeout: T,
    ports: {
      random: inOrder,
      lookup: () => Promise.reject(Object.assign(new Error('no such name'), { code: 'ENOTFOUND' })),
    },
  })
  t.teardown(() => zk.close())
  zk.on('attemptFailed', error => failures.push(error))
  await zk.connect({ timeout: 60_000 })
  t.equal(zk.remote, at)
  t.equal(failures.length, 3)
  t.match(failures, [
    { reason: 'unresolved', cause: { code: 'ENOTFOUND' } },
    { reason: 'refused', cause: { code: 'ECONNREFUSED' }, server: nowhere },
    // It takes the connection and resets it: which of the two the client sees first is open.
    { reason: /^(unreachable|closedBeforeResponse)$/ },
  ])
  t.equal(proxy.refused, 1)
})

test('a server that was away when the client started is found when it comes', async t => {
  const proxy = await proxyTo(t, at)
  proxy.set({ kind: 'refuse' })
  const zk = new ZooKeeper(proxy.connectString, { sessionTimeout: T })
  t.teardown(() => zk.close())
  const read = zk.exists('/')
  await eventually('attempts', () => proxy.refused > 3)
  t.equal(zk.state, 'connecting')
  t.equal(zk.generation, 0)
  const timeout = await errorOf(zk.connect({ timeout: 50 }))
  t.match(timeout, { code: 'REQUEST_TIMEOUT', operation: 'connect' })
  proxy.set({ kind: 'pass' })
  t.ok(await read)
  t.equal(zk.generation, 1)
})

test('H10: a server that stays away settles everything in time', async t => {
  const { zk, proxy } = await proxied(t, at, { sessionTimeout: 1000, requestTimeout: 500 })
  const sent = errorOf(zk.set('/', 'x', { timeout: 20_000 }))
  proxy.set({ kind: 'refuse' })
  const queue = (): Promise<unknown[]> =>
    Promise.all(
      [zk.get('/'), zk.create('/away'), zk.sync('/'), zk.transaction().check('/').commit()].map(errorOf),
    )
  const first = queue()
  proxy.cut()
  const codes = [...(await first), ...(await queue()), await sent].map(
    error => (error as ZooKeeperError).code,
  )
  t.ok(
    codes.every(code => ['REQUEST_TIMEOUT', 'CONNECTION_LOSS', 'SESSION_EXPIRED'].includes(code)),
    codes.join(),
  )
  await eventually('the next session begins', () => zk.state === 'connecting')
  t.match(await errorOf(zk.get('/')), { code: 'REQUEST_TIMEOUT', path: '/', operation: 'getData' })
  proxy.set({ kind: 'pass' })
  await connectedAgain(zk, 2)
  t.ok(await zk.exists('/', { timeout: 30_000 }))
})

test('a slow link is no lost link', async t => {
  const { zk, proxy, history } = await proxied(t, at, { sessionTimeout: T })
  proxy.set({ kind: 'delay', ms: 500 })
  for (let i = 0; i < 3; i++) await zk.exists('/')
  await zk.sync('/')
  t.same(names(history), [])
  proxy.set({ kind: 'pass' })
})
