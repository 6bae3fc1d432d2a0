// Servers that answer the request to arm watches with an error, and stay.
import { outcomeOf, outcomesOf } from '../../support/outcome.ts'
import { connectedWorld, reconnect } from '../../support/scripted-client.ts'
import { aStat } from '../../support/scripted-server.ts'
import { t } from '../../tap.ts'

t.test('H16: a server without a leader to ask arms watches when it has one again', async t => {
  // So ClickHouse Keeper answers meanwhile, on connections that stay.
  for (const number of [-4, -7]) {
    const world = await connectedWorld(t)
    const { zk, clock, ensemble, warnings } = world
    const seen: string[] = []
    const stream = zk.watch('/b')
    outcomesOf(zk.get('/a', { watch: ({ type }) => seen.push(type) }), stream.next())
    await clock.settle()
    ensemble.link.reply(ensemble.link.take('getData'), { data: null, stat: aStat })
    ensemble.link.reply(ensemble.link.take('addWatch'), { err: 0 })
    await clock.settle()
    await reconnect(world)
    for (let i = 0; i < 4; i++) {
      ensemble.link.refuse(ensemble.link.take('setWatches2'), number)
      await clock.settle()
      t.equal(ensemble.link.waiting, 0, 'not at once')
      await clock.advance(1000)
    }
    ensemble.link.reply(ensemble.link.take('setWatches2'))
    ensemble.link.notify('dataChanged', '/a')
    await clock.settle()
    t.strictSame([seen, warnings, ensemble.connections.length], [['nodeDataChanged'], [], 2])
    const told = outcomeOf(stream.next())
    await clock.settle()
    t.match(told.value, { value: { type: 'resync' } })
    await stream.return()
  }
})

t.test(
  'H16: where the server that did not take them is lost, the next one is asked, in the same way',
  async t => {
    const world = await connectedWorld(t)
    const { zk, clock, ensemble, warnings } = world
    outcomeOf(zk.exists('/a', { watch: () => {} }))
    await clock.settle()
    ensemble.link.refuse(ensemble.link.take('exists'), -101, 500n)
    await clock.settle()
    await reconnect(world)
    ensemble.link.refuse(ensemble.link.take('setWatches'), -7, 900n)
    await clock.settle()
    await reconnect(world)
    t.match(ensemble.link.requests, [
      { name: 'setWatches', body: { relativeZxid: 500n, existWatches: ['/a'] } },
    ])
    t.strictSame(warnings, [])
  },
)

t.test('H16: an error that will not pass is told as a warning: these watches are not armed', async t => {
  const world = await connectedWorld(t)
  const { zk, clock, ensemble, warnings } = world
  outcomeOf(zk.exists('/a', { watch: () => {} }))
  await clock.settle()
  ensemble.link.refuse(ensemble.link.take('exists'), -101)
  await clock.settle()
  await reconnect(world)
  ensemble.link.refuse(ensemble.link.take('setWatches'), -5)
  await clock.advance(1000)
  t.match(warnings, [{ code: 'MARSHALLING_ERROR', operation: 'setWatches' }])
  t.equal(ensemble.link.waiting, 0)
  await reconnect(world)
  t.match(ensemble.link.requests, [{ name: 'setWatches' }], 'the next connection is asked again')
})
