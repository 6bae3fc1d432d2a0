// Packets that are too large, in both directions: refused, told with their sizes, and survived.
import { Buffer } from 'node:buffer'
import { FrameEncoder } from '../../../protocol/frame.ts'
import { getChildren2Reply } from '../../../protocol/records/children.ts'
import { replyHeader } from '../../../protocol/records/headers.ts'
import { codeOf, failureOf, outcomeOf } from '../../support/outcome.ts'
import { connectedWorld, newWorld } from '../../support/scripted-client.ts'
import { aStat } from '../../support/scripted-server.ts'
import { t } from '../../tap.ts'

const KIB = 1024

t.test('H30: a listing of 5 MiB that comes byte by byte', async t => {
  const { zk, clock, ensemble } = await connectedWorld(t)
  const listing = outcomeOf(zk.getChildren('/a'))
  await clock.settle()
  const { xid } = ensemble.link.take('getChildren')
  const children = Array.from({ length: 50_000 }, (_, i) => `child-${i}`.padEnd(101, '.'))
  const encoder = new FrameEncoder()
  const writer = encoder.begin()
  replyHeader.write(writer, { xid, zxid: 200n, err: 0 })
  getChildren2Reply.write(writer, { children, stat: aStat })
  encoder.end()
  const bytes = Buffer.from(encoder.take().bytes)
  t.ok(bytes.length > 5 * KIB * KIB, `${bytes.length} bytes`)
  const one = Buffer.alloc(1)
  for (const byte of bytes) {
    one[0] = byte
    ensemble.link.transport.deliver(one)
  }
  await clock.settle()
  t.equal(listing.value?.children.length, 50_000)
  t.strictSame(listing.value?.children.at(-1), children.at(-1))
})

t.test('H30: a request above the limit is refused here, with its size, its limit and its path', async t => {
  const { zk, clock, ensemble } = await connectedWorld(t)
  const write = outcomeOf(zk.set('/a', Buffer.alloc(KIB * KIB)))
  const tree = outcomeOf(
    zk
      .transaction()
      .set('/a', Buffer.alloc(600 * KIB))
      .set('/b', Buffer.alloc(600 * KIB))
      .commit(),
  )
  await clock.settle()
  t.match(failureOf(write), {
    name: 'PacketTooLargeError',
    path: '/a',
    size: Number,
    limit: 0xfffff,
    mayHaveApplied: false,
  })
  t.equal(codeOf(tree), 'PACKET_TOO_LARGE')
  t.strictSame(ensemble.link.names, [])
  t.equal(zk.state, 'connected')
})

t.test('H30: a request above the limit is refused at once where it would have to wait, too', async t => {
  const { zk, clock, ensemble } = newWorld(t, { maxRequestSize: 1000 })
  ensemble.reach = () => 'refused'
  const chrooted = zk.chroot('/app')
  const large = outcomeOf(chrooted.set('/a', Buffer.alloc(990)))
  const tree = outcomeOf(zk.transaction().set('/a', Buffer.alloc(500)).set('/b', Buffer.alloc(480)).commit())
  await clock.settle()
  // Length of the path in the chroot, of the data, header and version.
  const size = 8 + (4 + 6) + (4 + 990) + 4
  t.match(failureOf(large), {
    name: 'PacketTooLargeError',
    path: '/a',
    operation: 'setData',
    size,
    limit: 1000,
    mayHaveApplied: false,
  })
  t.match(failureOf(tree), { name: 'PacketTooLargeError', operation: 'multi', limit: 1000 })
  t.equal(zk.status().queued, 0)
  ensemble.reach = () => 'open'
  await clock.advance(1000)
  t.strictSame(ensemble.link.names, [])
})

t.test('H30: a server that hangs up behind a large request is suspected of a lower limit', async t => {
  for (const cause of [undefined, Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' })]) {
    const world = await connectedWorld(t)
    const { zk, clock, ensemble } = world
    const before = outcomeOf(zk.delete('/before'))
    const write = outcomeOf(zk.set('/a', Buffer.alloc(900 * KIB)))
    await clock.settle()
    ensemble.link.transport.break(cause)
    await clock.settle()
    t.equal(codeOf(before), 'CONNECTION_LOSS')
    const failure = failureOf(write)
    t.match(failure, { code: 'CONNECTION_LOSS', mayHaveApplied: true })
    t.match(
      (failure.cause as Error).message,
      /hung up after a request of 9216\d\d bytes: is its jute\.maxbuffer lower/,
    )
    t.equal((failure.cause as Error).cause, cause)
  }
})

t.test('H30: a link that breaks for other reasons raises no such suspicion', async t => {
  const { zk, clock, ensemble } = await connectedWorld(t)
  const small = outcomeOf(zk.set('/a', Buffer.alloc(KIB)))
  await clock.settle()
  ensemble.link.close()
  await clock.settle()
  t.equal(failureOf(small).cause, undefined)
  await clock.advance(3000)
  const large = outcomeOf(zk.set('/a', Buffer.alloc(900 * KIB)))
  await clock.settle()
  ensemble.link.raw('7fffffff')
  await clock.settle()
  t.equal(codeOf(large), 'PACKET_TOO_LARGE', 'an answer above our own limit')
})
