// Persistent watches as streams: a resync first and after each gap, events in between, nothing left at the end.
import { codeOf, outcomeOf } from '../../support/outcome.ts'
import { connectedWorld, reconnect } from '../../support/scripted-client.ts'
import { aStat } from '../../support/scripted-server.ts'
import { t } from '../../tap.ts'
import { armed, read } from './stream-reader.ts'

t.test('watch stream: resync when it is armed, then every event', async t => {
  const world = await connectedWorld(t)
  const { clock, ensemble, zk } = world
  const reader = read(zk.watch('/a'))
  await clock.settle()
  t.match(ensemble.link.requests, [{ name: 'addWatch', body: { path: '/a', mode: 0 } }])
  t.strictSame(reader.events, [])
  await armed(world)
  ensemble.link.notify('dataChanged', '/a', 5n)
  ensemble.link.notify('childrenChanged', '/a', 6n)
  ensemble.link.notify('deleted', '/a', 7n)
  ensemble.link.notify('created', '/a', 8n)
  await clock.settle()
  const wanted = ['resync', 'nodeDataChanged', 'nodeChildrenChanged', 'nodeDeleted', 'nodeCreated']
  t.strictSame(
    reader.events,
    wanted.map(type => `${type} /a`),
  )
})

t.test(
  'H18: watch stream: a server that throttles the request to arm it leaves a gap, which is told',
  async t => {
    const world = await connectedWorld(t)
    const { zk, clock, ensemble, warnings } = world
    const reader = read(zk.watch('/a'))
    await armed(world)
    await reconnect(world)
    await clock.settle()
    t.strictSame(reader.events, ['resync /a', 'resync /a'])
    ensemble.link.refuse(ensemble.link.take('setWatches2'), -127)
    await clock.settle()
    // The reader has read again meanwhile, and what changes from here on is not reported.
    outcomeOf(zk.get('/a'))
    await clock.settle()
    ensemble.link.reply(ensemble.link.take('getData'), { data: null, stat: aStat })
    await clock.advance(1000)
    t.equal(reader.events.length, 2)
    ensemble.link.reply(ensemble.link.take('setWatches2'))
    await clock.settle()
    t.strictSame(reader.events, ['resync /a', 'resync /a', 'resync /a'])
    await reconnect(world)
    ensemble.link.reply(ensemble.link.take('setWatches2'))
    await clock.advance(1000)
    t.equal(reader.events.length, 4, 'armed at once, the one resync of the connection is enough')
    t.strictSame(warnings, [])
  },
)

t.test('watch stream: recursive, under a chroot', async t => {
  const world = await connectedWorld(t, { servers: 'zk/app' })
  const { ensemble, zk, clock } = world
  const reader = read(zk.watch('/', { recursive: true }))
  await clock.settle()
  t.match(ensemble.link.requests, [{ body: { path: '/app', mode: 1 } }])
  await armed(world)
  ensemble.link.notify('created', '/app/a/b')
  ensemble.link.notify('created', '/application')
  ensemble.link.notify('deleted', '/app')
  await clock.settle()
  t.strictSame(reader.events, ['resync /', 'nodeCreated /a/b', 'nodeDeleted /'])
})

t.test('H18: watch stream: armed again on each connection, before any request, and told so', async t => {
  const world = await connectedWorld(t)
  const reader = read(world.zk.watch('/a'))
  await armed(world)
  await reconnect(world)
  outcomeOf(world.zk.get('/b'))
  await world.clock.settle()
  const { link } = world.ensemble
  t.match(link.requests, [{ name: 'setWatches2', body: { persistentWatches: ['/a'] } }, { name: 'getData' }])
  link.reply(link.take('setWatches2'))
  await world.clock.settle()
  t.strictSame(reader.events, ['resync /a', 'resync /a'])
  link.notify('dataChanged', '/a')
  await world.clock.settle()
  t.equal(reader.events.at(-1), 'nodeDataChanged /a')
})

t.test('H18: watch stream: it outlives the session', async t => {
  const world = await connectedWorld(t)
  const reader = read(world.zk.watch('/a'))
  await armed(world)
  world.ensemble.expireAll()
  await reconnect(world)
  await world.clock.advance(100)
  t.equal(world.zk.generation, 2)
  const { link } = world.ensemble
  link.reply(link.take('setWatches2'))
  await world.clock.settle()
  t.strictSame(reader.events, ['resync /a', 'resync /a'])
})

t.test('H21: watch stream: a slow reader gets a resync for what its buffer cannot hold', async t => {
  const world = await connectedWorld(t)
  const { zk, clock, ensemble } = world
  const stream = zk.watch('/a', { capacity: 3 })
  const first = stream.next()
  await armed(world)
  t.equal((await first).value?.type, 'resync')
  for (let i = 0; i < 10; i++) ensemble.link.notify('dataChanged', '/a', BigInt(i + 1))
  await clock.settle()
  t.equal((await stream.next()).value?.type, 'resync')
  ensemble.link.notify('deleted', '/a')
  await clock.settle()
  t.equal((await stream.next()).value?.type, 'nodeDeleted', 'and then it goes on')
  await stream.return()
})

t.test('watch stream: what waits is not told before a resync, which makes its reader read again', async t => {
  const world = await connectedWorld(t)
  const { zk, clock, ensemble } = world
  const stream = zk.watch('/a')
  const first = stream.next()
  await armed(world)
  t.equal((await first).value?.type, 'resync')
  for (const zxid of [1n, 2n]) ensemble.link.notify('dataChanged', '/a', zxid)
  await clock.settle()
  await reconnect(world)
  ensemble.link.reply(ensemble.link.take('setWatches2'))
  ensemble.link.notify('deleted', '/a', 3n)
  await clock.settle()
  const next = [await stream.next(), await stream.next()]
  t.strictSame(
    next.map(({ value }) => value?.type),
    ['resync', 'nodeDeleted'],
  )
  await stream.return()
})

t.test('H18: watch stream: armed again behind a one-shot read, which takes its place before 3.9', async t => {
  const world = await connectedWorld(t)
  const { zk, clock, ensemble } = world
  const stream = zk.watch('/a')
  const first = stream.next()
  await armed(world)
  await first
  outcomeOf(zk.get('/a', { watch: () => {} }))
  outcomeOf(zk.get('/a'))
  outcomeOf(zk.get('/b', { watch: () => {} }))
  await clock.settle()
  const sent = ensemble.link.requests.map(({ name, body }) => `${name} ${(body as { path: string }).path}`)
  t.strictSame(sent, ['addWatch /a', 'getData /a', 'addWatch /a', 'getData /a', 'getData /b'])
  await stream.return()
})

t.test('H18: watch stream: made of one-shot watches where the watch manager has no others', async t => {
  const { zk, clock, ensemble, warnings } = await connectedWorld(t)
  const { link } = ensemble
  const reader = read(zk.watch('/a'))
  await clock.settle()
  // What a WatchManagerOptimized answers.
  link.refuse(link.take('addWatch'), -5)
  await clock.settle()
  link.reply(link.take('exists'), aStat)
  link.reply(link.take('getChildren'), { children: [], stat: aStat })
  await clock.settle()
  link.notify('dataChanged', '/a')
  await clock.settle()
  t.strictSame([reader.state, reader.events], ['open', ['resync /a', 'nodeDataChanged /a']])
  t.strictSame([zk.state, ensemble.connections.length, warnings], ['connected', 1, []])
})

t.test('H18: watch stream: a watch manager that takes no others on the next connection', async t => {
  const world = await connectedWorld(t, { servers: 'a,b' })
  const { zk, clock, ensemble, warnings } = world
  const reader = read(zk.watch('/a'))
  await armed(world)
  ensemble.link.close()
  await clock.settle()
  const { link } = ensemble
  outcomeOf(zk.get('/one-shot', { watch: () => {} }))
  link.refuse(link.take('setWatches2'), -5)
  await clock.advance(1000)
  t.ok(link.closed, 'it is left, because the one-shot watches of the batch may not be armed either')
  t.equal(ensemble.link.address.host, 'a')
  t.equal(ensemble.link.take('setWatches2').name, 'setWatches2')
  t.equal(reader.state, 'open')
  t.strictSame(warnings, [])
})

t.test('watch stream: wrong arguments', async t => {
  const { zk } = await connectedWorld(t)
  for (const stream of [zk.watch('a'), zk.watch('/a', { capacity: 0 })]) {
    const outcome = outcomeOf(stream.next())
    await Promise.resolve()
    await Promise.resolve()
    t.match(codeOf(outcome), /^INVALID_/)
  }
})

t.test('H19: a znode that goes and comes back is told as both, also between two reads', async t => {
  const world = await connectedWorld(t)
  const { zk, clock, ensemble } = world
  const stream = zk.watch('/a', { recursive: true })
  const first = stream.next()
  await armed(world)
  t.equal((await first).value?.type, 'resync')
  // All of it comes while the reader is busy with something else.
  for (const path of ['/a', '/a/b']) {
    ensemble.link.notify('deleted', path, 10n)
    ensemble.link.notify('created', path, 11n)
  }
  await clock.settle()
  const told: string[] = []
  for (let i = 0; i < 4; i++) {
    const { value } = await stream.next()
    if (value) told.push(`${value.type} ${value.path} ${value.zxid}`)
  }
  t.strictSame(told, ['nodeDeleted /a 10', 'nodeCreated /a 11', 'nodeDeleted /a/b 10', 'nodeCreated /a/b 11'])
  await stream.return()
})

t.test(
  'H18: watch stream: a server that has armed it is asked again, however often its links break',
  async t => {
    const world = await connectedWorld(t)
    const { zk, clock, ensemble } = world
    const reader = read(zk.watch('/a'))
    await armed(world)
    for (let cut = 0; cut < 4; cut++) {
      await reconnect(world)
      await clock.settle()
      t.strictSame(ensemble.link.names, ['setWatches2'])
    }
    t.equal(reader.state, 'open')
  },
)

t.test(
  'H20: watch stream: a reader that leaves while another one is being armed takes nothing from it',
  async t => {
    const world = await connectedWorld(t)
    const { zk, clock, ensemble } = world
    const { link } = ensemble
    const first = zk.watch('/a')
    const resync = first.next()
    const other = read(zk.watch('/a'))
    await armed(world)
    t.equal((await resync).value?.type, 'resync')
    await first.return()
    await clock.settle()
    t.strictSame(link.names, ['addWatch', 'addWatch'])
    await armed(world)
    link.notify('dataChanged', '/a', 5n)
    await clock.settle()
    t.strictSame(other.events, ['resync /a', 'nodeDataChanged /a'])
    t.equal(link.waiting, 0)
  },
)

t.test(
  'H18: watch stream: a server that has armed it again is asked again, however often its links break',
  async t => {
    const addresses = { a: ['10.0.0.1'], b: ['10.0.0.2'] }
    const world = await connectedWorld(t, { servers: 'a,b', addresses })
    const { zk, clock, ensemble } = world
    const reader = read(zk.watch('/a'))
    await armed(world)
    ensemble.reach = ({ host }) => (host === 'b' ? 'open' : 'refused')
    await reconnect(world)
    await clock.settle()
    ensemble.link.reply(ensemble.link.take('setWatches2'))
    await clock.settle()
    for (let cut = 0; cut < 4; cut++) {
      await reconnect(world)
      await clock.settle()
      t.strictSame(ensemble.link.names, ['setWatches2'])
    }
    t.equal(reader.state, 'open')
  },
)
