// A client whose event loop is blocked, and a wall clock that jumps, against a real server.
import type { ZooKeeperOptions } from '../../../protocol/index.ts'
import { tcpConnector } from '../../../protocol/net/tcp.ts'
import type { Transport } from '../../../protocol/net/transport.ts'
import { Semaphore } from '../../../src/recipes/index.ts'
import { eventually } from '../../support/eventually.ts'
import { client, ownServer } from '../../support/zookeeper.ts'
import { t } from '../../tap.ts'
import { historyOf, names, passed, proxied } from './support.ts'

// One after the other: a blocked loop blocks every test of its process.
const { connectString: at } = await ownServer(t, { tickTime: 250, config: { maxSessionTimeout: '60000' } })
/** Milliseconds of a session that shall be lost, and of one that shall not though the machine stands still for a while. */
const T = 1000
const LONG = 6000
/** Of one that is blocked for most of it, with some seconds to spare for the machine. */
const LONGER = 16_000

const cell = new Int32Array(new SharedArrayBuffer(4))
/** Nothing in this process runs for so long. */
function block(ms: number): void {
  Atomics.wait(cell, 0, 0, ms)
}

/** The ports of a client that calls back in the turn in which it sends a ping. */
function seeingPings(sent: () => void): NonNullable<ZooKeeperOptions['ports']> {
  const PING = '00000008fffffffe0000000b'
  return {
    connect: async (address, signal) => {
      const transport = await tcpConnector()(address, signal)
      const write = transport.write.bind(transport)
      transport.write = (bytes, written) => {
        const free = write(bytes, written)
        if (bytes.toString('hex') === PING) sent()
        return free
      }
      return transport satisfies Transport
    },
  }
}

t.test('H13: a loop that is blocked for half the session timeout keeps the session', async t => {
  const zk = await client(t, at, { sessionTimeout: LONG })
  const history = historyOf(zk)
  const { sessionId } = zk
  await zk.create('/half', null, { mode: 'ephemeral' })
  for (let i = 0; i < 3; i++) {
    block(LONG / 2)
    t.equal((await zk.exists('/half'))?.ephemeralOwner, sessionId)
  }
  t.equal(zk.generation, 1)
  t.notOk(names(history).includes('lost'))
})

t.test('H13: a proof of life that came while the loop was blocked counts', async t => {
  let pinged = (): void => {}
  const zk = await client(t, at, { sessionTimeout: LONGER, ports: seeingPings(() => pinged()) })
  const history = historyOf(zk)
  await zk.exists('/')
  await new Promise<void>(resolve => {
    pinged = () => {
      pinged = () => {}
      // More than a session since the proof before it, less since this one, whose answer waits in the socket.
      block(0.75 * LONGER)
      resolve()
    }
  })
  await zk.exists('/')
  t.same(names(history), [], 'neither suspended nor lost')
})

t.test(
  'H13: a loop that is blocked for three session timeouts loses the session, says so, and gets the next',
  async t => {
    const zk = await client(t, at, { sessionTimeout: T })
    const witness = await client(t, at, { sessionTimeout: 5000 })
    const history = historyOf(zk)
    const stalls: number[] = []
    zk.on('stalled', ms => stalls.push(ms))
    await zk.create('/thrice', null, { mode: 'ephemeral' })
    zk.on('state', ({ state }) => {
      if (state === 'connected') zk.create('/thrice', null, { mode: 'ephemeral' }).catch(() => {})
    })
    block(3 * T)
    await passed(history, 'connected')
    const seen = names(history)
    // The server's word, to the link that is made anew at once, may come before the clock's.
    t.ok(seen.indexOf('expired') >= 1, `doubt comes first: ${seen.join()}`)
    t.ok(seen.indexOf('connected') > seen.indexOf('expired'), seen.join())
    t.ok(zk.generation >= 2)
    t.ok(
      stalls.some(ms => ms > 2 * T),
      stalls.join(),
    )
    await eventually('the ephemeral of the next session', async () => {
      return (await witness.exists('/thrice'))?.ephemeralOwner === zk.sessionId
    })
  },
)

t.test('H13: the wall clock may jump', async t => {
  let pings = 0
  const zk = await client(t, at, { sessionTimeout: LONG, ports: seeingPings(() => pings++) })
  const history = historyOf(zk)
  const real = Date.now
  t.teardown(() => {
    Date.now = real
  })
  for (const jump of [3_600_000, -3_600_000]) {
    Date.now = () => real() + jump
    const before = pings
    t.ok(await zk.exists('/'))
    await eventually('the heart beats', () => pings > before)
    t.ok(await zk.exists('/'))
  }
  t.same(names(history), [])
})

t.test('H13: a lock that is held doubts itself after a stall, and without a link', async t => {
  const { zk, proxy } = await proxied(t, at, { sessionTimeout: LONG })
  const lease = await new Semaphore(zk, '/doubt').acquire()
  if (lease === null) throw new Error('no lease')
  t.teardown(() => lease.release())
  await eventually('it is sure', () => lease.certain)
  while (zk.sessionRemaining > zk.sessionTimeout / 2) block(20)
  t.same([lease.held, lease.certain], [true, false], 'before anything else ran')
  await eventually('an answer', () => lease.certain)
  const found: boolean[][] = []
  zk.on('state', ({ state }) => {
    if (state === 'suspended') found.push([lease.held, lease.certain])
  })
  proxy.set({ kind: 'refuse' })
  proxy.cut()
  await eventually('the loss of the link', () => found.length > 0)
  t.same(found[0], [true, false])
  proxy.set({ kind: 'pass' })
  await eventually('another link', () => lease.certain)
  await lease.release()
  t.same([lease.held, lease.certain], [false, false])
})
