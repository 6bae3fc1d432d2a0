// The end of a session and the next one, against a real server: expiry, re-attachment, credentials.
import { Buffer } from 'node:buffer'
import { ZooKeeper } from '../../../protocol/index.ts'
import { OpCode } from '../../../protocol/opcodes.ts'
import { concurrently } from '../../support/concurrently.ts'
import { eventually } from '../../support/eventually.ts'
import { client, ownServer } from '../../support/zookeeper.ts'
import { t } from '../../tap.ts'
import { atOnce, errorOf, historyOf, names, passed, proxied, renewed } from './support.ts'

// No stall ends such a session: what ends here is ended on purpose.
const T = 30_000
/** For the ends that the server is asked about afterwards: a stall may use up the time that close() gives it otherwise. */
const patient = { timeout: 20_000 }
const server = await ownServer(t, { tickTime: 250, config: { maxSessionTimeout: '60000' } })
const at = server.connectString

const test = concurrently({ jobs: 16, timeout: 90_000 })

test('H5: an expired session is followed by a new one in the same client', async t => {
  const { zk, proxy, history } = await proxied(t, at, { sessionTimeout: T })
  const first = zk.sessionId
  await zk.create('/expired', null, { mode: 'ephemeral' })
  await renewed(zk, at)
  t.equal(zk.generation, 2)
  t.not(zk.sessionId, first)
  t.equal(zk.session?.id, zk.sessionId)
  t.same(names(history).slice(-3), ['expired', 'connecting', 'connected'])
  const told = history.find(change => change.state === 'expired')
  t.match(told, { sessionId: first, generation: 1 })
  t.match(history.at(-1), { sessionId: zk.sessionId, generation: 2, previous: 'connecting' })
  t.equal(await zk.exists('/expired'), null, 'the ephemeral went with its session')
  const { stat } = await zk.create('/expired', null, { mode: 'ephemeral' })
  t.equal(stat.ephemeralOwner, zk.sessionId)
  t.equal(proxy.connections, 1)
})

test('H5: fifty expiries in a row leave one session and one connection', async t => {
  const { zk, proxy, history } = await proxied(t, at, { sessionTimeout: T, ports: { random: atOnce } })
  for (let i = 0; i < 50; i++) await renewed(zk, at)
  t.equal(zk.generation, 51)
  await zk.sync('/')
  t.equal(proxy.connections, 1)
  const id = `sid=0x${BigInt.asUintN(64, zk.sessionId).toString(16)}`
  const cons = (await server.command('cons')).split('\n').filter(line => line.includes(id))
  t.equal(cons.length, 1, 'one connection at the server')
  const expired = history.filter(change => change.state === 'expired')
  t.equal(expired.length, 50, 'each expiry told once')
})

test('writes in flight and in the queue when the session expires', async t => {
  const { zk, proxy } = await proxied(t, at, { sessionTimeout: T })
  proxy.set({ kind: 'blackHole', direction: 'toServer' })
  const sent = errorOf(zk.create('/expiry-sent'))
  const read = zk.exists('/expiry-sent')
  await new Promise(resolve => setImmediate(() => setImmediate(resolve)))
  proxy.set({ kind: 'refuse' })
  proxy.cut()
  t.match(await sent, { code: 'CONNECTION_LOSS', mayHaveApplied: true })
  const queued = errorOf(zk.create('/expiry-queued'))
  const thief = await client(t, at, { session: zk.session!, sessionTimeout: T })
  await thief.close(patient)
  proxy.set({ kind: 'pass' })
  t.match(await queued, { code: 'SESSION_EXPIRED', path: '/expiry-queued', mayHaveApplied: false })
  t.equal(await read, null, 'a read is answered by the next session')
  t.equal(zk.generation, 2)
})

test('a write made by a listener that hears of the expiry belongs to the new session', async t => {
  const { zk } = await proxied(t, at, { sessionTimeout: T })
  let made: Promise<{ stat: { ephemeralOwner: bigint } }> | undefined
  zk.on('state', ({ state }) => {
    if (state === 'expired') made = zk.create('/heir', null, { mode: 'ephemeral' })
  })
  await renewed(zk, at)
  t.equal((await made)?.stat.ephemeralOwner, zk.sessionId)
})

test("H5: onExpired 'close' ends the client with its session", async t => {
  const { zk, proxy, history } = await proxied(t, at, { sessionTimeout: T, onExpired: 'close' })
  const states: string[] = []
  const stream = (async () => {
    for await (const { state } of zk.states()) states.push(state)
  })()
  proxy.set({ kind: 'refuse' })
  proxy.cut()
  await passed(history, 'suspended')
  const read = errorOf(zk.exists('/'))
  const thief = await client(t, at, { session: zk.session!, sessionTimeout: T })
  await thief.close(patient)
  proxy.set({ kind: 'pass' })
  t.match(await read, { code: 'SESSION_EXPIRED', operation: 'exists' })
  await stream
  t.same(states, ['connected', 'suspended', 'expired'])
  t.equal(zk.state, 'expired')
  t.match(await errorOf(zk.get('/')), { code: 'SESSION_EXPIRED' })
  t.match(await errorOf(zk.connect()), { code: 'SESSION_EXPIRED' })
  await eventually('the link is let go', () => proxy.connections === 0)
  const { accepted } = proxy
  await zk.close()
  t.equal(proxy.accepted, accepted)
})

test('another client takes a session over with its id and password', async t => {
  const { zk, proxy, history } = await proxied(t, at, { sessionTimeout: T })
  await zk.create('/moved', 'a', { mode: 'ephemeral' })
  proxy.set({ kind: 'refuse' })
  proxy.cut()
  await passed(history, 'suspended')
  const heir = await client(t, at, { session: zk.session!, sessionTimeout: T })
  t.equal(heir.sessionId, zk.sessionId)
  t.equal(heir.generation, 1)
  t.equal((await heir.get('/moved')).stat.ephemeralOwner, heir.sessionId)
  const { stat } = await heir.create('/moved-too', null, { mode: 'ephemeral' })
  t.equal(stat.ephemeralOwner, zk.sessionId)
  await heir.close(patient)
  const witness = await client(t, at)
  t.equal(await witness.exists('/moved'), null)
})

test('a wrong password is told as expiry, and a new session follows', async t => {
  const owner = await client(t, at, { sessionTimeout: T })
  const session = { id: owner.sessionId, password: Buffer.alloc(16, 7) }
  const zk = new ZooKeeper(at, { session, sessionTimeout: T })
  t.teardown(() => zk.close())
  const history = historyOf(zk)
  await zk.connect({ timeout: 60_000 })
  t.same(names(history), ['expired', 'connecting', 'connected'])
  t.not(zk.sessionId, owner.sessionId)
  t.equal(zk.generation, 1)
  const strict = new ZooKeeper(at, { session, sessionTimeout: T, onExpired: 'close' })
  t.teardown(() => strict.close())
  t.match(await errorOf(strict.connect({ timeout: 60_000 })), {
    code: 'SESSION_EXPIRED',
    operation: 'connect',
  })
  // The server drops the owner's link before it looks at the password.
  await eventually('the owner is back', () => owner.exists('/'))
  t.same([owner.generation, owner.sessionId], [1, session.id], 'the owner keeps its session')
})

test('a session that ended long ago cannot be attached to', async t => {
  const owner = await client(t, at, { sessionTimeout: T })
  const session = owner.session!
  await owner.close(patient)
  const zk = new ZooKeeper(at, { session, onExpired: 'close' })
  t.teardown(() => zk.close())
  t.match(await errorOf(zk.exists('/')), { code: 'SESSION_EXPIRED' })
})

test('H33: credentials are proved again on every connection and in every session, before anything else', async t => {
  const { zk, proxy } = await proxied(t, at, {
    sessionTimeout: T,
    auth: [{ scheme: 'digest', auth: 'al:one' }],
  })
  await zk.addAuth('digest', 'bo:two')
  const acl = [{ perms: 31, id: { scheme: 'auth', id: '' } }]
  await zk.create('/secret', 'x', { acl })
  t.equal((await zk.getAcl('/secret')).acl.length, 2, 'one entry per identity')
  const opcodes: number[] = []
  proxy.filter(frame => {
    const counts = frame.kind === 'request' && frame.connection > 0 && frame.opcode !== OpCode.ping
    if (counts) opcodes.push(frame.opcode)
    return 'pass'
  })
  proxy.cut()
  t.ok((await zk.get('/secret')).data)
  t.same(opcodes, [100, 100, 4], 'auth, auth, get')
  opcodes.length = 0
  await renewed(zk, at)
  t.ok((await zk.get('/secret')).data)
  t.same(opcodes.slice(-3), [100, 100, 4])
})

test('H32: an authentication scheme that the server does not know ends the client', async t => {
  const { zk, proxy, history } = await proxied(t, at, { sessionTimeout: T })
  t.match(await errorOf(zk.addAuth('nonsense', 'x')), {
    code: 'AUTH_FAILED',
    operation: 'auth',
    number: -115,
  })
  t.equal(zk.state, 'authFailed')
  t.same(names(history), ['authFailed'])
  t.match(await errorOf(zk.get('/')), { code: 'AUTH_FAILED', path: '/' })
  t.match(await errorOf(zk.connect()), { code: 'AUTH_FAILED' })
  await eventually('the link is let go', () => proxy.connections === 0)
  t.equal(proxy.accepted, 1, 'no second attempt')
  await zk.close()
  const born = new ZooKeeper(at, { auth: [{ scheme: 'nonsense', auth: 'x' }] })
  t.teardown(() => born.close())
  const waiting = errorOf(born.create('/never'))
  t.match(await waiting, { code: 'AUTH_FAILED' })
})

test('two clients that hold one session fight, and neither breaks', async t => {
  const first = await client(t, at, { sessionTimeout: 4000 })
  const second = await client(t, at, { sessionTimeout: 4000, session: first.session! })
  const both = [first, second]
  for (let i = 0; i < 10; i++) {
    const answers = await Promise.all(both.map(zk => zk.exists('/')))
    t.ok(answers.every(answer => answer !== null))
  }
  t.equal(first.sessionId, second.sessionId)
  await second.close()
  t.ok(await first.exists('/'))
})
