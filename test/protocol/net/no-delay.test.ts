// Small packets leave at once: no transport is handed out whose socket would hold them back.
import type { AddressInfo } from 'node:net'
import { connect, createServer, Socket } from 'node:net'
import { tcpConnector, whenConnected } from '../../../protocol/net/tcp.ts'
import type { Address } from '../../../protocol/net/transport.ts'
import type { Test } from '../../tap.ts'
import { t } from '../../tap.ts'

const { signal } = new AbortController()

/** Where a server takes connections, and what is asked of sockets meanwhile: once they have a connection, or before. */
async function spied(t: Test): Promise<{ address: Address; asked: unknown[] }> {
  const server = createServer(socket => socket.on('error', () => {}))
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const asked: unknown[] = []
  const original = Socket.prototype.setNoDelay
  Socket.prototype.setNoDelay = function spy(this: Socket, on?: boolean): Socket {
    asked.push({ on, connected: !this.connecting && !this.destroyed })
    return original.call(this, on)
  }
  t.teardown(() => {
    Socket.prototype.setNoDelay = original
    server.close()
  })
  const { port } = server.address() as AddressInfo
  return { address: { host: 'zk', ip: '127.0.0.1', port }, asked }
}

t.test('no delay: TCP', async t => {
  const { address, asked } = await spied(t)
  const transport = await tcpConnector()(address, signal)
  t.strictSame(asked, [{ on: true, connected: true }])
  transport.destroy()
})

t.test('no delay: TLS, when its handshake is through', async t => {
  const { address, asked } = await spied(t)
  const socket = connect(address.port, address.ip)
  const made = whenConnected(socket, 'secureConnect', address, signal)
  await new Promise(resolve => socket.once('connect', resolve))
  t.strictSame(asked, [])
  // All that is asked of a TLS socket is this event.
  socket.emit('secureConnect')
  const transport = await made
  t.strictSame(asked, [{ on: true, connected: true }])
  transport.destroy()
})
