// The embedded server as a whole: its life, its limits, bad clients, its own modes, and our client on it.
import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import type { Socket } from 'node:net'
import { connect } from 'node:net'
import { promisify } from 'node:util'
import { ZooKeeper } from '../../protocol/index.ts'
import { OpCode } from '../../protocol/opcodes.ts'
import { operations } from '../../protocol/operations.ts'
import type { EmbeddedOptions } from '../../src/embedded/index.ts'
import { EmbeddedZooKeeper } from '../../src/embedded/index.ts'
import { create, login, tryCreate, tryRead, trySet } from '../conformance/both.ts'
import { connectFrame, RawClient, requestFrame } from '../conformance/raw-client.ts'
import { folder, makeAuthority } from '../integration/protocol/certificates.ts'
import { programArgs } from '../support/child.ts'
import { concurrently } from '../support/concurrently.ts'
import { eventually } from '../support/eventually.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { onSteadyPort } from '../support/steady-port.ts'
import type { Test } from '../tap.ts'
import { t } from '../tap.ts'

const ALONE = { timeout: 150_000 }
const test = concurrently({ jobs: 8, timeout: 150_000 })

async function serverOf(t: Test, options: EmbeddedOptions = {}): Promise<EmbeddedZooKeeper> {
  const server = await EmbeddedZooKeeper.start(options)
  t.teardown(() => server.close())
  return server
}

/** These clients send no pings: a slow machine shall not cost them their sessions. */
const LONG = { timeOut: 40_000 }

async function rawTo(t: Test, server: EmbeddedZooKeeper, request = LONG): Promise<RawClient> {
  const client = await RawClient.open(server.connectString, request)
  t.teardown(() => client.link.destroy())
  return client
}

/** A client that never reads. */
async function deaf(t: Test, server: EmbeddedZooKeeper): Promise<Socket> {
  const socket = connect({ host: '127.0.0.1', port: server.port })
  socket.on('error', () => {})
  t.teardown(() => socket.destroy())
  await new Promise(resolve => socket.once('connect', resolve))
  socket.pause()
  return socket
}

test('close leaves nothing behind, and may be called again', async t => {
  const server = await onSteadyPort(t)
  const { port } = server
  const client = await rawTo(t, server)
  await tryCreate(client, '/c', { flags: 4 }, OpCode.createContainer)
  const idle = await deaf(t, server)
  idle.resume()
  await Promise.all([server.close(), server.close()])
  await client.link.end()
  await t.rejects(RawClient.open(`127.0.0.1:${port}`))
  const again = await serverOf(t, { port })
  t.equal(again.connectString, `127.0.0.1:${port}`)
  await t.rejects(EmbeddedZooKeeper.start({ port }), { code: 'EADDRINUSE' })
})

test('a process that closes its server ends by itself', async t => {
  const program = `
    import { EmbeddedZooKeeper } from './src/embedded/index.ts'
    import { ZooKeeper } from './protocol/index.ts'
    const server = await EmbeddedZooKeeper.start()
    const zk = new ZooKeeper(server.connectString)
    await zk.create('/c', null, { mode: 'container' })
    await Promise.all([server.close(), zk.close()])
    console.log('closed')`
  const { stdout } = await promisify(execFile)(process.execPath, programArgs(program), {
    timeout: 120_000,
  })
  t.equal(stdout, 'closed\n')
})

test('8.7.4: a client of a server before this one learns that its session expired', async t => {
  const first = await onSteadyPort(t)
  const { port } = first
  const zk = new ZooKeeper(first.connectString)
  t.teardown(() => zk.close())
  await zk.create('/a', 'x')
  await first.close()
  await serverOf(t, { port })
  await eventually('a second session', () => zk.generation === 2)
  t.equal(await zk.exists('/a'), null)
})

test('options are checked', async t => {
  for (const options of [
    { tickTime: 0 },
    { maxFrameSize: 1.5 },
    { minSessionTimeout: 10, maxSessionTimeout: 5 },
  ]) {
    await t.rejects(EmbeddedZooKeeper.start(options), { name: 'RangeError' })
  }
})

test('8.8.1: more connections than one address may have are cut at once', async t => {
  const server = await serverOf(t, { maxClientCnxns: 2 })
  const [one] = [await rawTo(t, server), await rawTo(t, server)]
  await t.rejects(RawClient.open(server.connectString))
  await one.close()
  await eventually('a place', () => rawTo(t, server).catch(() => null))
})

test('8.9.1: words that are not listed are refused by name', async t => {
  const server = await serverOf(t, { fourLetterWords: 'srvr, isro' })
  const zk = new ZooKeeper(server.connectString)
  t.teardown(() => zk.close())
  t.match(await zk.command('srvr'), /^Zookeeper version: 3\./)
  await t.rejects(zk.command('ruok'), { code: 'NO_AUTH' })
})

// Alone: what the other tests allocate would be counted too.
t.test('8.8.3: a client that asks and never reads is not served beyond a bound', ALONE, async t => {
  const server = await serverOf(t)
  const client = await rawTo(t, server)
  await create(client, '/large', { data: new Uint8Array(1_000_000) })
  const socket = await deaf(t, server)
  const read = operations.getData.request
  const asks = Array.from({ length: 150 }, (_, i) =>
    requestFrame(i + 1, OpCode.getData, read, { path: '/large', watch: false }),
  )
  const before = process.memoryUsage().arrayBuffers
  socket.write(Buffer.concat([connectFrame(LONG), ...asks]))
  await eventually('the server stops', async () => {
    const cons = await new ZooKeeper(server.connectString).command('cons')
    return /queued=[1-9]/.test(cons)
  })
  t.equal((await tryRead(client, OpCode.exists, '/')).err, 0, 'the others notice nothing')
  t.ok(process.memoryUsage().arrayBuffers - before < 100e6, 'where 150 MB were asked for')
  let bytes = 0
  socket.on('data', chunk => {
    bytes += chunk.length
  })
  socket.resume()
  await eventually('all of it, now that it reads', () => bytes > 150 * 1_000_000, 100_000)
})

test('a client that never reads its events is given up', async t => {
  const server = await serverOf(t)
  const client = await rawTo(t, server)
  const path = `/${'p'.repeat(900_000)}`
  await create(client, path)
  const socket = await deaf(t, server)
  const add = { path, mode: 0 }
  socket.write(
    Buffer.concat([connectFrame(LONG), requestFrame(1, OpCode.addWatch, operations.addWatch.request, add)]),
  )
  await eventually('the watch', async () =>
    /Total watches:1/.test(await new ZooKeeper(server.connectString).command('wchs')),
  )
  for (let i = 0; i < 45; i++) await trySet(client, path)
  t.match(await new ZooKeeper(server.connectString).command('wchs'), 'Total watches:0')
  t.equal(server.sessionIds.length, 2, 'its session waits for it')
})

test('garbage, and a thousand connections at once', async t => {
  // A session that outlives a thousand connections on any machine.
  const server = await serverOf(t, { maxSessionTimeout: 600_000 })
  const client = await rawTo(t, server, { timeOut: 600_000 })
  const sockets: Socket[] = []
  const closed: Promise<unknown>[] = []
  const another = async (): Promise<void> => {
    const socket = await deaf(t, server)
    // From now on: the server does not wait long for what a client says first.
    closed.push(new Promise(resolve => socket.once('close', resolve)))
    sockets.push(socket)
  }
  // No more in one go than the system keeps in line for a server.
  while (sockets.length < 1000) await Promise.all(Array.from({ length: 100 }, another))
  const garbage = Buffer.from(Array.from({ length: 512 }, (_, i) => (i * 7919) & 0xff))
  for (const [i, socket] of sockets.entries()) {
    socket.resume()
    garbage[0] = i % 2 === 0 ? 0x7f : 0xff
    socket.end(Buffer.from(garbage))
  }
  await Promise.all(closed)
  t.equal((await tryRead(client, OpCode.exists, '/')).err, 0)
  t.equal(server.sessionIds.length, 1)
})

test('a read-only server, and the way back', async t => {
  const server = await serverOf(t, { tickTime: 500, maxSessionTimeout: 60_000 })
  // Not over before a loaded machine has come to the end.
  const owner = new ZooKeeper(server.connectString, { sessionTimeout: 60_000 })
  t.teardown(() => owner.close())
  await owner.create('/e', 'x', { mode: 'ephemeral' })
  server.setReadOnly(true)
  t.equal(server.readOnly, true)
  const reader = new ZooKeeper(server.connectString, { readOnly: true, sessionTimeout: 60_000 })
  t.teardown(() => reader.close())
  t.match(await reader.get('/e'), { stat: { dataLength: 1 } })
  t.equal(reader.state, 'connectedReadOnly')
  await t.rejects(reader.set('/e', 'y'), { code: 'NOT_READ_ONLY' })
  t.equal(await reader.command('isro'), 'ro')
  server.setReadOnly(false)
  t.match(await owner.set('/e', 'z'), { version: 1 }, 'the owner comes back to its session')
  t.equal(owner.generation, 1)
})

test('a session can be ended from outside', async t => {
  const server = await serverOf(t)
  const client = await rawTo(t, server)
  t.same(server.sessionIds, [client.welcome.sessionId])
  t.equal(server.expireSession(client.welcome.sessionId), true)
  await client.link.end()
  t.equal(server.expireSession(client.welcome.sessionId), false)
})

test('one clock moves expiry, reaping and the times of znodes', async t => {
  const clock = new FakeClock()
  const server = await serverOf(t, { clock, tickTime: 1000 })
  const timeOut = 10_000
  const [client, silent] = [await rawTo(t, server, { timeOut }), await rawTo(t, server, { timeOut })]
  const { stat } = await create(client, '/c', { flags: 0 })
  await tryCreate(client, '/container', { flags: 4 }, OpCode.createContainer)
  await create(client, '/container/a')
  await client.call(OpCode.delete, operations.delete.request, { path: '/container/a', version: -1 })
  await create(silent, '/e', { flags: 1 })
  await clock.advance(9000)
  t.equal((await tryRead(client, OpCode.exists, '/e')).err, 0)
  await clock.advance(3000)
  await silent.link.end()
  t.equal((await tryRead(client, OpCode.exists, '/e')).err, -101)
  for (let i = 0; i < 6; i++) {
    await clock.advance(8000)
    await tryRead(client, OpCode.exists, '/')
  }
  t.equal((await tryRead(client, OpCode.exists, '/container')).err, -101)
  const later = await create(client, '/d')
  t.equal(later.stat.ctime - stat.ctime, 60_000)
  await client.close()
  await server.close()
  t.equal(clock.scheduled, 0, 'no timer is left')
})

test('TLS: the client is who its certificate says', async t => {
  const path = await folder(t)
  const authority = await makeAuthority(path, 'authority')
  const own = await authority.issue('server', 'server', 'IP:127.0.0.1')
  const alice = await authority.issue('alice', 'alice')
  const [ca, cert, key] = await Promise.all([authority.ca, own.cert, own.key].map(file => readFile(file)))
  const server = await serverOf(t, {
    tls: { ca: ca!, cert: cert!, key: key!, requestCert: true, rejectUnauthorized: false },
  })
  const client = async (tls: object): Promise<ZooKeeper> => {
    const zk = new ZooKeeper(server.connectString, { tls: { caFile: authority.ca, ...tls } })
    t.teardown(() => zk.close())
    await zk.connect({ timeout: 60_000 })
    return zk
  }
  // Seen on Deno 2.9.6: a server that lets in clients without a certificate trusts none.
  if ('deno' in process.versions) t.pass('x509', { skip: 'not applicable: Deno trusts no client here' })
  else {
    const known = await client({ certFile: alice.cert, keyFile: alice.key })
    const ids = [{ authScheme: 'ip' }, { authScheme: 'x509', user: 'CN=alice,O=Registry' }]
    t.match(await known.whoAmI(), ids)
  }
  t.equal((await (await client({})).whoAmI()).length, 1)
  await t.rejects(RawClient.open(server.connectString), 'plain text')
})

test('super, and a login that adds', async t => {
  const superDigest = 'super:D/InIHSb7yEEbrWz8b9l71RjZJU='
  const client = await rawTo(t, await serverOf(t, { superDigest }))
  await create(client, '/a', { acl: [{ perms: 1, id: { scheme: 'digest', id: 'x:y' } }] })
  t.equal((await trySet(client, '/a')).err, -102)
  t.equal(await login(client, 'digest', 'super:test'), 0)
  t.equal((await trySet(client, '/a')).err, 0)
})
