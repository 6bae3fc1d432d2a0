// The way of a request: order, limits, deadlines, aborts, and replies that make no sense.
import { Buffer } from 'node:buffer'
import { getEventListeners } from 'node:events'
import { codeOf, failureOf, outcomeOf, outcomesOf } from '../../support/outcome.ts'
import { connectedWorld, newWorld } from '../../support/scripted-client.ts'
import { aStat } from '../../support/scripted-server.ts'
import { t } from '../../tap.ts'

t.test('requests: answers settle them in the order of the calls', async t => {
  const { zk, clock, ensemble } = await connectedWorld(t)
  const order: string[] = []
  for (const path of ['/a', '/b', '/c']) void zk.get(path).then(() => order.push(path))
  await clock.settle()
  for (const request of ensemble.link.requests) ensemble.link.reply(request, { data: null, stat: aStat })
  await clock.settle()
  t.strictSame(order, ['/a', '/b', '/c'])
})

t.test('H14: requests: a wrong xid breaks the link: writes fail, reads are sent again', async t => {
  const { zk, clock, ensemble, states } = await connectedWorld(t)
  const [read, write, later] = outcomesOf(zk.get('/r'), zk.set('/w', ''), zk.exists('/r'))
  await clock.settle()
  const first = ensemble.link
  first.reply({ xid: 2, name: 'setData', body: undefined }, aStat, 999n)
  await clock.advance(100)
  t.equal(first.closed, true)
  t.match(failureOf(write), {
    code: 'CONNECTION_LOSS',
    path: '/w',
    mayHaveApplied: true,
    cause: { message: 'reply with xid 2, where 1 was expected' },
  })
  t.equal(zk.lastZxid, 0n, 'nothing of that reply counts')
  t.strictSame(ensemble.link.names, ['getData', 'exists'])
  t.strictSame([read.state, later.state], ['pending', 'pending'])
  t.strictSame(states, ['connected', 'suspended', 'connected'])
})

t.test('H14: requests: an answer that nobody asked for breaks the link', async t => {
  const { clock, ensemble } = await connectedWorld(t)
  ensemble.link.raw('00000010 00000007 0000000000000001 00000000')
  await clock.advance(0)
  t.equal(ensemble.connections[0]?.closed, true)
})

t.test('requests: an answer that cannot be read fails its request, which is not sent again', async t => {
  const { zk, clock, ensemble } = await connectedWorld(t)
  const [bad, good] = outcomesOf(zk.get('/bad'), zk.get('/good'))
  await clock.settle()
  ensemble.link.raw('00000014 00000001 0000000000000001 00000000 7fffffff')
  await clock.advance(100)
  t.match(failureOf(bad), { code: 'MARSHALLING_ERROR', cause: { name: 'JuteError' } })
  t.match(ensemble.link.requests, [{ name: 'getData', body: { path: '/good' } }])
  t.equal(ensemble.link.requests.length, 1)
  t.equal(good.state, 'pending')
})

t.test('requests: an answer to a write that cannot be read leaves open whether it was executed', async t => {
  const { zk, clock, ensemble } = await connectedWorld(t)
  const write = outcomeOf(zk.set('/a', ''))
  await clock.settle()
  ensemble.link.raw('00000012 00000001 0000000000000001 00000000 0000')
  await clock.settle()
  t.match(failureOf(write), { code: 'MARSHALLING_ERROR', mayHaveApplied: true })
})

t.test('H30: requests: an answer above the limit fails its request, which is not sent again', async t => {
  const { zk, clock, ensemble } = await connectedWorld(t, { maxResponseSize: 1000 })
  const [large, small] = outcomesOf(zk.getChildren('/large'), zk.get('/small'))
  await clock.settle()
  const { link } = ensemble
  link.reply(link.take('getChildren'), { children: ['x'.repeat(1000)], stat: aStat })
  await clock.advance(100)
  t.match(failureOf(large), {
    code: 'PACKET_TOO_LARGE',
    limit: 1000,
    path: '/large',
    operation: 'getChildren',
    mayHaveApplied: false,
  })
  t.strictSame(ensemble.link.names, ['getData'])
  t.equal(small.state, 'pending')
})

t.test(
  'requests: a write whose answer is above the limit was executed, and its error says it may be',
  async t => {
    const { zk, clock, ensemble } = await connectedWorld(t, { maxResponseSize: 1000 })
    const write = outcomeOf(zk.create('/n-', '', { mode: 'persistentSequential' }))
    await clock.settle()
    ensemble.link.raw('000003e9')
    await clock.settle()
    t.match(failureOf(write), { code: 'PACKET_TOO_LARGE', mayHaveApplied: true })
  },
)

t.test('H3: requests: a negative length is the fault of no request', async t => {
  const { zk, clock, ensemble } = await connectedWorld(t)
  const read = outcomeOf(zk.get('/a'))
  await clock.settle()
  ensemble.link.raw('ffffffff')
  await clock.advance(100)
  t.equal(read.state, 'pending')
  t.strictSame(ensemble.link.names, ['getData'])
})

t.test('H3: requests: an empty frame breaks the link', async t => {
  const { clock, ensemble, states } = await connectedWorld(t)
  ensemble.link.raw('00000000')
  await clock.advance(0)
  t.strictSame(states, ['connected', 'suspended'])
})

t.test('H30: requests: one that is too large is refused here, and costs the others nothing', async t => {
  const { zk, clock, ensemble } = await connectedWorld(t, { maxRequestSize: 1000 })
  const before = outcomeOf(zk.get('/before'))
  const overhead = outcomeOf(zk.set('/a', Buffer.alloc(990)))
  const plain = outcomeOf(zk.set('/b', Buffer.alloc(1001)))
  const after = outcomeOf(zk.get('/after'))
  await clock.settle()
  t.match(failureOf(plain), { code: 'PACKET_TOO_LARGE', limit: 1000, path: '/b', operation: 'setData' })
  t.match(failureOf(overhead), { code: 'PACKET_TOO_LARGE', limit: 1000, path: '/a', operation: 'setData' })
  t.equal(failureOf(overhead).mayHaveApplied, false)
  t.strictSame(ensemble.link.names, ['getData', 'getData'])
  for (const request of ensemble.link.requests) ensemble.link.reply(request, { data: null, stat: aStat })
  await clock.settle()
  t.strictSame([before.state, after.state], ['resolved', 'resolved'], 'gaps in the xids do no harm')
})

t.test('H30: requests: exactly the limit is sent', async t => {
  // xid, opcode, path with length, length of the data, version: 8 + 6 + 4 + 4 bytes.
  const { zk, clock, ensemble } = await connectedWorld(t, { maxRequestSize: 1022 })
  outcomeOf(zk.set('/a', Buffer.alloc(1000)))
  const over = outcomeOf(zk.set('/a', Buffer.alloc(1001)))
  await clock.settle()
  t.strictSame(ensemble.link.names, ['setData'])
  t.equal(codeOf(over), 'PACKET_TOO_LARGE')
})

t.test(
  'H10: timeout: a request that waits for a connection fails in its time, and is never sent',
  async t => {
    const { zk, clock, ensemble } = newWorld(t)
    ensemble.reach = () => 'refused'
    const write = outcomeOf(zk.set('/a', '', { timeout: 500 }))
    await clock.advance(499)
    t.equal(write.state, 'pending')
    await clock.advance(20)
    t.match(failureOf(write), { code: 'REQUEST_TIMEOUT', mayHaveApplied: false, path: '/a' })
    ensemble.reach = () => 'open'
    await clock.advance(5000)
    t.equal(zk.state, 'connected')
    t.strictSame(ensemble.link.names, [])
  },
)

t.test('H10: timeout: a request that was sent keeps its place, and its late answer is dropped', async t => {
  const { zk, clock, ensemble } = await connectedWorld(t)
  const late = outcomeOf(zk.set('/late', '', { timeout: 500 }))
  const next = outcomeOf(zk.get('/next'))
  await clock.advance(600)
  t.match(failureOf(late), { code: 'REQUEST_TIMEOUT', mayHaveApplied: true })
  t.equal(zk.state, 'connected', 'the link is not given up for it')
  const { link } = ensemble
  link.reply(link.take('setData'), aStat)
  link.reply(link.take('getData'), { data: Buffer.from('x'), stat: aStat })
  await clock.settle()
  t.equal(next.state, 'resolved')
})

t.test('H10: timeout: a read that timed out is not sent again on the next connection', async t => {
  const { zk, clock, ensemble } = await connectedWorld(t)
  outcomeOf(zk.get('/a', { timeout: 500 }))
  await clock.advance(600)
  ensemble.link.close()
  await clock.advance(500)
  t.equal(ensemble.connections.length, 2)
  t.strictSame(ensemble.link.names, [])
})

t.test('H10: timeout: the default is that of the client, and Infinity is none', async t => {
  const { zk, clock } = await connectedWorld(t, { requestTimeout: 1000 })
  const usual = outcomeOf(zk.get('/usual'))
  const patient = outcomeOf(zk.get('/patient', { timeout: Number.POSITIVE_INFINITY }))
  await clock.advance(1100)
  t.strictSame([codeOf(usual), codeOf(patient)], ['REQUEST_TIMEOUT', 'pending'])
})

t.test('H10: abort: of a request that waits: it is never sent', async t => {
  const { zk, clock, ensemble } = newWorld(t)
  const controller = new AbortController()
  const write = outcomeOf(zk.set('/a', '', { signal: controller.signal }))
  const reason = new Error('enough')
  controller.abort(reason)
  await clock.advance(100)
  t.equal(write.error, reason)
  t.equal(zk.state, 'connected')
  t.strictSame(ensemble.link.names, [])
})

t.test('H10: abort: of a request that was sent: it keeps its place, and its answer is dropped', async t => {
  const { zk, clock, ensemble } = await connectedWorld(t)
  const controller = new AbortController()
  const { signal } = controller
  const aborted = outcomeOf(zk.get('/a', { signal }))
  const next = outcomeOf(zk.get('/b', { signal }))
  const other = outcomeOf(zk.get('/c'))
  await clock.settle()
  const { link } = ensemble
  link.reply(link.take('getData'), { data: null, stat: aStat })
  link.reply(link.take('getData'), { data: null, stat: aStat })
  await clock.settle()
  t.strictSame([aborted.state, next.state], ['resolved', 'resolved'])
  t.equal(getEventListeners(signal, 'abort').length, 0, 'no listener is left on the signal')

  const late = outcomeOf(zk.get('/a', { signal, watch: () => t.fail('nobody watches any more') }))
  await clock.settle()
  controller.abort(new Error('enough'))
  await clock.settle()
  t.match(late.error, { message: 'enough' })
  link.reply(link.take('getData'), { data: null, stat: aStat })
  link.reply(link.take('getData'), { data: null, stat: aStat })
  link.notify('dataChanged', '/a')
  await clock.settle()
  t.equal(other.state, 'resolved')
  t.equal(zk.state, 'connected')
})

t.test('H10: abort: of a signal that aborted before: nothing is sent, and nothing is connected', async t => {
  const { zk, clock, ensemble } = newWorld(t)
  const reason = new Error('before')
  const read = outcomeOf(zk.get('/a', { signal: AbortSignal.abort(reason) }))
  await clock.advance(100)
  t.equal(read.error, reason)
  t.strictSame(ensemble.tried, [])
})

t.test('H10: queue: above its limit, requests are refused at once and the others wait on', async t => {
  const { zk, clock, ensemble } = newWorld(t, { maxQueuedRequests: 2 })
  const [, , third] = outcomesOf(zk.set('/a', ''), zk.set('/b', ''), zk.set('/c', ''))
  await Promise.resolve()
  await Promise.resolve()
  t.match(failureOf(third), { code: 'QUEUE_FULL', mayHaveApplied: false, path: '/c' })
  await clock.advance(100)
  t.strictSame(ensemble.link.names, ['setData', 'setData'])
})

t.test('queue: a first call connects by itself', async t => {
  const { zk, clock, ensemble } = newWorld(t)
  t.equal(zk.state, 'connecting')
  await clock.advance(1000)
  t.strictSame(ensemble.tried, [], 'a client that is not used does nothing')
  outcomeOf(zk.get('/a'))
  await clock.settle()
  t.strictSame(ensemble.link.names, ['getData'])
})
