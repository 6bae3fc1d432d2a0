// Requests that wait for a connection are bounded, by their number and by their bytes.
import { Buffer } from 'node:buffer'
import { codeOf, failureOf, outcomeOf } from '../../support/outcome.ts'
import { connectedWorld, newWorld } from '../../support/scripted-client.ts'
import { t } from '../../tap.ts'

const KIB = 1024

t.test('H10: requests that wait are bounded by their number', async t => {
  const { zk, clock, ensemble } = newWorld(t, { maxQueuedRequests: 3 })
  ensemble.reach = () => 'refused'
  const outcomes = [0, 1, 2, 3, 4].map(i => outcomeOf(zk.set(`/${i}`, 'x')))
  await clock.settle()
  t.strictSame(outcomes.map(codeOf), ['pending', 'pending', 'pending', 'QUEUE_FULL', 'QUEUE_FULL'])
  t.match(failureOf(outcomes[3] as never), { operation: 'setData', path: '/3', mayHaveApplied: false })
  t.equal(zk.status().queued, 3)
  ensemble.reach = () => 'open'
  await clock.advance(1000)
  t.strictSame(ensemble.link.names, ['setData', 'setData', 'setData'])
  const later = outcomeOf(zk.set('/5', 'x'))
  await clock.settle()
  t.equal(later.state, 'pending', 'there is room again')
})

t.test('H10: requests whose time is over make room at once, whoever was refused before', async t => {
  const { zk, clock, ensemble } = newWorld(t, { maxQueuedRequests: 400, requestTimeout: 500 })
  ensemble.reach = () => 'refused'
  const outcomes = Array.from({ length: 401 }, (_, i) => outcomeOf(zk.set(`/${i}`, 'x')))
  await clock.settle()
  t.equal(codeOf(outcomes[400] as never), 'QUEUE_FULL')
  await clock.advance(600)
  t.equal(codeOf(outcomes[0] as never), 'REQUEST_TIMEOUT')
  t.equal(zk.status().queued, 0)
  const later = outcomeOf(zk.set('/later', 'x'))
  await clock.settle()
  t.equal(later.state, 'pending')
})

t.test('H10: a small queue is full of nothing but requests with a caller', async t => {
  const { zk, clock, ensemble } = newWorld(t, { maxQueuedRequests: 1 })
  ensemble.reach = () => 'refused'
  const controller = new AbortController()
  outcomeOf(zk.set('/left', 'x', { signal: controller.signal }))
  const refused = outcomeOf(zk.set('/refused', 'x'))
  await clock.settle()
  controller.abort()
  const later = outcomeOf(zk.set('/later', 'x'))
  await clock.settle()
  t.strictSame([codeOf(refused), codeOf(later)], ['QUEUE_FULL', 'pending'])
})

t.test('H10: requests that wait are bounded by their bytes', async t => {
  const { zk, clock, ensemble } = newWorld(t, { maxQueuedBytes: 100 * KIB })
  ensemble.reach = () => 'refused'
  const data = Buffer.alloc(30 * KIB)
  const outcomes = [0, 1, 2, 3].map(i => outcomeOf(zk.create(`/${i}`, data)))
  const small = outcomeOf(zk.get('/small'))
  await clock.settle()
  t.strictSame(outcomes.map(codeOf), ['pending', 'pending', 'pending', 'QUEUE_FULL'])
  t.equal(small.state, 'pending', 'what still fits is taken')
  ensemble.reach = () => 'open'
  await clock.advance(1000)
  t.equal(zk.status().queued, 0)
  ensemble.reach = () => 'refused'
  ensemble.link.close()
  await clock.settle()
  const again = [0, 1, 2, 3].map(i => outcomeOf(zk.create(`/${i}`, data)))
  await clock.settle()
  t.strictSame(again.map(codeOf), ['pending', 'pending', 'pending', 'QUEUE_FULL'], 'bytes sent count no more')
})

t.test('H10: waiting bytes are those of the frames, to the byte', async t => {
  // setData: length, header, path with its length, data with its length, version.
  const frame = 4 + 8 + (4 + 2) + (4 + 10) + 4
  for (const [limit, last] of [
    [3 * frame, 'pending'],
    [3 * frame - 1, 'QUEUE_FULL'],
  ] as const) {
    const { zk, clock, ensemble } = newWorld(t, { maxQueuedBytes: limit })
    ensemble.reach = () => 'refused'
    const outcomes = [1, 2, 3].map(i => outcomeOf(zk.set(`/${i}`, 'x'.repeat(10))))
    await clock.settle()
    t.strictSame(outcomes.map(codeOf), ['pending', 'pending', last])
    ensemble.reach = () => 'open'
    await clock.advance(1000)
    ensemble.reach = () => 'refused'
    ensemble.link.close()
    await clock.settle()
    const later = [1, 2, 3].map(i => outcomeOf(zk.set(`/${i}`, 'x'.repeat(10))))
    await clock.settle()
    t.strictSame(later.map(codeOf), ['pending', 'pending', last], 'nothing is left over')
  }
})

t.test(
  'H10: reads that wait for the next connection count to the byte, and no more once they are sent',
  async t => {
    // getData: length, header, path with its length, watch.
    const frame = 4 + 8 + (4 + 2) + 1
    for (const [limit, last] of [
      [4 * frame, 'pending'],
      [4 * frame - 1, 'QUEUE_FULL'],
    ] as const) {
      const { zk, clock, ensemble } = await connectedWorld(t, { maxQueuedBytes: limit })
      for (let round = 0; round < 2; round++) {
        for (const i of [1, 2, 3]) outcomeOf(zk.get(`/${i}`, { timeout: 2000 }))
        await clock.settle()
        ensemble.reach = () => 'refused'
        ensemble.link.close()
        await clock.settle()
        t.equal(zk.status().queued, 3)
        const fourth = outcomeOf(zk.get('/4', { timeout: 2000 }))
        await clock.settle()
        t.equal(codeOf(fourth), last)
        ensemble.reach = () => 'open'
        await clock.advance(3000)
        t.equal(zk.status().queued, 0)
      }
    }
  },
)

t.test('H10: the bytes of requests whose callers left are taken by others', async t => {
  const { zk, clock, ensemble } = newWorld(t, { maxQueuedBytes: 100 * KIB })
  ensemble.reach = () => 'refused'
  const controller = new AbortController()
  const data = Buffer.alloc(30 * KIB)
  const { signal } = controller
  const left = [0, 1, 2].map(i => outcomeOf(zk.set(`/left${i}`, data, { signal })))
  await clock.settle()
  controller.abort(new Error('enough'))
  const later = [0, 1, 2, 3].map(i => outcomeOf(zk.set(`/later${i}`, data)))
  await clock.settle()
  t.strictSame(left.map(codeOf), ['Error: enough', 'Error: enough', 'Error: enough'])
  t.strictSame(later.map(codeOf), ['pending', 'pending', 'pending', 'QUEUE_FULL'])
  ensemble.reach = () => 'open'
  await clock.advance(1000)
  t.strictSame(
    ensemble.link.requests.map(({ body }) => (body as { path: string }).path),
    ['/later0', '/later1', '/later2'],
  )
})

t.test('H10: one request alone may be larger than the bound on bytes, or it could never be sent', async t => {
  const { zk, clock, ensemble } = newWorld(t, { maxQueuedBytes: KIB })
  ensemble.reach = () => 'refused'
  const large = outcomeOf(zk.set('/large', Buffer.alloc(10 * KIB)))
  const other = outcomeOf(zk.get('/a'))
  await clock.settle()
  t.strictSame([codeOf(large), codeOf(other)], ['pending', 'QUEUE_FULL'])
})

t.test('H10: what a transaction carries counts as waiting bytes', async t => {
  const { zk, clock, ensemble } = newWorld(t, { maxQueuedBytes: 100 * KIB })
  ensemble.reach = () => 'refused'
  const data = Buffer.alloc(30 * KIB)
  const outcomes = [0, 1].map(i =>
    outcomeOf(zk.transaction().create(`/a${i}`, data).set(`/b${i}`, data).commit()),
  )
  await clock.settle()
  t.strictSame(outcomes.map(codeOf), ['pending', 'QUEUE_FULL'])
})

t.test(
  'H10: failFast: without a connection, calls reject at once, and the client connects all the same',
  async t => {
    const { zk, clock, ensemble } = newWorld(t, { failFast: true })
    const first = outcomeOf(zk.get('/a'))
    await Promise.resolve()
    t.equal(codeOf(first), 'CONNECTION_LOSS')
    t.equal(failureOf(first).mayHaveApplied, false)
    await clock.settle()
    t.equal(zk.state, 'connected')
    const read = outcomeOf(zk.get('/a'))
    const write = outcomeOf(zk.set('/a', 'x'))
    await clock.settle()
    t.strictSame([read.state, write.state], ['pending', 'pending'])
    ensemble.reach = () => 'refused'
    ensemble.link.close()
    await clock.settle()
    t.strictSame(
      [codeOf(read), codeOf(write)],
      ['CONNECTION_LOSS', 'CONNECTION_LOSS'],
      'reads do not wait either',
    )
    t.equal(failureOf(write).mayHaveApplied, true)
    const meanwhile = outcomeOf(zk.get('/a'))
    await clock.settle()
    t.equal(codeOf(meanwhile), 'CONNECTION_LOSS')
    t.equal(zk.status().queued, 0)
    ensemble.reach = () => 'open'
    await clock.advance(3000)
    t.equal(zk.state, 'connected')
  },
)

t.test(
  'H30: a request that waits may be as large as the limit, and one that is larger takes no place',
  async t => {
    const { zk, clock, ensemble } = newWorld(t, { maxRequestSize: 1022 })
    const calls = [1000, 1001].map(size => outcomeOf(zk.set('/a', Buffer.alloc(size))))
    t.equal(zk.status().queued, 1)
    await clock.settle()
    t.strictSame(calls.map(codeOf), ['pending', 'PACKET_TOO_LARGE'])
    t.strictSame(ensemble.link.names, ['setData'])
  },
)
