// Clients that take their time: nothing, a byte now and then, half a handshake. They cost little, and not for long.
import { Buffer } from 'node:buffer'
import { readFile } from 'node:fs/promises'
import type { Socket } from 'node:net'
import { connect } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { ZooKeeper } from '../../protocol/index.ts'
import { OpCode } from '../../protocol/opcodes.ts'
import type { EmbeddedOptions } from '../../src/embedded/index.ts'
import { EmbeddedZooKeeper } from '../../src/embedded/index.ts'
import { ManualClock } from '../../src/testing/index.ts'
import { ask } from '../conformance/ask.ts'
import { create } from '../conformance/both.ts'
import { connectFrame, RawClient, requestFrame } from '../conformance/raw-client.ts'
import { folder, makeAuthority } from '../integration/protocol/certificates.ts'
import { eventually } from '../support/eventually.ts'
import type { Test } from '../tap.ts'
import { t } from '../tap.ts'

/** Milliseconds until a silent connection is cut. A machine that stands still may take as long over a handshake. */
const SHORT = 700
/** The same, where nobody is to be cut. */
const LONG = 100_000
const CONNECT = { timeout: 60_000 }

async function serverOf(t: Test, options: EmbeddedOptions = {}): Promise<EmbeddedZooKeeper> {
  const server = await EmbeddedZooKeeper.start(options)
  t.teardown(() => server.close())
  return server
}

/** A connection that does what it is told, and nothing else; `ended` tells when the server has cut it. */
async function slow(t: Test, port: number): Promise<{ socket: Socket; ended: () => boolean }> {
  const socket = connect({ host: '127.0.0.1', port })
  t.teardown(() => void socket.destroy())
  let ended = false
  socket.on('error', () => {})
  socket.on('close', () => {
    ended = true
  })
  await new Promise(resolve => socket.once('connect', resolve))
  socket.resume()
  return { socket, ended: () => ended }
}

/** Writes the bytes one by one, and begins again, until the connection ends. */
function drip(socket: Socket, bytes: Uint8Array): void {
  let at = 0
  const timer = setInterval(() => socket.write(bytes.subarray(at, ++at % bytes.length || bytes.length)), 5)
  socket.once('close', () => clearInterval(timer))
}

/** A connection with a session, however often the machine is too slow for it. */
function known(t: Test, server: EmbeddedZooKeeper): Promise<RawClient> {
  return eventually('a session', async () => {
    const client = await RawClient.open(server.connectString, { timeOut: 40_000 }).catch(() => null)
    if (client !== null) t.teardown(() => client.link.destroy())
    return client
  })
}

async function openConnections(server: EmbeddedZooKeeper): Promise<number> {
  return Number(/^Connections: (\d+)$/m.exec(await ask(server.connectString, 'srvr'))?.[1])
}

/** A handshake that says that it is longer than it ever becomes. */
const endless = Buffer.alloc(200_000)
endless.writeInt32BE(900_000)

const manners: Readonly<Record<string, (socket: Socket) => void>> = {
  'says nothing': () => {},
  'sends half a handshake': socket => socket.write(connectFrame().subarray(0, 20)),
  'sends a byte at a time, without an end': socket => drip(socket, endless),
  'sends half a four-letter word': socket => socket.write('ru'),
}

for (const [name, begin] of Object.entries(manners)) {
  t.test(`slow: who ${name} is cut, and the others are served`, async t => {
    const server = await serverOf(t, { handshakeTimeout: SHORT })
    const client = await known(t, server)
    const { socket, ended } = await slow(t, server.port)
    begin(socket)
    await eventually('the end', ended)
    t.equal((await client.call(OpCode.whoAmI)).err, 0)
    t.notOk(client.link.ended, 'a session is enough to stay')
  })
}

t.test('slow: two thousand idle connections are cut together', { timeout: 200_000 }, async t => {
  const server = await serverOf(t, { handshakeTimeout: SHORT })
  const zk = new ZooKeeper(server.connectString, { sessionTimeout: 40_000 })
  t.teardown(() => zk.close())
  await zk.connect(CONNECT)
  const crowd: Awaited<ReturnType<typeof slow>>[] = []
  // No more at once than the system keeps in line for a server.
  while (crowd.length < 2000) {
    crowd.push(...(await Promise.all(Array.from({ length: 100 }, () => slow(t, server.port)))))
  }
  await zk.create('/served', 'x')
  await eventually('the end of all', () => crowd.every(({ ended }) => ended()), 150_000)
  // Whoever asks counts as well.
  const isAlone = async (): Promise<boolean> => (await openConnections(server)) === 2
  t.ok(await eventually('only the client is left', isAlone))
  t.equal(zk.generation, 1)
})

t.test('slow: a length that is announced takes no memory before the bytes are there', async t => {
  const server = await serverOf(t, { handshakeTimeout: LONG })
  const before = process.memoryUsage().arrayBuffers
  const crowd = await Promise.all(Array.from({ length: 200 }, () => slow(t, server.port)))
  for (const { socket } of crowd) socket.write(endless.subarray(0, 100))
  await eventually('all have arrived', async () => (await openConnections(server)) === crowd.length + 1)
  // A last one in line behind them: what they sent was read when it is answered.
  await (await RawClient.open(server.connectString)).close()
  const grown = process.memoryUsage().arrayBuffers - before
  t.ok(grown < (crowd.length * 900_000) / 4, `${grown} bytes for ${crowd.length} connections`)
})

t.test('slow: half a request does not keep a session alive', async t => {
  const clock = new ManualClock()
  const server = await serverOf(t, { clock, tickTime: 1000, handshakeTimeout: LONG })
  const client = await RawClient.open(server.connectString, { timeOut: 4000 })
  t.teardown(() => client.link.destroy())
  await create(client, '/e', { flags: 1 })
  const whole = requestFrame(9, OpCode.ping)
  for (let seconds = 0; seconds < 6; seconds++) {
    client.link.send(whole.subarray(seconds, seconds + 1))
    await ask(server.connectString, 'ruok')
    clock.advance(1000)
  }
  await client.link.end()
  t.same(server.sessionIds, [])
})

t.test('slow: who keeps its side open after the last words is cut all the same', async t => {
  const server = await serverOf(t)
  const socket = connect({ host: '127.0.0.1', port: server.port, allowHalfOpen: true })
  t.teardown(() => void socket.destroy())
  let [answer, ended] = ['', false]
  socket.setEncoding('latin1').on('data', text => {
    answer += text
  })
  socket.on('error', () => {})
  socket.on('close', () => {
    ended = true
  })
  socket.write('ruok')
  await eventually('the answer', () => answer === 'imok')
  drip(socket, endless)
  await eventually('the end', () => ended)
})

async function tlsOf(t: Test): Promise<{ ca: Buffer; cert: Buffer; key: Buffer }> {
  const authority = await makeAuthority(await folder(t), 'authority')
  const own = await authority.issue('server', 'server', 'IP:127.0.0.1')
  const [ca, cert, key] = await Promise.all([authority.ca, own.cert, own.key].map(file => readFile(file)))
  return { ca: ca!, cert: cert!, key: key! }
}

t.test('slow: a TLS handshake that has not begun takes a place, too', async t => {
  const server = await serverOf(t, { tls: await tlsOf(t), handshakeTimeout: LONG, maxCnxns: 6 })
  const crowd = await Promise.all(Array.from({ length: 6 }, () => slow(t, server.port)))
  const seventh = await slow(t, server.port)
  await eventually('no place for one more', seventh.ended)
  t.ok(
    crowd.every(({ ended }) => !ended()),
    'the others were first',
  )
})

/** Through its TLS handshake, or cut before. */
function secured(t: Test, port: number, ca: Buffer): Promise<{ ended: () => boolean } | null> {
  const socket = connectTls({ host: '127.0.0.1', port, ca })
  t.teardown(() => void socket.destroy())
  let ended = false
  socket.on('error', () => {})
  return new Promise(resolve => {
    socket.once('secureConnect', () => resolve({ ended: () => ended }))
    socket.once('close', () => {
      ended = true
      resolve(null)
    })
  })
}

t.test('slow: TLS handshakes that are garbage, half, or never begin', async t => {
  const tls = await tlsOf(t)
  const server = await serverOf(t, { tls, handshakeTimeout: SHORT, maxCnxns: 6 })
  const crowd = await Promise.all(Array.from({ length: 6 }, () => slow(t, server.port)))
  crowd[0]!.socket.write(Buffer.alloc(300, 0x7f))
  crowd[1]!.socket.write(connectFrame())
  crowd[2]!.socket.write('ruok')
  // A ClientHello that announces more than comes, at once and byte by byte.
  const hello = Buffer.concat([Buffer.from('1603013ff001003fe0', 'hex'), Buffer.alloc(16_000)])
  crowd[3]!.socket.write(hello.subarray(0, 50))
  drip(crowd[4]!.socket, hello)
  await eventually('the end of all', () => crowd.every(({ ended }) => ended()))

  const silent = await eventually('a handshake', () => secured(t, server.port, tls.ca))
  await eventually('the end of it', silent.ended)
  t.pass('who is done with TLS and says nothing is cut, too')
  const zk = new ZooKeeper(server.connectString, { tls: { ca: tls.ca } })
  t.teardown(() => zk.close())
  await zk.connect(CONNECT)
  t.ok(await zk.exists('/'), 'there are places again')
})
