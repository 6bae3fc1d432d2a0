// Watches on a new connection: armed again from the newest zxid, over links, sessions and servers that make it hard.
import { outcomeOf } from '../../support/outcome.ts'
import { connectedWorld, reconnect } from '../../support/scripted-client.ts'
import { aStat } from '../../support/scripted-server.ts'
import { t } from '../../tap.ts'
import { watchData } from './watch-support.ts'

t.test('H16: watches: on a new connection they are armed again, from the newest zxid', async t => {
  const world = await connectedWorld(t)
  const heard = await watchData(world, '/a', 500n)
  await watchData(world, '/gone', 501n)
  world.ensemble.link.notify('dataChanged', '/gone', 600n)
  await world.clock.settle()
  await reconnect(world)
  const { link } = world.ensemble
  t.match(link.requests, [{ name: 'setWatches', body: { relativeZxid: 501n, dataWatches: ['/a'] } }])
  link.notify('dataChanged', '/a')
  link.reply(link.take('setWatches'), undefined, 700n)
  await world.clock.settle()
  t.match(heard, [{ type: 'nodeDataChanged', path: '/a', zxid: null }])
  await reconnect(world)
  t.strictSame(world.ensemble.link.names, [], 'and once fired, no more')
})

t.test('watches: the loss of the link is no event', async t => {
  const world = await connectedWorld(t)
  const heard = await watchData(world, '/a')
  world.ensemble.link.close()
  await world.clock.advance(3000)
  t.strictSame(heard, [])
})

t.test('H16: watches: they outlive the session, and what changed since is asked for', async t => {
  const world = await connectedWorld(t)
  const heard = await watchData(world, '/a', 500n)
  world.ensemble.expireAll()
  await reconnect(world)
  await world.clock.advance(100)
  t.equal(world.zk.generation, 2)
  const { link } = world.ensemble
  t.match(link.handshake, { sessionId: 0n, lastZxidSeen: 0n })
  t.match(link.requests, [{ name: 'setWatches', body: { relativeZxid: 500n, dataWatches: ['/a'] } }])
  link.notify('dataChanged', '/a')
  link.reply(link.take('setWatches'), undefined, 700n)
  await world.clock.settle()
  t.equal(heard.length, 1)
})

t.test('H9: watches: a server that lost its history is asked to fire them all', async t => {
  const world = await connectedWorld(t)
  await watchData(world, '/a', 500n)
  world.ensemble.expireAll()
  await reconnect(world)
  await world.clock.advance(100)
  const { link } = world.ensemble
  link.reply(link.take('setWatches'), undefined, 3n)
  await world.clock.settle()
  t.match(link.take('setWatches').body, { relativeZxid: 0n, dataWatches: ['/a'] })
  t.equal(link.waiting, 0)
})

t.test('H17: watches: requests to arm them again fit into a small limit too', async t => {
  const world = await connectedWorld(t, { maxRequestSize: 300 })
  for (let i = 0; i < 20; i++) await watchData(world, `/${'x'.repeat(30)}-${i}`)
  await reconnect(world)
  t.strictSame(world.warnings, [])
  const { requests } = world.ensemble.link
  const paths = requests.flatMap(({ body }) => (body as { dataWatches: string[] }).dataWatches)
  t.equal(paths.length, 20)
})

t.test(
  'H16: a server that throttles the request to arm watches is asked again, on the same connection',
  async t => {
    const world = await connectedWorld(t)
    const { zk, clock, ensemble, warnings } = world
    const seen: string[] = []
    const read = outcomeOf(zk.get('/a', { watch: ({ type }) => seen.push(type) }))
    await clock.settle()
    ensemble.link.reply(ensemble.link.take('getData'), { data: null, stat: aStat })
    await clock.settle()
    t.equal(read.state, 'resolved')
    await reconnect(world)
    for (let i = 0; i < 3; i++) {
      const request = ensemble.link.take('setWatches')
      t.match(request.body, { dataWatches: ['/a'] })
      ensemble.link.refuse(request, -127)
      await clock.settle()
      t.equal(ensemble.link.waiting, 0, 'not at once')
      await clock.advance(1000)
    }
    ensemble.link.reply(ensemble.link.take('setWatches'))
    ensemble.link.notify('dataChanged', '/a')
    await clock.settle()
    t.strictSame(seen, ['nodeDataChanged'])
    await reconnect(world)
    await clock.advance(1000)
    t.equal(ensemble.link.waiting, 0, 'and not on the next connection, where there is nothing to arm')
    t.strictSame(warnings, [])
  },
)
