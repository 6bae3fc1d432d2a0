// Members of several releases side by side: persistent watches where the server knows them, one-shot ones where not.
import { outcomeOf } from '../../support/outcome.ts'
import { reconnect } from '../../support/scripted-client.ts'
import { aStat } from '../../support/scripted-server.ts'
import { t } from '../../tap.ts'
import { answer, heard, mixed, moveOn, NO_AUTH, pass, UNKNOWN } from './mixed-stage.ts'

t.test('H18: a server that does not know setWatches2 costs one connection, and the events go on', async t => {
  const stage = await mixed(t, [2])
  const { zk, ensemble, clock } = stage
  const events = heard(zk)
  await stage.serve()
  t.strictSame(events, ['resync /a'])
  const { sessionId } = zk
  ensemble.reach = ({ port }) => (port === 2 ? 'open' : 'refused')
  const before = ensemble.connections.length
  await moveOn(stage)
  t.equal(ensemble.connections.length, before + 2, 'one to learn it, one to stay')
  t.equal(ensemble.link.address.port, 2)
  t.equal(zk.state, 'connected')
  t.match(stage.asked(), /exists/, 'one-shot watches take over')
  t.notMatch(stage.asked(), /setWatches2|addWatch/)
  t.equal(events.at(-1), 'resync /a')
  const told = events.length
  ensemble.link.notify('dataChanged', '/a')
  await stage.serve()
  ensemble.link.notify('dataChanged', '/a')
  await stage.serve()
  t.strictSame(events.slice(told), ['nodeDataChanged /a', 'nodeDataChanged /a'])

  ensemble.reach = ({ port }) => (port === 1 ? 'open' : 'refused')
  const gone = events.length
  await moveOn(stage)
  t.equal(ensemble.link.address.port, 1)
  t.match(stage.asked(), /setWatches .*addWatch/, 'the newer server is asked for the real watch')
  t.strictSame(events.slice(gone), ['resync /a', 'resync /a'], 'and another time when that one is armed')
  const back = events.length
  ensemble.link.notify('dataChanged', '/a', 7n)
  ensemble.link.notify('childrenChanged', '/a', 8n)
  await clock.settle()
  t.strictSame(events.slice(back), ['nodeDataChanged /a', 'nodeChildrenChanged /a'], 'each event once')
  t.equal(ensemble.link.waiting, 0, 'and nothing is read again')
  t.equal(zk.status().watches, 1, 'the one-shot watches are gone')
  t.equal(zk.sessionId, sessionId)
  t.strictSame(stage.warnings, [])
})

t.test('H18: one-shot watches are armed on an old server beside persistent ones', async t => {
  const stage = await mixed(t, [2])
  const { zk, ensemble, clock } = stage
  heard(zk)
  const own: string[] = []
  const reading = outcomeOf(zk.get('/own', { watch: ({ type }) => own.push(type) }))
  await stage.serve()
  t.equal(reading.state, 'resolved')
  ensemble.reach = ({ port }) => (port === 2 ? 'open' : 'refused')
  await moveOn(stage)
  t.match(ensemble.link.requests[0], { name: 'setWatches', body: { dataWatches: ['/own'] } })
  ensemble.link.notify('dataChanged', '/own')
  await clock.settle()
  t.strictSame(own, ['nodeDataChanged'])
})

t.test(
  'H31: nothing is sent behind a setWatches2 that may be unknown, so no write is lost to it',
  async t => {
    const stage = await mixed(t, [2])
    const { zk, ensemble, clock } = stage
    heard(zk)
    await stage.serve()
    ensemble.reach = ({ port }) => (port === 2 ? 'open' : 'refused')
    ensemble.link.close()
    await clock.settle()
    const writing = outcomeOf(zk.set('/w', 'x'))
    for (let i = 0; ensemble.link.waiting === 0 && i < 300; i++) await clock.advance(10)
    t.equal(stage.asked(), 'setWatches2')
    await stage.serve()
    t.equal(writing.state, 'resolved')
  },
)

t.test('H7: an old server whose answer is lost is found out all the same', async t => {
  const stage = await mixed(t, [2])
  const { zk, ensemble } = stage
  const events = heard(zk)
  await stage.serve()
  stage.refuse = link => link.close()
  ensemble.reach = ({ port }) => (port === 2 ? 'open' : 'refused')
  const before = ensemble.connections.length
  await moveOn(stage)
  t.equal(ensemble.connections.length, before + 3)
  t.equal(zk.state, 'connected')
  t.equal(events.at(-1), 'resync /a')
  t.notMatch(stage.asked(), /setWatches2|addWatch/)
})

t.test(
  'mixed ensemble: one that keeps the connection in spite of an unknown request is left, too',
  async t => {
    const stage = await mixed(t, [2])
    const { zk, ensemble } = stage
    const events = heard(zk, '/a', true)
    await stage.serve()
    stage.refuse = (link, request) => link.refuse(request, UNKNOWN, -1n)
    ensemble.reach = ({ port }) => (port === 2 ? 'open' : 'refused')
    await moveOn(stage)
    t.match(stage.asked(), /^exists/)
    ensemble.link.notify('dataChanged', '/a')
    await stage.serve()
    t.equal(events.at(-1), 'nodeDataChanged /a')
  },
)

t.test(
  'mixed ensemble: what an old server does not know costs one connection, not one a reconnect',
  async t => {
    const stage = await mixed(t, [1], 'a:1')
    const { zk, ensemble } = stage
    const events = heard(zk)
    await stage.serve()
    t.strictSame(events, ['resync /a'])
    const before = ensemble.connections.length
    for (let cut = 1; cut <= 3; cut++) {
      await moveOn(stage)
      t.equal(ensemble.connections.length, before + cut)
      t.notMatch(stage.asked(), /setWatches2|addWatch/)
    }
  },
)

t.test(
  'mixed ensemble: five minutes later an old server is asked anew: it may have been upgraded',
  async t => {
    const stage = await mixed(t, [1], 'a:1')
    const { zk, ensemble } = stage
    const events = heard(zk)
    await stage.serve()
    const before = ensemble.connections.length
    await pass(stage, 300_000)
    await moveOn(stage)
    t.equal(ensemble.connections.length, before + 2, 'asked, and refused once more')
    t.notMatch(stage.asked(), /addWatch/)
    stage.old.clear()
    await moveOn(stage)
    t.notMatch(stage.asked(), /setWatches2|addWatch/)
    await pass(stage, 300_000)
    await moveOn(stage)
    t.equal(ensemble.connections.length, before + 4)
    t.match(stage.asked(), /setWatches2|addWatch/)
    const told = events.length
    ensemble.link.notify('deleted', '/a', 9n)
    ensemble.link.notify('created', '/a', 10n)
    await stage.serve()
    t.strictSame(events.slice(told), ['nodeDeleted /a', 'nodeCreated /a'])
  },
)

t.test('H20: a watch that ends while its server changes leaves nothing behind', async t => {
  for (const steps of [0, 1, 2, 3, 5, 8]) {
    const stage = await mixed(t, [2])
    const { zk, ensemble, clock } = stage
    const stop = new AbortController()
    const run = async (): Promise<void> => {
      for await (const _ of zk.watch('/a', { signal: stop.signal, recursive: true }));
    }
    const ended = outcomeOf(run())
    await stage.serve()
    ensemble.reach = ({ port }) => (port === 2 ? 'open' : 'refused')
    await moveOn(stage)
    ensemble.reach = ({ port }) => (port === 1 ? 'open' : 'refused')
    await reconnect(stage)
    for (let i = 0; i < steps; i++) {
      if (ensemble.link.waiting > 0) answer(stage, ensemble.link)
      else await clock.endTurn()
    }
    stop.abort()
    await stage.serve()
    t.equal(ended.state, 'resolved', `after ${steps} steps`)
    t.equal(zk.status().watches, 0)
    const armed = ensemble.link.names.filter(name => name === 'addWatch').length
    const removed = ensemble.link.requests.filter(
      ({ name, body }) => name === 'removeWatches' && (body as { type: number }).type === 5,
    ).length
    t.equal(armed > 0, removed > 0, `what was armed is removed: ${stage.asked()}`)
  }
})

t.test(
  'H18: made of one-shot watches, a tree with a znode that may not be read is watched for the rest',
  async t => {
    const stage = await mixed(t, [1], 'a:1')
    const { zk, ensemble, clock } = stage
    let denied = true
    stage.reads = (link, request) => {
      const { path } = request.body as { path: string }
      if (path === '/a/no' && denied) return link.refuse(request, NO_AUTH)
      const children = path === '/a' ? ['no', 'yes'] : path === '/a/no' ? ['below'] : []
      link.reply(request, { children, stat: aStat })
    }
    const events = heard(zk, '/a', true)
    await stage.serve()
    t.strictSame(events, ['resync /a'])
    t.match(stage.warnings, [{ code: 'NO_AUTH', path: '/a/no' }])
    for (const path of ['/a/yes', '/a/no']) ensemble.link.notify('dataChanged', path)
    await clock.settle()
    t.strictSame(events.slice(1), ['nodeDataChanged /a/yes', 'nodeDataChanged /a/no'])
    await stage.serve()
    denied = false
    await moveOn(stage)
    t.ok(events.includes('nodeCreated /a/no/below'), 'it is tried again after a gap')
  },
)

t.test('H18: made of one-shot watches, it waits for the next connection as long as it takes', async t => {
  const stage = await mixed(t, [1], 'a:1')
  const { zk, ensemble, clock, warnings } = stage
  const events = heard(zk)
  await stage.serve()
  ensemble.reach = () => 'refused'
  ensemble.link.notify('dataChanged', '/a')
  await clock.settle()
  ensemble.link.close()
  // The session, of nine seconds, outlives no such outage; the reads go over to the next one.
  await pass(stage, 60_000)
  t.strictSame(warnings, [])
  ensemble.reach = () => 'open'
  await pass(stage, 31_000)
  await stage.serve()
  t.strictSame(events, ['resync /a', 'nodeDataChanged /a', 'resync /a'])
  ensemble.link.notify('dataChanged', '/a')
  await clock.settle()
  t.equal(events.at(-1), 'nodeDataChanged /a')
})

t.test('H18: a link that goes while the real watch is armed again leaves one that is armed', async t => {
  const stage = await mixed(t, [1])
  const { zk, ensemble, clock } = stage
  const events = heard(zk)
  ensemble.reach = ({ port }) => (port === 1 ? 'open' : 'refused')
  await stage.serve()
  t.strictSame(events, ['resync /a'])
  ensemble.reach = ({ port }) => (port === 2 ? 'open' : 'refused')
  for (let cut = 1; cut <= 2; cut++) {
    await reconnect(stage)
    await clock.settle()
    t.match(stage.asked(), /^setWatches/)
  }
  await stage.serve()
  t.equal(zk.status().watches, 1)
  const told = events.length
  ensemble.link.notify('dataChanged', '/a', 7n)
  await stage.serve()
  t.strictSame(events.slice(told), ['nodeDataChanged /a'])
})
