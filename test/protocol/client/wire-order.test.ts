// What goes over the wire behind a handshake, and in which order: auth, watches, requests; and when it goes.
import { Buffer } from 'node:buffer'
import { codeOf, outcomeOf } from '../../support/outcome.ts'
import { connectedWorld, reconnect } from '../../support/scripted-client.ts'
import { aStat } from '../../support/scripted-server.ts'
import { t } from '../../tap.ts'

t.test('H33: wire order: auth, then watches, then requests, in the order of the calls', async t => {
  const auth = [
    { scheme: 'digest', auth: 'a:1' },
    { scheme: 'digest', auth: 'b:2' },
  ]
  const world = await connectedWorld(t, { auth })
  const { zk, clock, ensemble } = world
  outcomeOf(zk.getChildren('/w', { watch: () => {} }))
  await clock.settle()
  const first = ensemble.link
  t.strictSame(first.names, ['auth', 'auth', 'getChildren'])
  first.take('auth')
  first.take('auth')
  first.reply(first.take('getChildren'), { children: [], stat: aStat })
  await clock.settle()

  const unanswered = outcomeOf(zk.get('/unanswered'))
  await clock.settle()
  ensemble.link.close()
  await clock.settle()
  outcomeOf(zk.set('/late', 'x'))
  outcomeOf(zk.get('/later'))
  await clock.advance(100)
  const second = ensemble.link
  t.not(second, first)
  t.strictSame(second.names, ['auth', 'auth', 'setWatches', 'getData', 'setData', 'getData'])
  t.match(
    second.requests.map(({ body }) => body),
    [
      { scheme: 'digest', auth: Buffer.from('a:1') },
      { scheme: 'digest', auth: Buffer.from('b:2') },
      { childWatches: ['/w'] },
      { path: '/unanswered' },
      { path: '/late' },
      { path: '/later' },
    ],
  )
  t.equal(unanswered.state, 'pending')
  t.equal(second.writes.length, 2, 'the handshake, and then everything else at once')
})

t.test('wire order: requests of one turn leave in one write, those of the next in another', async t => {
  const { zk, clock, ensemble } = await connectedWorld(t)
  const before = ensemble.link.writes.length
  for (let i = 0; i < 500; i++) outcomeOf(zk.get(`/${i}`))
  await clock.settle()
  t.equal(ensemble.link.writes.length, before + 1)
  t.equal(ensemble.link.requests.length, 500)
  outcomeOf(zk.get('/next'))
  await clock.settle()
  t.equal(ensemble.link.writes.length, before + 2)
})

t.test(
  'wire order: a lone request leaves before the turn ends, what follows it waits for the end',
  async t => {
    const { zk, ensemble, clock } = await connectedWorld(t)
    const { link } = ensemble
    const before = link.writes.length
    outcomeOf(zk.get('/alone'))
    t.equal(link.writes.length, before, 'what the same code asks for may still join')
    outcomeOf(zk.get('/joins'))
    await Promise.resolve()
    t.equal(link.writes.length, before + 1)
    for (const path of ['/b', '/c']) {
      outcomeOf(zk.get(path))
      await Promise.resolve()
    }
    t.equal(link.writes.length, before + 1, 'its answer is awaited')
    await clock.settle()
    t.equal(link.writes.length, before + 2)
    t.strictSame(
      link.requests.map(({ body }) => (body as { path: string }).path),
      ['/alone', '/joins', '/b', '/c'],
    )
  },
)

t.test('H14: wire order: request numbers count on across connections', async t => {
  const world = await connectedWorld(t)
  const { zk, clock, ensemble } = world
  for (const path of ['/a', '/b']) outcomeOf(zk.set(path, ''))
  await clock.settle()
  t.strictSame(
    ensemble.link.requests.map(({ xid }) => xid),
    [1, 2],
  )
  await reconnect(world)
  outcomeOf(zk.get('/c'))
  await clock.settle()
  t.strictSame(
    ensemble.link.requests.map(({ xid }) => xid),
    [3],
  )
})

t.test('wire order: a turn with very much to send begins to send early', async t => {
  const { zk, clock, ensemble } = await connectedWorld(t)
  const before = ensemble.link.writes.length
  for (let i = 0; i < 10; i++) outcomeOf(zk.set('/a', Buffer.alloc(100_000)))
  const early = ensemble.link.writes.length - before
  t.ok(early >= 2, `${early} writes before the end of the turn`)
  await clock.settle()
  t.equal(ensemble.link.requests.length, 10)
})

t.test('back-pressure: while the socket is full, requests wait where they can be taken back', async t => {
  const { zk, clock, ensemble } = await connectedWorld(t)
  const { link } = ensemble
  link.transport.full = true
  outcomeOf(zk.get('/fills'))
  await clock.settle()
  t.strictSame(link.names, ['getData'])

  const controller = new AbortController()
  const taken = outcomeOf(zk.set('/taken-back', '', { signal: controller.signal }))
  const waits = outcomeOf(zk.set('/waits', ''))
  await clock.settle()
  t.strictSame(link.names, ['getData'], 'nothing more goes to a full socket')
  controller.abort()
  await clock.settle()
  t.equal(taken.state, 'rejected')
  link.transport.drain()
  await clock.settle()
  t.match(
    link.requests.map(({ body }) => body),
    [{ path: '/fills' }, { path: '/waits' }],
  )
  t.equal(waits.state, 'pending')
})

t.test(
  'back-pressure: a write that waited before a full socket was never sent, and its error says so',
  async t => {
    const { zk, clock, ensemble } = await connectedWorld(t)
    ensemble.link.transport.full = true
    outcomeOf(zk.get('/fills'))
    await clock.settle()
    const write = zk.set('/a', '')
    const failed = t.rejects(write, { code: 'CLOSED', mayHaveApplied: false })
    const closing = zk.close()
    await clock.advance(1000)
    await Promise.all([failed, closing])
  },
)

t.test('back-pressure: with `failFast` too, a full socket is waited for', async t => {
  const { zk, clock, ensemble } = await connectedWorld(t, { failFast: true })
  ensemble.link.transport.full = true
  const calls = [outcomeOf(zk.get('/fills'))]
  await clock.settle()
  calls.push(outcomeOf(zk.get('/waits')))
  await clock.settle()
  t.strictSame([calls.map(codeOf), ensemble.link.names], [['pending', 'pending'], ['getData']])
  ensemble.link.transport.drain()
  await clock.settle()
  t.strictSame(ensemble.link.names, ['getData', 'getData'])
})

t.test('back-pressure: a socket that is full before the turn is over is full after it', async t => {
  const { zk, clock, ensemble } = await connectedWorld(t)
  const { link } = ensemble
  link.transport.full = true
  for (const path of ['/1', '/2']) outcomeOf(zk.set(path, Buffer.alloc(200 * 1024)))
  t.equal(link.transport.writes.length, 2, 'the handshake, and what is enough to begin with')
  await clock.settle()
  outcomeOf(zk.set('/3', ''))
  await clock.settle()
  t.strictSame(link.names, ['setData', 'setData'])
  link.transport.drain()
  await clock.settle()
  t.equal(link.names.length, 3)
})
