// The frame rules of the fault proxy: what they see, and what becomes of the frames.
import type { FrameVerdict, ProxiedFrame } from '../../src/testing/index.ts'
import { FaultProxy } from '../../src/testing/index.ts'
import type { Test } from '../tap.ts'
import { t } from '../tap.ts'
import { echo, frame, Peer, startServer, until } from './sockets.ts'

const CONNECT = frame('connect request')
const CONNECTED = frame('connect reply')
const CREATE = 1
const GET_DATA = 4
const PING = 11

function request(xid: number, opcode: number, body = ''): Buffer {
  return frame(xid, opcode, body)
}

function reply(xid: number, zxid: bigint, err = 0, body = ''): Buffer {
  return frame(xid, zxid, err, body)
}

/** A client and a server joined by a proxy; the server says nothing by itself. */
async function join(t: Test): Promise<{ proxy: FaultProxy; client: Peer; server: Peer }> {
  const listener = await startServer(t, () => {})
  const proxy = await FaultProxy.start({ target: listener.target })
  t.teardown(() => proxy.close())
  const client = await Peer.connect(proxy.port)
  t.teardown(() => client.socket.destroy())
  await until('the server has it', () => listener.peers.length === 1)
  return { proxy, client, server: listener.peers[0]! }
}

function same(peer: Peer, ...frames: readonly Buffer[]): () => boolean {
  return () => peer.received.equals(Buffer.concat(frames))
}

async function handshake(client: Peer, server: Peer): Promise<void> {
  client.socket.write(CONNECT)
  await until('the connect request', same(server, CONNECT))
  server.socket.write(CONNECTED)
  await until('the connect reply', same(client, CONNECTED))
}

t.test('filter: a rule sees each whole frame, however the stream is cut', async t => {
  const requests = [
    CONNECT,
    request(7, CREATE, '/a'),
    request(-2, PING),
    request(8, GET_DATA, '/b'),
    frame('?'),
  ]
  const replies = [
    CONNECTED,
    reply(7, 9n),
    reply(-1, -1n, 0, 'event'),
    reply(-2, 9n),
    reply(8, 1n << 40n, -101),
  ]
  for (const size of [1, 3, 1000]) {
    const { proxy, client, server } = await join(t)
    const seen: ProxiedFrame[] = []
    proxy.filter(each => {
      seen.push({ ...each, bytes: each.bytes.slice() })
      return 'pass'
    })
    writeInPieces(client, Buffer.concat(requests), size)
    await until('the requests', same(server, ...requests))
    writeInPieces(server, Buffer.concat(replies), size)
    await until('the replies', same(client, ...replies))
    const facts = seen.map(({ bytes, connection, ...rest }) => {
      t.equal(connection, 0)
      const sent = rest.direction === 'toServer' ? requests : replies
      t.ok(sent[rest.index]!.equals(bytes), `${rest.direction} ${rest.index}`)
      return rest
    })
    t.strictSame(facts, [
      { kind: 'connect', direction: 'toServer', index: 0 },
      { kind: 'request', direction: 'toServer', index: 1, xid: 7, opcode: CREATE },
      { kind: 'request', direction: 'toServer', index: 2, xid: -2, opcode: PING },
      { kind: 'request', direction: 'toServer', index: 3, xid: 8, opcode: GET_DATA },
      { kind: 'short', direction: 'toServer', index: 4 },
      { kind: 'connect', direction: 'toClient', index: 0 },
      { kind: 'reply', direction: 'toClient', index: 1, xid: 7, zxid: 9n, err: 0, opcode: CREATE },
      { kind: 'reply', direction: 'toClient', index: 2, xid: -1, zxid: -1n, err: 0, opcode: null },
      { kind: 'reply', direction: 'toClient', index: 3, xid: -2, zxid: 9n, err: 0, opcode: PING },
      {
        kind: 'reply',
        direction: 'toClient',
        index: 4,
        xid: 8,
        zxid: 1n << 40n,
        err: -101,
        opcode: GET_DATA,
      },
    ])
  }
})

function writeInPieces(peer: Peer, bytes: Buffer, size: number): void {
  for (let at = 0; at < bytes.length; at += size) peer.socket.write(bytes.subarray(at, at + size))
}

t.test('filter: exactly the reply to a create can be lost', async t => {
  for (const verdict of ['drop', 'cut'] as const) {
    const { proxy, client, server } = await join(t)
    await handshake(client, server)
    // Sent before there is a rule: the proxy must know them all the same.
    client.socket.write(Buffer.concat([request(1, GET_DATA), request(2, CREATE)]))
    await until('the requests', same(server, CONNECT, request(1, GET_DATA), request(2, CREATE)))
    proxy.filter(each => (each.kind === 'reply' && each.opcode === CREATE ? verdict : 'pass'))
    server.socket.write(Buffer.concat([reply(1, 5n), reply(2, 6n), reply(-1, -1n)]))
    if (verdict === 'drop') {
      await until('the others', same(client, CONNECTED, reply(1, 5n), reply(-1, -1n)))
      t.notOk(client.closed || server.closed)
    } else {
      await until('the cut', () => client.ended && server.closed)
      t.ok(same(client, CONNECTED, reply(1, 5n))(), 'what came before it arrives')
    }
  }
})

t.test('filter: a request that was dropped or replaced never reached the server', async t => {
  const { proxy, client, server } = await join(t)
  const seen: (number | null)[] = []
  proxy.filter(each => {
    if (each.kind === 'reply') seen.push(each.opcode)
    if (each.kind !== 'request') return 'pass'
    return each.xid === 1 ? 'drop' : each.xid === 2 ? request(3, PING) : 'pass'
  })
  await handshake(client, server)
  client.socket.write(Buffer.concat([request(1, CREATE), request(2, CREATE), request(4, GET_DATA)]))
  await until('the rest', same(server, CONNECT, request(3, PING), request(4, GET_DATA)))
  server.socket.write(Buffer.concat([1, 2, 3, 4].map(xid => reply(xid, 1n))))
  await until('the replies', () => seen.length === 4)
  t.strictSame(seen, [null, null, PING, GET_DATA])
})

t.test('filter: the first rule that does not pass decides, and undo takes back one', async t => {
  const { proxy, client, server } = await join(t)
  await handshake(client, server)
  const rule = (): FrameVerdict => frame('replaced')
  const undoPass = proxy.filter(() => 'pass')
  const undoFirst = proxy.filter(rule)
  const undoSecond = proxy.filter(rule)
  const dropped: number[] = []
  proxy.filter(each => {
    dropped.push(each.index)
    return 'drop'
  })
  client.socket.write(request(1, CREATE))
  await until('the replacement', same(server, CONNECT, frame('replaced')))
  undoPass()
  undoFirst()
  undoFirst()
  client.socket.write(request(2, CREATE))
  await until('the other one', same(server, CONNECT, frame('replaced'), frame('replaced')))
  t.strictSame(dropped, [])
  undoSecond()
  client.socket.write(request(3, CREATE))
  await until('the last rule has its turn', () => dropped.length === 1)
  t.strictSame(dropped, [3])
})

t.test('filter: a rule set in the middle of a frame starts with the next', async t => {
  const { proxy, client, server } = await join(t)
  await handshake(client, server)
  const [first, second, third] = [request(1, CREATE, 'long body'), request(2, CREATE), request(3, CREATE)]
  client.socket.write(first.subarray(0, 14))
  await until('the start', same(server, CONNECT, first.subarray(0, 14)))
  const undo = proxy.filter(each => (each.kind === 'request' ? 'drop' : 'pass'))
  client.socket.write(Buffer.concat([first.subarray(14), second, third.subarray(0, 6)]))
  await until('the rest of it', same(server, CONNECT, first))
  undo()
  client.socket.write(Buffer.concat([third.subarray(6)]))
  await until('the frame begun under the rule', same(server, CONNECT, first, third))
})

t.test('filter: four-letter words and other streams without frames pass by the rules', async t => {
  const listener = await startServer(t, echo)
  const proxy = await FaultProxy.start({ target: listener.target })
  t.teardown(() => proxy.close())
  proxy.filter(() => 'drop')
  const client = await Peer.connect(proxy.port)
  client.socket.write('ru')
  client.socket.end('ok and more text')
  await until('the echo', () => client.ended)
  t.equal(client.text, 'ruok and more text')
  const negative = await Peer.connect(proxy.port)
  negative.socket.end(Buffer.from('ffffffff00', 'hex'))
  await until('the echo', () => negative.ended)
  t.equal(negative.received.toString('hex'), 'ffffffff00')
})

t.test('filter: frames are found again after any mode', async t => {
  const { proxy, client, server } = await join(t)
  await handshake(client, server)
  proxy.set({ kind: 'stall', direction: 'toServer' })
  client.socket.write(request(1, CREATE))
  proxy.filter(each => (each.kind === 'request' && each.xid === 2 ? 'drop' : 'pass'))
  client.socket.write(Buffer.concat([request(2, CREATE), request(3, CREATE)]))
  proxy.set({ kind: 'pass' })
  await until('all but one', same(server, CONNECT, request(1, CREATE), request(3, CREATE)))
})

t.test('filter: a rule that throws cuts the connection and fails close()', async t => {
  const listener = await startServer(t, echo)
  const proxy = await FaultProxy.start({ target: listener.target })
  const failure = new Error('bad rule')
  const undo = proxy.filter(() => {
    throw failure
  })
  const client = await Peer.connect(proxy.port)
  client.socket.write(CONNECT)
  await until('the cut', () => client.closed)
  undo()
  const next = await Peer.connect(proxy.port)
  next.socket.write(CONNECT)
  await until('the proxy still works', same(next, CONNECT))
  await t.rejects(proxy.close(), failure)
  await until('all is closed', () => next.closed)
})
