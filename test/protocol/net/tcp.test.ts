// TCP transports: bytes and ends, and nothing of the socket that runtimes do differently.
import { Buffer } from 'node:buffer'
import { getEventListeners } from 'node:events'
import type { AddressInfo, Server } from 'node:net'
import { connect, createServer, Socket } from 'node:net'
import { describeAddress, tcpConnector, whenConnected } from '../../../protocol/net/tcp.ts'
import type { Address, Transport } from '../../../protocol/net/transport.ts'
import { deferred } from '../../../protocol/support/deferred.ts'
import type { Test } from '../../tap.ts'
import { t } from '../../tap.ts'

const signal = new AbortController().signal

async function listening(
  t: Test,
  serve: (socket: Socket) => void,
): Promise<{ server: Server; address: Address }> {
  const sockets: Socket[] = []
  const server = createServer({ allowHalfOpen: true }, socket => {
    sockets.push(socket.on('error', () => {}))
    serve(socket)
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    server.close()
    // One that reads nothing hears of no end.
    for (const socket of sockets) socket.destroy()
  })
  const { port } = server.address() as AddressInfo
  return { server, address: { host: 'zk', ip: '127.0.0.1', port } }
}

/** What a transport delivers until its end. */
function ended(transport: Transport): Promise<{ bytes: Buffer; cause: Error | undefined }> {
  const chunks: Buffer[] = []
  return new Promise(resolve => {
    transport.open({
      data: (chunk, length) => chunks.push(Buffer.from(chunk.subarray(0, length))),
      drain: () => {},
      closed: cause => resolve({ bytes: Buffer.concat(chunks), cause }),
    })
  })
}

/** Replaces methods of sockets by ones that tell of their use. */
function spied(t: Test, ...names: readonly ('setTimeout' | 'setKeepAlive')[]): string[] {
  const used: string[] = []
  for (const name of names) {
    const original = Socket.prototype[name]
    Socket.prototype[name] = function spy(this: Socket): Socket {
      used.push(name)
      return this
    }
    t.teardown(() => {
      Socket.prototype[name] = original as never
    })
  }
  return used
}

t.test(
  'H15: tcp: neither socket timeouts nor keep-alive nor half-open connections are relied on',
  async t => {
    const used = spied(t, 'setTimeout', 'setKeepAlive')
    const closed = deferred<void>()
    // The server ends its side and keeps the other open: a half-open connection, if the client let it be one.
    const { address } = await listening(t, socket => {
      socket.on('close', () => closed.resolve()).resume()
      socket.end('bytes')
    })
    const transport = await tcpConnector()(address, signal)
    const { bytes, cause } = await ended(transport)
    t.equal(bytes.toString(), 'bytes')
    t.equal(cause, undefined)
    const taken = transport.write(Buffer.from('x'), () => t.fail('it was written'))
    t.equal(taken, false)
    await closed.promise
    t.strictSame(used, [])
  },
)

t.test('tcp: what arrived before open() is delivered, and so is an end before it', async t => {
  const { address } = await listening(t, socket => socket.end('early'))
  const transport = await tcpConnector()(address, signal)
  t.equal((await ended(transport)).bytes.toString(), 'early')
  const other = await tcpConnector()(address, signal)
  other.destroy()
  t.equal((await ended(other)).cause, undefined)
})

t.test('tcp: what arrives long before open() waits for it, and so does an end that is long over', async t => {
  const sent = deferred<void>()
  const { address } = await listening(t, socket => socket.end('early', () => sent.resolve()))
  const transport = await tcpConnector()(address, signal)
  const over = await tcpConnector()(address, signal)
  over.destroy()
  await sent.promise
  for (let turns = 0; turns < 20; turns++) await new Promise(resolve => setImmediate(resolve))
  t.equal((await ended(transport)).bytes.toString(), 'early')
  let told = 0
  over.open({ data: () => {}, drain: () => {}, closed: () => told++ })
  t.equal(told, 0, 'not before open() has returned')
  await new Promise(resolve => setImmediate(resolve))
  t.equal(told, 1)
})

t.test(
  'tcp: a server that ends its side ends it all, though it took nothing of what was written',
  async t => {
    const { address } = await listening(t, socket => socket.pause().end('enough'))
    const transport = await tcpConnector()(address, signal)
    const end = ended(transport)
    for (let i = 0; i < 50; i++) transport.write(Buffer.alloc(1024 * 1024), () => {})
    t.equal((await end).bytes.toString(), 'enough')
  },
)

t.test('tcp: a transport that asked to wait tells when it takes bytes again', async t => {
  const peer = deferred<Socket>()
  const { address } = await listening(t, socket => peer.resolve(socket.pause()))
  const transport = await tcpConnector()(address, signal)
  const drained = deferred<void>()
  transport.open({ data: () => {}, drain: () => drained.resolve(), closed: () => {} })
  while (transport.write(Buffer.alloc(1024 * 1024), () => {}));
  ;(await peer.promise).resume()
  await drained.promise
  t.pass('and it did')
  transport.destroy()
})

t.test('tcp: chunks come in one memory, which is lent for the call', async t => {
  const { address } = await listening(t, socket => socket.on('data', chunk => socket.write(chunk)))
  const transport = await tcpConnector()(address, signal)
  const memory = new Set<Buffer>()
  const heard: string[] = []
  const done = deferred<void>()
  transport.open({
    data: (chunk, length) => {
      memory.add(chunk)
      heard.push(chunk.toString('latin1', 0, length))
      if (heard.length === 3) done.resolve()
      else transport.write(Buffer.from(`${heard.length + 1}`), () => {})
    },
    drain: () => {},
    closed: () => {},
  })
  transport.write(Buffer.from('1'), () => {})
  await done.promise
  transport.destroy()
  t.strictSame(heard, ['1', '2', '3'])
  t.equal(memory.size, 1)
})

t.test('tcp: more than fits into the memory of one read arrives whole and in order', async t => {
  const sent = Buffer.from(Uint32Array.from({ length: 250_000 }, (_, i) => i).buffer)
  const { address } = await listening(t, socket => socket.end(sent))
  const { bytes } = await ended(await tcpConnector()(address, signal))
  t.ok(bytes.equals(sent), `${bytes.length} bytes`)
})

t.test('tcp: memory that was written is given back once for each write, in order', async t => {
  const { address } = await listening(t, socket => socket.resume())
  const transport = await tcpConnector()(address, signal)
  transport.open({ data: () => {}, drain: () => {}, closed: () => {} })
  const written: number[] = []
  await new Promise<void>(resolve => {
    for (let i = 0; i < 20; i++) {
      transport.write(Buffer.alloc(100_000), () => {
        if (written.push(i) === 20) resolve()
      })
    }
  })
  transport.destroy()
  t.strictSame(written, [...Array(20).keys()])
})

t.test('tcp: a broken connection tells its cause', async t => {
  const { address } = await listening(t, socket => socket.once('data', () => socket.resetAndDestroy()))
  const transport = await tcpConnector()(address, signal)
  const end = ended(transport)
  transport.write(Buffer.from('x'), () => {})
  t.match((await end).cause, { code: 'ECONNRESET' })
})

t.test('tcp: a refused connection rejects, an aborted one too, and nothing is left of either', async t => {
  const { server, address } = await listening(t, () => {})
  await t.rejects(tcpConnector()(address, AbortSignal.abort(new Error('before'))), { message: 'before' })
  const controller = new AbortController()
  const connecting = tcpConnector()(address, controller.signal)
  controller.abort(new Error('meanwhile'))
  await t.rejects(connecting, { message: 'meanwhile' })
  server.close()
  await t.rejects(tcpConnector()(address, signal), { code: 'ECONNREFUSED' })
})

t.test('tcp: the signal of an attempt has nothing to say any more when it is over', async t => {
  const { server, address } = await listening(t, socket => socket.on('data', chunk => socket.end(chunk)))
  const controller = new AbortController()
  const transport = await tcpConnector()(address, controller.signal)
  t.equal(getEventListeners(controller.signal, 'abort').length, 0)
  controller.abort(new Error('too late'))
  const end = ended(transport)
  transport.write(Buffer.from('alive'), () => {})
  t.equal((await end).bytes.toString(), 'alive')
  server.close()
  const other = new AbortController()
  await t.rejects(tcpConnector()(address, other.signal), { code: 'ECONNREFUSED' })
  t.equal(getEventListeners(other.signal, 'abort').length, 0)
})

t.test('tcp: a socket that fails on its way is destroyed; an error before open() is no crash', async t => {
  const { address } = await listening(t, () => {})
  const failing = connect(address.port, address.ip)
  const failed = whenConnected(failing, 'secureConnect', address, signal)
  failing.emit('error', new Error('no common cipher'))
  await t.rejects(failed, { message: 'no common cipher' })
  t.equal(failing.destroyed, true)
  const socket = connect(address.port, address.ip)
  const transport = await whenConnected(socket, 'connect', address, signal)
  t.doesNotThrow(() => socket.emit('error', new Error('reset')))
  transport.destroy()
})

t.test('tcp: addresses as people read them', async t => {
  t.equal(describeAddress({ host: 'zk', ip: '10.0.0.1', port: 1 }), 'zk (10.0.0.1:1)')
  t.equal(describeAddress({ host: '10.0.0.1', ip: '10.0.0.1', port: 1 }), '10.0.0.1:1')
  t.equal(describeAddress({ host: '::1', ip: '::1', port: 1 }), '[::1]:1')
  t.equal(describeAddress({ host: 'zk', ip: '::1', port: 1 }), 'zk ([::1]:1)')
})
