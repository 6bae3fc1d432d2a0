// A session whose byte stream breaks or makes no sense, against a real server.
import { ZooKeeperError } from '../../../protocol/index.ts'
import { OpCode } from '../../../protocol/opcodes.ts'
import { concurrently } from '../../support/concurrently.ts'
import { eventually } from '../../support/eventually.ts'
import { client, ownServer } from '../../support/zookeeper.ts'
import { t } from '../../tap.ts'
import { atOnce, connectedAgain, errorOf, historyOf, names, proxied, proxyTo } from './support.ts'

// No stall ends such a session, or its links.
const T = 20_000
const { connectString: at } = await ownServer(t, { tickTime: 250, config: { maxSessionTimeout: '60000' } })

const test = concurrently({ jobs: 16, timeout: 90_000 })

test('H3: a stream that ends at any byte of a reply is followed by a sound one', async t => {
  const { zk, proxy } = await proxied(t, at, { sessionTimeout: T, ports: { random: atOnce } })
  await zk.create('/bytes', 'abc')
  const sizes: number[] = []
  const restore = proxy.filter(frame => {
    if (frame.kind === 'reply' && frame.opcode === OpCode.getData) sizes.push(frame.bytes.length)
    return 'pass'
  })
  await zk.get('/bytes')
  restore()
  const size = sizes[0] ?? 0
  t.equal(size, 4 + 16 + 4 + 3 + 68, 'length, header, data and Stat')
  const before = proxy.accepted
  for (let bytes = 0; bytes < size; bytes++) {
    proxy.cutAfter(bytes, 'toClient')
    const { data } = await zk.get('/bytes')
    if (Buffer.from(data ?? []).toString() !== 'abc') t.fail(`wrong data after a cut at ${bytes}`)
  }
  t.ok(proxy.accepted - before >= size - 1, `${proxy.accepted - before} connections for ${size} cuts`)
  t.equal(zk.generation, 1)
})

test('H3: a stream that ends at any byte of the handshake is followed by a sound one', async t => {
  const proxy = await proxyTo(t, at)
  const first = await client(t, proxy.connectString, { sessionTimeout: T, ports: { random: atOnce } })
  const history = historyOf(first)
  for (let bytes = 0; bytes < 41; bytes++) {
    const seen = history.length
    const accepted = proxy.accepted
    proxy.cut()
    proxy.cutAfter(bytes, 'toClient')
    await eventually('suspended', () => history.length > seen)
    await connectedAgain(first)
    if (proxy.accepted - accepted < 2) t.fail(`no second attempt after a cut at ${bytes}`)
    await first.exists('/')
  }
  t.equal(first.generation, 1)
  t.equal(proxy.connections, 1)
})

test('H3: a frame that is no reply ends its connection, not the session', async t => {
  const { zk, proxy, history } = await proxied(t, at, { sessionTimeout: T })
  const bad = [
    Buffer.from('0000000400000001', 'hex'),
    Buffer.from('ffffffff', 'hex'),
    Buffer.from('000000100000fff0000000000000000100000000', 'hex'),
  ]
  for (const bytes of bad) {
    let injected = false
    const restore = proxy.filter(frame => {
      if (injected || frame.kind !== 'reply' || frame.opcode !== OpCode.exists) return 'pass'
      injected = true
      return bytes
    })
    const before = history.length
    t.ok(await zk.exists('/'), `answered after ${bytes.toString('hex')}`)
    restore()
    t.same(names(history.slice(before)), ['suspended', 'connected'])
  }
  t.equal(zk.generation, 1)
})

test('H30: a reply above the limit rejects its request alone, and the session goes on', async t => {
  const { zk, history } = await proxied(t, at, { sessionTimeout: T, maxResponseSize: 2000 })
  await zk.create('/large', Buffer.alloc(3000))
  const [before, large, after] = await Promise.all([
    zk.exists('/'),
    errorOf(zk.get('/large')),
    zk.exists('/'),
  ])
  t.ok(before)
  t.match(large, { code: 'PACKET_TOO_LARGE', path: '/large', operation: 'getData', limit: 2000 })
  t.ok(after, 'what was asked after it is asked again')
  t.same(names(history), ['suspended', 'connected'])
})

test('H4: error codes that nobody knows reject one promise and nothing else', async t => {
  const { zk, proxy, history } = await proxied(t, at, { sessionTimeout: T })
  const restore = proxy.filter(frame => {
    if (frame.kind !== 'reply' || frame.opcode !== OpCode.getACL) return 'pass'
    const bytes = Buffer.from(frame.bytes)
    bytes.writeInt32BE(-9999, 16)
    return bytes
  })
  const [error, stat] = await Promise.all([errorOf(zk.getAcl('/')), zk.exists('/')])
  restore()
  t.ok(ZooKeeperError.is(error, 'UNKNOWN'))
  t.match(error, { number: -9999, path: '/' })
  t.ok(stat)
  t.same(names(history), [])
})
