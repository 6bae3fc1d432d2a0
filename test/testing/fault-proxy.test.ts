// The fault proxy: what each mode does to the bytes and the closes of both directions.
import type { FaultProxyOptions } from '../../src/testing/index.ts'
import { FaultProxy } from '../../src/testing/index.ts'
import type { Test } from '../tap.ts'
import { t } from '../tap.ts'
import { echo, frame, Peer, silent, startServer, until } from './sockets.ts'

async function startProxy(t: Test, options: FaultProxyOptions): Promise<FaultProxy> {
  const proxy = await FaultProxy.start(options)
  t.teardown(() => proxy.close())
  return proxy
}

async function connectPeer(t: Test, proxy: FaultProxy): Promise<Peer> {
  const peer = await Peer.connect(proxy.port)
  t.teardown(() => peer.socket.destroy())
  return peer
}

t.test('proxy: bytes and half closes go through both ways', async t => {
  const server = await startServer(t, peer => {
    peer.socket.on('end', () => peer.socket.end(`answer to ${peer.text}`))
  })
  const proxy = await startProxy(t, { target: server.target })
  t.equal(proxy.connectString, `127.0.0.1:${proxy.port}`)
  const client = await connectPeer(t, proxy)
  client.socket.end('question')
  await until('the answer', () => client.ended)
  t.equal(client.text, 'answer to question')
  await until('the connection is gone', () => proxy.connections === 0)
  t.equal(proxy.accepted, 1)
})

t.test('proxy: much data arrives whole, with back-pressure', async t => {
  const server = await startServer(t, echo)
  const proxy = await startProxy(t, { target: server.target })
  const client = await connectPeer(t, proxy)
  const data = Buffer.alloc(4 << 20, 'abcdefg')
  client.socket.end(data)
  await until('the end', () => client.ended)
  t.ok(client.received.equals(data))
})

t.test('proxy: refuse resets new connections and leaves the old ones', async t => {
  const server = await startServer(t, echo)
  const proxy = await startProxy(t, { target: server.target })
  const old = await connectPeer(t, proxy)
  await until('the server has it', () => server.peers.length === 1)
  proxy.set({ kind: 'refuse' })
  const refused = await Peer.connect(proxy.port).catch(() => null)
  if (refused) await until('the reset', () => refused.closed)
  t.equal(server.peers.length, 1)
  t.equal(proxy.refused, 1)
  old.socket.write('still here')
  await until('the echo', () => old.text === 'still here')
  proxy.set({ kind: 'pass' })
  const next = await connectPeer(t, proxy)
  next.socket.write('back')
  await until('the echo', () => next.text === 'back')
})

t.test('proxy: a black hole to the server swallows bytes of old and new connections', async t => {
  const server = await startServer(t, echo)
  const proxy = await startProxy(t, { target: server.target })
  const old = await connectPeer(t, proxy)
  const idle = await connectPeer(t, proxy)
  old.socket.write('1')
  await until('the echo', () => old.text === '1')
  proxy.set({ kind: 'blackHole', direction: 'toServer' })
  const late = await connectPeer(t, proxy)
  old.socket.write('2')
  late.socket.write('3')
  await until('the server has three', () => server.peers.length === 3)
  for (const peer of server.peers) peer.socket.write('!')
  await until('the other direction flows', () => old.text === '1!' && late.text === '!')
  t.notOk(old.closed || late.closed, 'sockets stay open')
  t.equal(server.peers.map(peer => peer.text).join(), '1,,')
  proxy.set({ kind: 'pass' })
  await until('those with a hole are cut', () => old.closed && late.closed)
  idle.socket.write('4')
  await until('the one without goes on', () => idle.text === '!4')
})

t.test('proxy: a black hole to the client hides replies and the close of the server', async t => {
  const server = await startServer(t, echo)
  const proxy = await startProxy(t, { target: server.target })
  const client = await connectPeer(t, proxy)
  proxy.set({ kind: 'blackHole', direction: 'toClient' })
  client.socket.write('request')
  await until('the request', () => server.peers[0]?.text === 'request')
  server.peers[0]!.socket.destroy()
  await until('the server closed', () => server.peers[0]!.closed)
  client.socket.write('more')
  t.equal(proxy.connections, 1)
  t.notOk(client.ended || client.closed)
  t.equal(client.text, '')
  proxy.set({ kind: 'blackHole', direction: 'both' })
  t.equal(proxy.connections, 1, 'another black hole gives nothing away')
  proxy.set({ kind: 'pass' })
  await until('the cut', () => client.closed)
})

t.test('proxy: a black hole hides the close of the client', async t => {
  const server = await startServer(t, echo)
  const proxy = await startProxy(t, { target: server.target })
  for (const direction of ['toServer', 'both'] as const) {
    const before = server.peers.length
    const client = await connectPeer(t, proxy)
    await until('the server has it', () => server.peers.length === before + 1)
    const peer = server.peers[before]!
    proxy.set({ kind: 'blackHole', direction })
    client.socket.destroy()
    await until('the client is gone', () => proxy.connections === 0)
    t.notOk(peer.ended || peer.closed, direction)
    proxy.set({ kind: 'pass' })
    await until('the cut', () => peer.closed)
  }
})

t.test('proxy: a stall holds bytes and closes and loses none', async t => {
  const server = await startServer(t, echo)
  const proxy = await startProxy(t, { target: server.target })
  const client = await connectPeer(t, proxy)
  client.socket.write('a')
  await until('the echo', () => client.text === 'a')
  proxy.set({ kind: 'stall', direction: 'toClient' })
  client.socket.write('b')
  client.socket.end('c')
  await until('the requests', () => server.peers[0]!.text === 'abc' && server.peers[0]!.closed)
  t.equal(client.text, 'a')
  proxy.set({ kind: 'pass' })
  await until('the rest and the end', () => client.ended)
  t.equal(client.text, 'abc')
})

t.test('proxy: a delay keeps order, and ends with its mode', async t => {
  const server = await startServer(t, echo)
  const proxy = await startProxy(t, { target: server.target })
  const client = await connectPeer(t, proxy)
  proxy.set({ kind: 'delay', ms: 3 })
  const text = 'a delayed line of text'
  for (const letter of text) client.socket.write(letter)
  await until('the echo', () => client.text === text)
  proxy.set({ kind: 'delay', ms: 3_600_000, direction: 'toClient' })
  client.socket.write('!')
  await until('the request', () => server.peers[0]!.text === `${text}!`)
  t.equal(client.text, text)
  proxy.set({ kind: 'delay', ms: 1 })
  await until('the shorter delay', () => client.text === `${text}!`)
})

t.test('proxy: what was held is lost when a black hole follows', async t => {
  const server = await startServer(t, echo)
  const proxy = await startProxy(t, { target: server.target })
  let held = 0
  proxy.filter(each => {
    if (each.direction === 'toClient') held += 1
    return 'pass'
  })
  const client = await connectPeer(t, proxy)
  proxy.set({ kind: 'stall', direction: 'toClient' })
  client.socket.write(frame('lost'))
  await until('the proxy holds the echo', () => held === 1)
  proxy.set({ kind: 'blackHole', direction: 'both' })
  t.notOk(client.closed)
  proxy.set({ kind: 'pass' })
  await until('the cut', () => client.closed)
  t.equal(client.text, '')
})

t.test('proxy: cut resets everything and lets new connections in', async t => {
  const server = await startServer(t, echo)
  const proxy = await startProxy(t, { target: server.target })
  const clients = [await connectPeer(t, proxy), await connectPeer(t, proxy)]
  await until('the server has both', () => server.peers.length === 2)
  t.equal(proxy.connections, 2)
  proxy.cut()
  await until('all are closed', () => [...clients, ...server.peers].every(peer => peer.closed))
  // Bun closes some of them where it is asked to reset, and says nothing then.
  const known = 'bun' in process.versions ? [undefined, 'ECONNRESET'] : ['ECONNRESET']
  for (const peer of [...clients, ...server.peers]) t.ok(known.includes(peer.error?.code))
  t.equal(proxy.connections, 0)
  const next = await connectPeer(t, proxy)
  next.socket.write('again')
  await until('the echo', () => next.text === 'again')
  t.equal(proxy.accepted, 3)
})

t.test('proxy: cutAfter delivers exactly that many bytes', async t => {
  const server = await startServer(t, echo)
  const proxy = await startProxy(t, { target: server.target })
  for (const count of [0, 1, 5, 9]) {
    const client = await connectPeer(t, proxy)
    proxy.cutAfter(count, 'toClient')
    client.socket.write('1234')
    if (count >= 5) await until('the first bytes', () => client.text === '1234')
    if (count >= 5) client.socket.write('56789')
    await until('the cut', () => client.ended || client.closed)
    t.equal(client.text, '123456789'.slice(0, count), `${count} bytes`)
    await until('the server side is cut too', () => server.peers.at(-1)!.closed)
  }
  const client = await connectPeer(t, proxy)
  proxy.cutAfter(3, 'toServer')
  client.socket.write('abcdef')
  await until('the cut', () => server.peers.at(-1)!.ended)
  t.equal(server.peers.at(-1)!.text, 'abc')
})

t.test('proxy: the target can change, and may be down', async t => {
  const [first, second] = [await startServer(t, echo), await startServer(t, echo)]
  const proxy = await startProxy(t, { target: first.target })
  const old = await connectPeer(t, proxy)
  await until('the first has it', () => first.peers.length === 1)
  proxy.setTarget(second.target)
  const next = await connectPeer(t, proxy)
  await until('the second has it', () => second.peers.length === 1)
  await second.close()
  await until('its connection ends', () => next.ended || next.closed)
  const dead = await Peer.connect(proxy.port).catch(() => null)
  if (dead) await until('the client is told', () => dead.closed)
  old.socket.write('alive')
  await until('the echo', () => old.text === 'alive')
})

t.test('proxy: a target that is not host:port is refused', async t => {
  for (const target of ['', 'host', 'host:', ':1', 'a:b', '::1:2181', 'h:70000', 'h:1/app', 'a:1,b:2']) {
    await t.rejects(FaultProxy.start({ target }), { name: 'TypeError' }, JSON.stringify(target))
  }
  const proxy = await startProxy(t, { target: '[::1]:2181' })
  t.throws(() => proxy.setTarget('nowhere'), TypeError)
})

t.test('proxy: close ends everything, once, in every mode', async t => {
  const server = await startServer(t, silent)
  for (const kind of ['pass', 'stall', 'blackHole'] as const) {
    const proxy = await FaultProxy.start({ target: server.target })
    const { port } = proxy
    const client = await connectPeer(t, proxy)
    proxy.set(kind === 'pass' ? { kind } : { kind, direction: 'both' })
    client.socket.write('held')
    const closing = proxy.close()
    t.equal(proxy.close(), closing)
    await closing
    await proxy[Symbol.asyncDispose]()
    t.equal(proxy.connections, 0)
    await until('the client is closed', () => client.closed)
    await t.rejects(Peer.connect(port), { code: 'ECONNREFUSED' })
    t.throws(() => proxy.port, /closed/)
  }
})

t.test('proxy: a port that is taken is an error', async t => {
  const server = await startServer(t, silent)
  const proxy = await startProxy(t, { target: server.target })
  await t.rejects(FaultProxy.start({ target: server.target, port: proxy.port }), { code: 'EADDRINUSE' })
})
