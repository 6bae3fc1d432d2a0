// How streams of watches end: by an abort, with the client, with an error; nothing is left on the server.
import { connectedWorld, reconnect } from '../../support/scripted-client.ts'
import { t } from '../../tap.ts'
import { armed, read } from './stream-reader.ts'

t.test('H20: watch stream: an abort ends it, and takes the watch back', async t => {
  const world = await connectedWorld(t)
  const { zk, clock, ensemble } = world
  const controller = new AbortController()
  const reader = read(zk.watch('/a', { signal: controller.signal }))
  await armed(world)
  controller.abort()
  await clock.settle()
  t.equal(reader.state, 'over')
  t.match(ensemble.link.take('removeWatches').body, { path: '/a', type: 4 })
})

t.test('H20: watch stream: two readers share one watch, and the last one takes it back', async t => {
  const world = await connectedWorld(t)
  const { zk, clock, ensemble } = world
  const controller = new AbortController()
  const first = read(zk.watch('/a', { signal: controller.signal }))
  await armed(world)
  const second = read(zk.watch('/a'))
  await armed(world)
  controller.abort()
  await clock.settle()
  t.strictSame([first.state, second.state], ['over', 'open'])
  t.equal(ensemble.link.waiting, 0, 'somebody still watches')
  ensemble.link.notify('dataChanged', '/a')
  await clock.settle()
  t.strictSame(second.events, ['resync /a', 'nodeDataChanged /a'])
})

t.test('watch stream: close() ends it', async t => {
  const world = await connectedWorld(t)
  const reader = read(world.zk.watch('/a'))
  await armed(world)
  const closing = world.zk.close()
  await world.clock.advance(1000)
  await closing
  t.equal(reader.state, 'over')
})

t.test('watch stream: an error of the server is thrown to its reader', async t => {
  const world = await connectedWorld(t)
  const reader = read(world.zk.watch('/a'))
  await world.clock.settle()
  world.ensemble.link.refuse(world.ensemble.link.take('addWatch'), -102)
  await world.clock.settle()
  t.equal(reader.state, 'failed')
  t.match(reader.error, { code: 'NO_AUTH' })
})

t.test('watch stream: aborted before it is armed, it leaves no watch behind', async t => {
  const world = await connectedWorld(t)
  const { zk, clock, ensemble } = world
  const controller = new AbortController()
  const reader = read(zk.watch('/a', { signal: controller.signal }))
  await clock.settle()
  controller.abort(new Error('enough'))
  await clock.settle()
  t.not(reader.state, 'open')
  ensemble.link.reply(ensemble.link.take('addWatch'), { err: 0 })
  await clock.settle()
  t.match(ensemble.link.take('removeWatches').body, { path: '/a', type: 4 })
  await reconnect(world)
  t.strictSame(ensemble.link.names, [])
})

t.test("watch stream: it ends with the session of a client with onExpired: 'close'", async t => {
  const world = await connectedWorld(t, { onExpired: 'close' })
  const reader = read(world.zk.watch('/a'))
  await armed(world)
  world.ensemble.expireAll()
  await reconnect(world)
  await world.clock.advance(100)
  t.strictSame([world.zk.state, reader.state], ['expired', 'over'])
})
