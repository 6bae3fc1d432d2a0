// SASL DIGEST-MD5 against real servers: who is let in, who is told once that he is not, and what a cut does to it.
import { inspect } from 'node:util'
import type { ConnectError, DigestMd5, SaslMechanism, ZooKeeperOptions } from '../../../protocol/index.ts'
import { digestMd5, ZooKeeper } from '../../../protocol/index.ts'
import { OpCode } from '../../../protocol/opcodes.ts'
import { startServer } from '../../../scripts/zookeeper/server.ts'
import { concurrently } from '../../support/concurrently.ts'
import { eventually } from '../../support/eventually.ts'
import { atLeast, since } from '../../support/versions.ts'
import { client, servers } from '../../support/zookeeper.ts'
import type { Test } from '../../tap.ts'
import { t } from '../../tap.ts'
import { connectedAgain, errorOf, historyOf, names, passed, proxied, proxyTo, renewed } from './support.ts'

const users = { al: 'secret', bo: 'p,a "s" s\\=w' }
const options = { tickTime: 500, sasl: { users }, jvm: ['-Dzookeeper.fips-mode=false'] }
const [server, strict] = await Promise.all([
  startServer(options),
  startServer({ ...options, jvm: [...options.jvm, '-Dzookeeper.sessionRequireClientSASLAuth=true'] }),
])
t.teardown(() => Promise.all([server.stop(), strict.stop()]))
const at = server.connectString

const test = concurrently({ jobs: 16, timeout: 90_000 })

const al = (): DigestMd5 => digestMd5({ username: 'al', password: 'secret' })
const wrong = (): SaslMechanism => digestMd5({ username: 'al', password: 'guess' })
const onlyAl = [{ perms: 31, id: { scheme: 'sasl', id: 'al' } }]

interface Attempted {
  readonly zk: ZooKeeper
  readonly failures: Error[]
  readonly states: string[]
  readonly error: unknown
}

/** A client that is not expected to get in. */
async function attempted(t: Test, connectString: string, more: ZooKeeperOptions): Promise<Attempted> {
  // An attempt gets so long: one that is given up counts like one that failed.
  const zk = new ZooKeeper(connectString, { sessionTimeout: 30_000, ...more })
  t.teardown(() => zk.close())
  const failures: Error[] = []
  zk.on('attemptFailed', error => failures.push(error))
  const history = historyOf(zk)
  const error = await errorOf(zk.connect({ timeout: 60_000 }).then(() => zk.exists('/')))
  return { zk, failures, states: names(history), error }
}

test('the right password: the identity is there, and a znode of its own is open to nobody else', async t => {
  const zk = await client(t, at, { sasl: al() })
  if (atLeast(server.version, '3.7')) {
    t.match(
      (await zk.whoAmI()).filter(({ authScheme }) => authScheme === 'sasl'),
      [{ user: 'al' }],
    )
  }
  await zk.create('/mine', 'x', { acl: onlyAl })
  await zk.create('/creator', 'x', { acl: [{ perms: 31, id: { scheme: 'auth', id: '' } }] })
  t.match((await zk.getAcl('/creator')).acl, onlyAl)
  t.ok((await zk.get('/mine')).data)
  const stranger = await client(t, at)
  t.match(await errorOf(stranger.get('/mine')), { code: 'NO_AUTH' })
})

test('a password with characters that need care, and a user whose name has them', async t => {
  const zk = await client(t, at, { sasl: digestMd5({ username: 'bo', password: users.bo }) })
  await zk.create('/bo', 'x', { acl: [{ perms: 31, id: { scheme: 'sasl', id: 'bo' } }] })
  t.ok((await zk.get('/bo')).data)
  const odd = digestMd5({ username: 'a,"\\=ü', password: 'x' })
  t.match(await attempted(t, at, { sasl: odd }), { error: { code: 'AUTH_FAILED' }, states: ['authFailed'] })
})

test('each connection is authenticated anew, before anything else is sent on it', async t => {
  const { zk, proxy, history } = await proxied(t, at, { sasl: al(), ports: { random: () => 0 } })
  const sent: number[][] = []
  proxy.filter(frame => {
    if (frame.kind === 'connect' && frame.direction === 'toServer') sent.push([])
    if (frame.kind === 'request' && frame.opcode !== OpCode.ping) sent.at(-1)?.push(frame.opcode)
    return 'pass'
  })
  await zk.create('/again', 'x', { acl: onlyAl })
  await zk.addAuth('digest', 'cy:own')
  let fired = 0
  await zk.get('/again', { watch: () => fired++ })
  for (let i = 1; i <= 3; i++) {
    history.length = 0
    const read = zk.get('/again')
    proxy.cut()
    const queued = zk.get('/again')
    t.ok((await Promise.all([read, queued])).every(({ data }) => data !== null))
    await passed(history, 'connected')
  }
  t.equal(zk.generation, 1)
  await renewed(zk, at)
  t.ok((await zk.get('/again')).data, 'the next session, too')
  await zk.set('/again', 'y')
  t.equal(fired, 1)
  // A connection that was cut early, or whose session had gone, came less far; none took another way.
  const way = [OpCode.sasl, OpCode.sasl, OpCode.auth, OpCode.setWatches]
  for (const opcodes of sent) t.same(opcodes.slice(0, 4), way.slice(0, opcodes.length), opcodes.join())
  t.ok(sent.filter(opcodes => opcodes.length >= way.length).length >= 4)
})

test('a wrong password: one error that says so, and no other attempt', async t => {
  const proxy = await proxyTo(t, at)
  for (const sasl of [wrong(), digestMd5({ username: 'nobody', password: 'guess' })]) {
    const before = proxy.accepted
    const { zk, failures, states, error } = await attempted(t, proxy.connectString, { sasl })
    t.match(error, { code: 'AUTH_FAILED', number: -115 })
    t.same(states, ['authFailed'])
    t.equal(failures.length, 1)
    t.match(failures[0], { code: 'AUTH_FAILED', operation: 'sasl' })
    t.match(await errorOf(zk.get('/')), { code: 'AUTH_FAILED' })
    t.equal(proxy.accepted, before + 1)
    t.notMatch(inspect([zk, failures, error], { depth: 10, showHidden: true }), /secret|guess/)
  }
  await client(t, at)
  t.equal(proxy.accepted, 2)
})

test('requests that wait for a connection hear that there will be none', async t => {
  const zk = new ZooKeeper(at, { sasl: wrong() })
  t.teardown(() => zk.close())
  const waiting = [zk.get('/'), zk.create('/never'), zk.watch('/').next()].map(errorOf)
  for (const error of await Promise.all(waiting))
    t.match(error, { code: 'AUTH_FAILED', mayHaveApplied: false })
  t.equal(zk.state, 'authFailed')
})

test('a server that cannot prove that it knows the password is not trusted', async t => {
  const honest = al()
  const fooled: SaslMechanism = {
    name: honest.name,
    begin(host) {
      const exchange = honest.begin(host)
      return {
        initial: () => exchange.initial(),
        respond: token =>
          exchange.respond(
            Buffer.from(
              Buffer.from(token)
                .toString()
                .replace(/rspauth=./, 'rspauth=x'),
            ),
          ),
      }
    },
  }
  const { error, failures } = await attempted(t, at, { sasl: fooled })
  t.match(error, { code: 'AUTH_FAILED' })
  t.match(failures, [{ cause: { message: /did not prove/ } }])
})

test('a mechanism that throws or hangs costs the attempt, and another one follows', async t => {
  const throwing: SaslMechanism = {
    name: 'ODD',
    begin: () => {
      throw new Error('no ticket')
    },
  }
  const stuck = new ZooKeeper(at, { sasl: throwing })
  t.teardown(() => stuck.close())
  const failures: ConnectError[] = []
  stuck.on('attemptFailed', failure => failures.push(failure))
  const connecting = errorOf(stuck.connect())
  await eventually('two attempts', () => failures.length >= 2)
  t.match(failures[0], { reason: 'mechanismFailed', message: /no ticket/ })
  t.equal(stuck.state, 'connecting')
  await stuck.close()
  t.match(await connecting, { code: 'CLOSED' })
  let tries = 0
  const recovering: SaslMechanism = {
    name: 'DIGEST-MD5',
    begin: (...given) => (++tries < 3 ? throwing : al()).begin(...given),
  }
  const recovered = await client(t, at, { sasl: recovering })
  t.equal(tries, 3)
  t.ok(await recovered.exists('/'))
  let begun = 0
  const hanging: SaslMechanism = {
    name: 'DIGEST-MD5',
    begin: host => {
      begun++
      if (begun > 1) return al().begin(host)
      return { initial: () => new Promise(() => {}), respond: () => null }
    },
  }
  const zk = await client(t, at, { sasl: hanging, sessionTimeout: 6000 })
  t.equal(begun, 2)
  await zk.close()
})

test('a server without SASL: one error that says so', async t => {
  const { error, failures, states } = await attempted(t, await servers(), { sasl: al() })
  t.match(error, { code: 'AUTH_FAILED' })
  t.equal(failures.length, 1)
  t.match(failures, [{ cause: { message: /SASL/ } }])
  t.same(states, ['authFailed'])
})

test('a link that is cut in the middle of the exchange is followed by another, at once', async t => {
  const { zk, proxy, history } = await proxied(t, at, {
    sasl: al(),
    sessionTimeout: 20_000,
    ports: { random: () => 0 },
  })
  let cuts = 0
  proxy.filter(frame => {
    const inExchange = frame.kind === 'reply' && frame.opcode === OpCode.sasl
    if (!inExchange || cuts === 4) return 'pass'
    cuts++
    return 'cut'
  })
  proxy.cut()
  await passed(history, 'suspended')
  await eventually('connected', () => zk.state === 'connected')
  t.equal(cuts, 4)
  t.equal(zk.generation, 1)
  t.same(names(history), ['suspended', 'connected'])
})

test('close() in the middle of the exchange', async t => {
  const proxy = await proxyTo(t, at)
  proxy.filter(frame => (frame.kind === 'reply' && frame.opcode === OpCode.sasl ? 'drop' : 'pass'))
  const zk = new ZooKeeper(proxy.connectString, { sasl: al() })
  const connecting = errorOf(zk.connect())
  await eventually('the exchange', () => proxy.accepted === 1)
  await zk.close()
  t.match(await connecting, { code: 'CLOSED' })
  await eventually('nothing is left', () => proxy.connections === 0)
})

test('authentication is enforced: who has it is let in', async t => {
  const zk = await client(t, strict.connectString, { sasl: al() })
  await zk.create('/strict')
  t.ok(await zk.exists('/strict'))
  const { proxy, history, zk: again } = await proxied(t, strict.connectString, { sasl: al() })
  proxy.cut()
  await passed(history, 'connected')
  await connectedAgain(again)
  t.ok(await again.exists('/strict'))
})

test('authentication is enforced: who has it not hears of it once, also when he only waits', async t => {
  if (!(await since(t, '3.5.9'))) return
  const proxy = await proxyTo(t, strict.connectString)
  const { zk, error, states } = await attempted(t, proxy.connectString, {})
  t.match(error, { code: /SESSION_CLOSED_REQUIRE_SASL_AUTH|AUTH_FAILED/, mayHaveApplied: false })
  await eventually('the end', () => zk.state === 'authFailed')
  t.ok(states.length <= 2, states.join())
  t.match(await errorOf(zk.get('/')), { code: 'AUTH_FAILED' })
  // This one sends nothing but its pings.
  const idle = new ZooKeeper(proxy.connectString, { sessionTimeout: 9000 })
  t.teardown(() => idle.close())
  const before = proxy.accepted
  await idle.connect({ timeout: 60_000 })
  await eventually('the end', () => idle.state === 'authFailed')
  t.equal(proxy.accepted, before + 1)
  const wrongHere = await attempted(t, proxy.connectString, { sasl: wrong() })
  t.match(wrongHere.error, { code: 'AUTH_FAILED' })
  t.same(wrongHere.states, ['authFailed'])
})

test('authentication is enforced: another scheme will not do', async t => {
  if (!(await since(t, '3.5.9'))) return
  const { zk, error } = await attempted(t, strict.connectString, {
    auth: [{ scheme: 'digest', auth: 'al:secret' }],
  })
  t.match(error, { code: /SESSION_CLOSED_REQUIRE_SASL_AUTH|AUTH_FAILED/ })
  await eventually('the end', () => zk.state === 'authFailed')
})
