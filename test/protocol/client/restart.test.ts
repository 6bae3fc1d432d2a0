// restart(): a new session from every state, without the process of the client noticing more than an expiry.

import { codeOf, failureOf, outcomeOf, outcomesOf } from '../../support/outcome.ts'
import { connectedWorld, newWorld, reconnect } from '../../support/scripted-client.ts'
import { aStat } from '../../support/scripted-server.ts'
import { t } from '../../tap.ts'

t.test('restart: of a living session is told as an expiry, and the old one is not closed', async t => {
  const world = await connectedWorld(t)
  const { zk, clock, ensemble, states } = world
  const former = zk.sessionId
  const old = ensemble.link
  const restarting = outcomeOf(zk.restart())
  t.equal(zk.sessionId, 0n, 'at once')
  await clock.settle()
  t.equal(restarting.state, 'resolved')
  t.strictSame(states, ['connected', 'expired', 'connecting', 'connected'])
  t.equal(zk.generation, 2)
  t.not(zk.sessionId, former)
  t.equal(old.closed, true)
  t.strictSame(old.names, [], 'no closeSession')
  t.match(ensemble.link.handshake, { sessionId: 0n, passwd: Buffer.alloc(16) })
})

t.test('restart: reads go over to the new session, writes fail, watches are armed again', async t => {
  const world = await connectedWorld(t)
  const { zk, clock, ensemble } = world
  const watching = zk.exists('/w', { watch: () => {} })
  await clock.settle()
  ensemble.link.reply(ensemble.link.take('exists'), aStat)
  await watching
  const [read, write] = outcomesOf(zk.exists('/1'), zk.set('/2', ''))
  await clock.settle()
  const restarting = zk.restart()
  await clock.settle()
  await restarting
  t.equal(codeOf(write), 'SESSION_EXPIRED')
  t.strictSame(ensemble.link.names, ['setWatches', 'exists'])
  ensemble.link.reply(ensemble.link.take('setWatches'))
  ensemble.link.reply(ensemble.link.take('exists'), aStat)
  await clock.settle()
  t.equal(read.state, 'resolved')
})

t.test('restart: after close, with the listeners and the credentials that were there', async t => {
  const world = await connectedWorld(t, { auth: [{ scheme: 'digest', auth: 'al:one' }] })
  const { zk, clock, ensemble, states } = world
  ensemble.link.reply(ensemble.link.take('auth'))
  const closing = zk.close()
  await clock.settle()
  ensemble.link.reply(ensemble.link.take('closeSession'))
  await clock.settle()
  await closing
  const refused = outcomeOf(zk.exists('/a'))
  await clock.settle()
  t.equal(codeOf(refused), 'CLOSED')
  const restarting = zk.restart()
  t.equal(zk.sessionId, 0n, 'there is none yet')
  await clock.settle()
  await restarting
  t.strictSame(states, ['connected', 'closed', 'connecting', 'connected'])
  t.strictSame(ensemble.link.names, ['auth'])
  const again = outcomeOf(zk.close())
  await clock.advance(1000)
  t.equal(again.state, 'resolved', 'and it can be closed again')
  t.equal(zk.state, 'closed')
})

t.test('restart: in the middle of close, which settles all the same', async t => {
  const world = await connectedWorld(t)
  const { zk, clock } = world
  const closing = outcomeOf(zk.close())
  await clock.settle()
  const restarting = zk.restart()
  await clock.advance(1000)
  await restarting
  t.equal(closing.state, 'resolved')
  t.equal(zk.state, 'connected')
})

t.test('restart: after AUTH_FAILED, with other credentials', async t => {
  const world = await connectedWorld(t)
  const { zk, clock, ensemble, states } = world
  const adding = outcomeOf(zk.addAuth('digest', 'al:wrong'))
  await clock.settle()
  ensemble.link.refuse(ensemble.link.take('auth'), -115)
  await clock.settle()
  t.equal(codeOf(adding), 'AUTH_FAILED')
  t.equal(zk.state, 'authFailed')
  const restarting = zk.restart()
  await clock.settle()
  await restarting
  t.strictSame(states.slice(-2), ['connecting', 'connected'])
  t.strictSame(ensemble.link.names, [], 'what was refused is not sent again')
})

t.test('restart: of a client that never began, or that does not get through', async t => {
  const world = newWorld(t)
  const { zk, clock, ensemble, states } = world
  ensemble.reach = () => 'refused'
  const [late] = outcomesOf(zk.restart({ timeout: 500 }))
  await clock.advance(500)
  t.equal(codeOf(late), 'REQUEST_TIMEOUT')
  ensemble.reach = () => 'open'
  await clock.advance(2000)
  t.strictSame(states, ['connected'])
  const aborted = outcomeOf(zk.restart({ signal: AbortSignal.abort(new Error('no')) }))
  await clock.settle()
  t.equal(aborted.state, 'rejected')
  t.equal(zk.generation, 1, 'a call that was aborted before it began changes nothing')
})

for (const onExpired of ['renew', 'close'] as const) {
  t.test(`restart: reads go on, and so do streams, also with onExpired: ${onExpired}`, async t => {
    const { zk, clock, ensemble, states } = await connectedWorld(t, {
      onExpired,
      requestTimeout: Number.POSITIVE_INFINITY,
    })
    const watched: string[] = []
    const stream = zk.watch('/w')
    const reading = outcomeOf(
      (async () => {
        for await (const { type } of stream) watched.push(type)
      })(),
    )
    await clock.settle()
    ensemble.link.reply(ensemble.link.take('addWatch'), { err: 0 })
    const [sent, write] = outcomesOf(zk.get('/sent'), zk.set('/write', ''))
    await clock.settle()
    ensemble.link.close()
    await clock.settle()
    const [waiting, late] = outcomesOf(zk.exists('/waiting'), zk.exists('/late', { timeout: 5000 }))
    const connecting = outcomeOf(zk.connect())
    ensemble.reach = () => 'refused'
    const restarting = outcomeOf(zk.restart())
    await clock.advance(5010)
    t.strictSame(states, ['connected', 'suspended', 'expired', 'connecting'])
    t.match(failureOf(write), { code: 'CONNECTION_LOSS', mayHaveApplied: true })
    t.equal(codeOf(late), 'REQUEST_TIMEOUT', 'each with the time of its caller')
    ensemble.reach = () => 'open'
    await clock.advance(30_000)
    t.strictSame([restarting.state, connecting.state], ['resolved', 'resolved'])
    t.strictSame([sent.state, waiting.state, reading.state], ['pending', 'pending', 'pending'])
    t.strictSame(ensemble.link.names, ['setWatches2', 'getData', 'exists'])
    t.strictSame(watched, ['resync', 'resync'])
    await stream.return()
  })
}

t.test(
  'restart: a client that a listener closes with its session is closed, and its reads with it',
  async t => {
    for (const again of [false, true]) {
      const world = await connectedWorld(t)
      const { zk, clock, ensemble, states } = world
      const off = zk.on('expired', () => {
        off()
        outcomeOf(zk.close())
        if (again) outcomeOf(zk.restart())
      })
      const read = outcomeOf(zk.get('/read'))
      await clock.settle()
      ensemble.expireAll()
      await reconnect(world)
      await clock.advance(100)
      t.equal(codeOf(read), 'CLOSED')
      t.equal(zk.state, again ? 'connected' : 'closed')
      t.equal(states.at(-1), zk.state)
      t.equal(ensemble.connections.filter(({ closed }) => !closed).length, again ? 1 : 0)
      t.equal(zk.generation, again ? 2 : 1)
    }
  },
)

t.test('restart: reads that were in flight go on, however few may wait', async t => {
  const { zk, clock, ensemble } = await connectedWorld(t, { maxQueuedRequests: 2 })
  const reads = Array.from({ length: 5 }, (_, i) => outcomeOf(zk.exists(`/${i}`)))
  await clock.settle()
  outcomeOf(zk.restart())
  await clock.settle()
  t.strictSame(
    ensemble.link.requests.map(({ body }) => body),
    [0, 1, 2, 3, 4].map(i => ({ path: `/${i}`, watch: false })),
  )
  for (const _ of reads) ensemble.link.reply(ensemble.link.take('exists'), aStat)
  await clock.settle()
  t.ok(reads.every(({ state }) => state === 'resolved'))
})

t.test('restart: after close, the watches of the time before are forgotten', async t => {
  const world = await connectedWorld(t)
  const { zk, clock, ensemble } = world
  outcomeOf(zk.exists('/w', { watch: () => {} }))
  await clock.settle()
  ensemble.link.reply(ensemble.link.take('exists'), aStat)
  await clock.settle()
  t.equal(zk.status().watches, 1)
  outcomeOf(zk.close())
  await clock.advance(1000)
  t.equal(zk.status().watches, 0)
  outcomeOf(zk.restart())
  await clock.advance(1000)
  t.strictSame([zk.state, ...ensemble.link.names], ['connected'])
})
