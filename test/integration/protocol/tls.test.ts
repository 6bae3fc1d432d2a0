// TLS against real servers: whom the client trusts, who it is to the server, and certificates that change under way.
import { copyFile, readFile, rename, rm } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { connect as connectSocket, createServer } from 'node:net'
import { join } from 'node:path'
import { inspect } from 'node:util'
import type { ConnectError, TlsOptions, ZooKeeperOptions } from '../../../protocol/index.ts'
import { ZooKeeper } from '../../../protocol/index.ts'
import { startServer } from '../../../scripts/zookeeper/server.ts'
import { ManualClock } from '../../../src/testing/index.ts'
import { concurrently } from '../../support/concurrently.ts'
import { eventually } from '../../support/eventually.ts'
import { within } from '../../support/own-time.ts'
import { atLeast } from '../../support/versions.ts'
import { client } from '../../support/zookeeper.ts'
import type { Test } from '../../tap.ts'
import { t } from '../../tap.ts'
import { folder, makeAuthority } from './certificates.ts'
import { reading, resyncs } from './stream-support.ts'
import { errorOf, names, passed, proxied, proxyTo } from './support.ts'

const path = await folder(t)
const [authority, foreign] = await Promise.all([
  makeAuthority(path, 'authority'),
  makeAuthority(path, 'foreign'),
])
const [own, byAddress, alice, bob, mallory] = await Promise.all([
  authority.issue('server', 'server', 'DNS:localhost,IP:127.0.0.1'),
  authority.issue('by-address', 'by-address', 'IP:127.0.0.1'),
  authority.issue('alice', 'alice'),
  authority.issue('bob', 'bob'),
  foreign.issue('mallory', 'mallory'),
])
const [open, mutual] = await Promise.all([
  startServer({ tickTime: 500, tls: { keyStore: own.store, trustStore: authority.ca } }),
  startServer({
    tickTime: 500,
    tls: { keyStore: byAddress.store, trustStore: authority.ca, clientAuth: 'need' },
  }),
])
t.teardown(() => Promise.all([open.stop(), mutual.stop()]))
const at = `127.0.0.1:${open.securePort}`
const mutualAt = `127.0.0.1:${mutual.securePort}`
const trusting = { caFile: authority.ca }
const asAlice = { caFile: authority.ca, certFile: alice.cert, keyFile: alice.key }

const test = concurrently({ jobs: 16, timeout: 90_000 })

/** The errors of a client that does not get in, and that of its `connect()`. */
async function refused(
  t: Test,
  connectString: string,
  tls: ZooKeeperOptions['tls'],
): Promise<{ failures: ConnectError[]; error: unknown; zk: ZooKeeper }> {
  const zk = new ZooKeeper(connectString, tls === undefined ? {} : { tls })
  t.teardown(() => zk.close())
  const failures: ConnectError[] = []
  zk.on('attemptFailed', error => failures.push(error))
  const controller = new AbortController()
  const connecting = errorOf(zk.connect({ signal: controller.signal }))
  await eventually('a failed attempt', () => failures.length > 0)
  controller.abort(failures[0])
  return { failures, error: await connecting, zk }
}

/** Who the client is to the server: the owner of what it creates for its identities alone. */
async function identity(zk: ZooKeeper, node: string): Promise<string | undefined> {
  await zk.create(node, null, { acl: [{ perms: 31, id: { scheme: 'auth', id: '' } }] })
  return (await zk.getAcl(node)).acl.find(({ id }) => id.scheme === 'x509')?.id.id
}

test('encrypted: requests, watches and large data, by address and by name', async t => {
  for (const host of ['127.0.0.1', 'localhost']) {
    const zk = await client(t, `${host}:${open.securePort}`, { tls: trusting })
    const node = `/${host}`
    await zk.create(node, 'x')
    const reader = await reading(t, zk, node)
    const large = Buffer.alloc(1_000_000, 'z')
    await zk.set(node, large)
    t.ok(large.equals((await zk.get(node)).data ?? Buffer.alloc(0)))
    await eventually('the event', () => reader.heard.includes(`nodeDataChanged ${node}`))
    const many = await Promise.all(Array.from({ length: 1000 }, () => zk.exists(node)))
    t.ok(many.every(stat => stat?.version === 1))
    await reader.stop()
  }
})

test('nothing readable goes over the wire', async t => {
  const seen: Buffer[] = []
  const relay = createServer(near => {
    const far = connectSocket({ host: '127.0.0.1', port: open.securePort! })
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      from.on('data', chunk => seen.push(chunk))
      from.on('error', () => to.destroy())
      from.pipe(to)
    }
  })
  t.teardown(() => relay.close())
  await new Promise<void>(resolve => relay.listen(0, '127.0.0.1', resolve))
  const { port } = relay.address() as AddressInfo
  const zk = await client(t, `127.0.0.1:${port}`, {
    tls: trusting,
    auth: [{ scheme: 'digest', auth: 'al:hush' }],
  })
  await zk.create('/secret-path', 'secret-data')
  t.match(await zk.get('/secret-path'), { data: Buffer.from('secret-data') })
  const wire = Buffer.concat(seen).toString('latin1')
  t.ok(wire.length > 1000, 'it was this wire')
  t.notMatch(wire, /hush|secret/)
})

test('a cut: the session goes on over a new encrypted connection', async t => {
  const { zk, proxy, history } = await proxied(t, at, { tls: trusting, sessionTimeout: 8000 })
  await zk.create('/cut', null, { mode: 'ephemeral' })
  const reader = await reading(t, zk, '/cut')
  history.length = 0
  proxy.cut()
  await passed(history, 'connected')
  await resyncs(reader, 2)
  t.same(names(history), ['suspended', 'connected'])
  t.equal((await zk.exists('/cut'))?.ephemeralOwner, zk.sessionId)
})

test('four-letter words go the same way', async t => {
  const zk = await client(t, at, { tls: trusting })
  t.equal(await zk.command('ruok'), 'imok')
  t.match(await zk.command('srvr'), /Mode: standalone/)
  const mine = await client(t, mutualAt, { tls: asAlice })
  t.match(await mine.command('mntr'), /zk_version/)
  const strange = new ZooKeeper(at, { tls: { caFile: foreign.ca } })
  t.teardown(() => strange.close())
  t.match(await errorOf(strange.command('ruok')), {
    code: 'CONNECTION_LOSS',
    cause: { code: /CERT|VERIFY|SELF_SIGNED|ISSUER/ },
  })
})

test('mutual: the certificate is the identity', async t => {
  const zk = await client(t, mutualAt, { tls: asAlice })
  t.match(await identity(zk, '/alice'), /CN=alice/)
  if (atLeast(mutual.version, '3.7')) {
    const known = await zk.whoAmI()
    t.match(known.find(({ authScheme }) => authScheme === 'x509')?.user, /CN=alice,\s?O=Registry/)
  }
  const other = await client(t, mutualAt, {
    tls: { ca: await readFile(authority.ca), cert: await readFile(bob.cert), key: await readFile(bob.key) },
  })
  t.match(await identity(other, '/bob'), /CN=bob/)
  t.match(await errorOf(other.get('/alice')), { code: 'NO_AUTH' })
})

test('mutual: without a certificate, or with one of a stranger, there is no session', async t => {
  const stranger = { caFile: authority.ca, certFile: mallory.cert, keyFile: mallory.key }
  for (const tls of [trusting, stranger]) {
    const { failures, zk } = await refused(t, mutualAt, tls)
    const [failure] = failures
    t.match(`${failure?.message} ${failure?.cause}`, /alert|certificate|ECONNRESET|closed/i)
    t.equal(zk.state, 'connecting')
  }
})

test('an authority that is not trusted: the attempt fails with the reason, and connect() hands it on', async t => {
  for (const tls of [{ caFile: foreign.ca }, {}]) {
    const { failures, error, zk } = await refused(t, at, tls)
    t.match(failures[0], { reason: 'tls', cause: { code: /CERT|VERIFY|SELF_SIGNED|ISSUER/ } })
    t.equal(error, failures[0])
    t.equal(zk.sessionId, 0n)
  }
  const clock = new ManualClock()
  const late = new ZooKeeper(at, { tls: { caFile: foreign.ca }, ports: { clock } })
  t.teardown(() => late.close())
  const failed = new Promise<void>(resolve => late.on('attemptFailed', () => resolve()))
  const connecting = errorOf(late.connect({ timeout: 2000 }))
  await failed
  clock.advance(2000)
  const error = await connecting
  t.match(error, { code: 'REQUEST_TIMEOUT', cause: { reason: 'tls' } })
  const careless = await client(t, at, { tls: { rejectUnauthorized: false } })
  t.ok(await careless.exists('/'))
})

test('the name in the connect string is what the certificate has to be for', async t => {
  const named = `localhost:${mutual.securePort}`
  const { failures } = await refused(t, named, asAlice)
  const mismatch = failures.find(
    ({ reason, cause }) =>
      reason === 'tls' && (cause as NodeJS.ErrnoException).code === 'ERR_TLS_CERT_ALTNAME_INVALID',
  )
  t.ok(mismatch ?? failures.some(failure => /ECONNREFUSED/.test(String(failure))), String(failures))
  const checked: string[] = []
  const zk = await client(t, named, {
    tls: {
      ...asAlice,
      checkServerIdentity: host => {
        checked.push(host)
        return undefined
      },
    },
  })
  t.ok(await zk.exists('/'))
  t.ok(checked.includes('localhost'))
})

test('certificates that are replaced on disk are read for the next connection', async t => {
  const files = { certFile: join(path, 'rotated.crt'), keyFile: join(path, 'rotated.key') }
  await Promise.all([copyFile(alice.cert, files.certFile), copyFile(alice.key, files.keyFile)])
  const { zk, proxy, history } = await proxied(t, mutualAt, { tls: { caFile: authority.ca, ...files } })
  t.match(await identity(zk, '/rotated-1'), /CN=alice/)
  await Promise.all([copyFile(bob.cert, files.certFile), copyFile(bob.key, files.keyFile)])
  t.match(await identity(zk, '/rotated-2'), /CN=alice/, 'the connection at hand keeps its own')
  proxy.cut()
  await passed(history, 'connected')
  t.match(await identity(zk, '/rotated-3'), /CN=bob/)
  t.equal(zk.generation, 1)
})

test('files that are missing for a while are an attempt that failed, and no more', async t => {
  const file = join(path, 'late.crt')
  await rm(file, { force: true })
  const { zk, failures } = await refused(t, mutualAt, { ...asAlice, certFile: file })
  t.match(failures[0], { reason: 'tls', cause: { code: 'ENOENT' } })
  await copyFile(alice.cert, `${file}.draft`)
  await rename(`${file}.draft`, file)
  await zk.connect({ timeout: 60_000 })
  t.ok(await zk.exists('/'))
})

test('a function is asked before each connection, and may fail', async t => {
  let asked = 0
  const tls = async (): Promise<TlsOptions> => {
    asked++
    if (asked === 1) throw new Error('the vault is closed')
    return trusting
  }
  const failures: Error[] = []
  const { proxy, zk } = await proxied(t, at, { tls, ports: { random: () => 0 } })
  zk.on('attemptFailed', error => failures.push(error))
  t.equal(asked, 2)
  proxy.cut()
  await eventually('the next connection', () => asked === 3)
  t.ok(await zk.exists('/'))
  const never = new ZooKeeper(at, { tls: () => new Promise(() => {}), sessionTimeout: 1000 })
  t.teardown(() => never.close())
  t.match(await errorOf(never.connect({ timeout: 1500 })), { code: 'REQUEST_TIMEOUT' })
})

test('TLS to a plain port and plain text to a TLS port fail in time and harm nobody', async t => {
  const plain = await refused(t, open.connectString, trusting)
  t.equal(plain.zk.sessionId, 0n)
  const text = await refused(t, at, undefined)
  t.equal(text.zk.sessionId, 0n)
  const zk = await client(t, at, { tls: trusting })
  t.ok(await zk.exists('/'))
})

test('a handshake that hangs is given up, and close() does not wait for it', async t => {
  const proxy = await proxyTo(t, at)
  proxy.set({ kind: 'stall', direction: 'toClient' })
  const zk = new ZooKeeper(proxy.connectString, { tls: trusting, sessionTimeout: 1000 })
  t.teardown(() => zk.close())
  await eventually('an attempt', () => {
    void zk.connect().catch(() => {})
    return proxy.connections > 0
  })
  await eventually('the next attempt', () => proxy.accepted > 1)
  await within(2000, zk.close())
  t.equal(zk.state, 'closed')
  await eventually('no socket is left', () => proxy.connections === 0)
})

test('neither key nor passphrase shows in what is printed', async t => {
  const key = await readFile(alice.key, 'utf8')
  const zk = await client(t, mutualAt, {
    tls: { caFile: authority.ca, cert: await readFile(alice.cert), key, passphrase: 'hush' },
  })
  const shown = inspect(zk, { depth: 12, showHidden: true })
  t.notMatch(shown, /PRIVATE KEY|hush/)
})
