// TCP transports: bytes and ends, and nothing of the socket that runtimes do differently.
import { Buffer } from 'node:buffer'
import type { AddressInfo, Server } from 'node:net'
import { createServer, Socket } from 'node:net'
import { describeAddress, tcpConnector } from '../../../protocol/net/tcp.ts'
import type { Address, Transport } from '../../../protocol/net/transport.ts'
import { deferred } from '../../../protocol/support/deferred.ts'
import type { Test } from '../../tap.ts'
import { t } from '../../tap.ts'

const signal = new AbortController().signal

async function listening(
  t: Test,
  serve: (socket: Socket) => void,
): Promise<{ server: Server; address: Address }> {
  const server = createServer({ allowHalfOpen: true }, socket => serve(socket.on('error', () => {})))
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => server.close())
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

t.test('tcp: addresses as people read them', async t => {
  t.equal(describeAddress({ host: 'zk', ip: '10.0.0.1', port: 1 }), 'zk (10.0.0.1:1)')
  t.equal(describeAddress({ host: '10.0.0.1', ip: '10.0.0.1', port: 1 }), '10.0.0.1:1')
  t.equal(describeAddress({ host: '::1', ip: '::1', port: 1 }), '[::1]:1')
  t.equal(describeAddress({ host: 'zk', ip: '::1', port: 1 }), 'zk ([::1]:1)')
})
