// What a TLS client says first: the name of the connect string, whatever the address is.
import { Buffer } from 'node:buffer'
import type { AddressInfo, Socket } from 'node:net'
import { createServer, Socket as NetSocket } from 'node:net'
import type { TlsOptions } from '../../../protocol/net/tls.ts'
import { tlsConnector } from '../../../protocol/net/tls.ts'
import type { Test } from '../../tap.ts'
import { t } from '../../tap.ts'

/** The first bytes that a client sends to a server that hangs up on them. */
async function hello(t: Test, host: string, options: TlsOptions = {}, ref = true): Promise<Buffer> {
  let first: Buffer | undefined
  const server = createServer((socket: Socket) => {
    socket.on('error', () => {})
    socket.once('data', chunk => {
      first = chunk
      socket.destroy()
    })
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => server.close())
  const { port } = server.address() as AddressInfo
  const connect = tlsConnector(options, ref)
  await t.rejects(connect({ host, ip: '127.0.0.1', port }, new AbortController().signal))
  return first as unknown as Buffer
}

/** The server_name extension of RFC 6066, for one host name. */
function serverName(name: string): Buffer {
  const bytes = Buffer.from(name)
  const head = Buffer.alloc(9)
  head.writeUInt16BE(bytes.length + 5, 2)
  head.writeUInt16BE(bytes.length + 3, 4)
  head.writeUInt16BE(bytes.length, 7)
  return Buffer.concat([head, bytes])
}

t.test('H8: tls: the server is asked for by its name, not by its address', async t => {
  const first = await hello(t, 'zk-1.example')
  t.equal(first[0], 0x16, 'encrypted from the first byte: a handshake record')
  t.ok(first.includes(serverName('zk-1.example')))
})

t.test('tls: an address is no name, and a name of the options goes first', async t => {
  t.notOk((await hello(t, '127.0.0.1')).includes(serverName('127.0.0.1')))
  const first = await hello(t, 'zk-1.example', { servername: 'other.example' })
  t.ok(first.includes(serverName('other.example')))
  t.notOk(first.includes('zk-1.example'))
})

t.test('tls: only one that may not keep the process from ending is unreferenced', async t => {
  let calls = 0
  const original = NetSocket.prototype.unref
  NetSocket.prototype.unref = function spy(this: Socket): Socket {
    calls++
    return original.call(this)
  }
  t.teardown(() => {
    NetSocket.prototype.unref = original
  })
  await hello(t, 'zk-1.example')
  t.equal(calls, 0)
  await hello(t, 'zk-1.example', {}, false)
  t.ok(calls > 0)
})

t.test(
  'tls: options are asked for before each connection, and a missing file is a failed attempt',
  async t => {
    const connect = tlsConnector(async () => ({ caFile: '/nonexistent/ca.pem' }))
    await t.rejects(connect({ host: 'zk', ip: '127.0.0.1', port: 1 }, new AbortController().signal), {
      code: 'ENOENT',
    })
  },
)

t.test('tls: an abort ends an attempt whose server says nothing', async t => {
  const sockets: Socket[] = []
  const server = createServer(socket => sockets.push(socket.on('error', () => {}).resume()))
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => server.close())
  const { port } = server.address() as AddressInfo
  const controller = new AbortController()
  const closed = new Promise<void>(resolve => {
    server.once('connection', socket => {
      socket.once('close', () => resolve())
      controller.abort(new Error('enough'))
    })
  })
  await t.rejects(tlsConnector({})({ host: 'zk', ip: '127.0.0.1', port }, controller.signal), {
    message: 'enough',
  })
  await closed
  t.equal(sockets.length, 1)
})
