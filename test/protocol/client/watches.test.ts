// Watches: armed by the answer, fired once, before what shows the change, and kept over links and sessions.
import { Callbacks } from '../../../protocol/client/callbacks.ts'
import type { WatchedEvent } from '../../../protocol/session/watch-table.ts'
import { eventually } from '../../support/eventually.ts'
import { outcomeOf, outcomesOf } from '../../support/outcome.ts'
import type { World } from '../../support/scripted-client.ts'
import { connectedWorld, reconnect } from '../../support/scripted-client.ts'
import { aStat } from '../../support/scripted-server.ts'
import { t } from '../../tap.ts'

const data = { data: null, stat: aStat }

/** Watches `path` with `get`, and returns what the watcher hears. */
async function watchData(
  { zk, clock, ensemble }: World,
  path: string,
  zxid?: bigint,
): Promise<WatchedEvent[]> {
  const heard: WatchedEvent[] = []
  outcomeOf(zk.get(path, { watch: event => heard.push(event) }))
  await clock.settle()
  ensemble.link.reply(ensemble.link.take('getData'), data, zxid)
  await clock.settle()
  return heard
}

t.test('watches: one event, once, with its zxid', async t => {
  const world = await connectedWorld(t)
  const heard = await watchData(world, '/a')
  const { link } = world.ensemble
  link.notify('dataChanged', '/other', 49n)
  link.notify('dataChanged', '/a', 50n)
  link.notify('dataChanged', '/a', 51n)
  await world.clock.settle()
  t.strictSame(heard, [{ type: 'nodeDataChanged', path: '/a', zxid: 50n }])
})

t.test('watches: a server before 3.9 does not tell the zxid', async t => {
  const world = await connectedWorld(t)
  const heard = await watchData(world, '/a')
  world.ensemble.link.notify('deleted', '/a')
  await world.clock.settle()
  t.strictSame(heard, [{ type: 'nodeDeleted', path: '/a', zxid: null }])
})

t.test('H21: watches: the event comes before the answer that shows the change', async t => {
  const world = await connectedWorld(t)
  const { zk, clock, ensemble } = world
  const { link } = ensemble
  const order: string[] = []
  outcomeOf(zk.get('/a', { watch: () => order.push('event') }))
  await clock.settle()
  link.reply(link.take('getData'), data)
  await clock.settle()
  void zk.get('/a').then(() => order.push('answer'))
  await clock.settle()
  link.notify('dataChanged', '/a')
  link.reply(link.take('getData'), data)
  await clock.settle()
  t.strictSame(order, ['event', 'answer'])
})

t.test('H21: watches: an event right behind the answer that armed the watch is heard', async t => {
  const { zk, clock, ensemble } = await connectedWorld(t)
  const heard: WatchedEvent[] = []
  outcomeOf(zk.get('/a', { watch: event => heard.push(event) }))
  await clock.settle()
  ensemble.link.raw(
    // One chunk: the answer (null data, Stat of zeros), and the event.
    `00000058 00000001 0000000000000001 00000000 ffffffff ${'00'.repeat(68)}` +
      '0000001e ffffffff 0000000000000002 00000000 00000003 00000003 00000002 2f61',
  )
  await clock.settle()
  t.match(heard, [{ type: 'nodeDataChanged' }])
})

t.test('watches: a read that fails arms nothing, except exists where there is no znode', async t => {
  const { zk, clock, ensemble } = await connectedWorld(t)
  const { link } = ensemble
  const heard: string[] = []
  const watch = (event: WatchedEvent): void => {
    heard.push(event.type)
  }
  outcomesOf(zk.get('/a', { watch }), zk.getChildren('/a', { watch }), zk.exists('/b', { watch }))
  outcomeOf(zk.exists('/a', { watch }))
  await clock.settle()
  for (const { xid, name } of link.requests.slice(0, 2)) link.refuse({ xid, name, body: undefined }, -101)
  for (const { xid, name } of link.requests.slice(2, 3)) link.refuse({ xid, name, body: undefined }, -102)
  for (const { xid, name } of link.requests.slice(3, 4)) link.refuse({ xid, name, body: undefined }, -101)
  link.notify('created', '/b')
  link.notify('childrenChanged', '/a')
  link.notify('created', '/a')
  await clock.settle()
  t.strictSame(heard, ['nodeCreated'])
})

t.test('H4: watches: an event of a type of the future is a warning, and the link lives', async t => {
  const { zk, clock, ensemble, warnings } = await connectedWorld(t)
  ensemble.link.notify(42, '/a')
  await clock.settle()
  t.match(warnings, [{ message: /unknown type 42/ }])
  t.equal(zk.state, 'connected')
})

t.test('H21: watches: a watcher that throws is a warning, and the others hear the event', async t => {
  const world = await connectedWorld(t)
  const { zk, clock, ensemble, warnings } = world
  const problem = new Error('watcher')
  outcomeOf(
    zk.get('/a', {
      watch: () => {
        throw problem
      },
    }),
  )
  await clock.settle()
  ensemble.link.reply(ensemble.link.take('getData'), data)
  const heard = await watchData(world, '/a')
  ensemble.link.notify('dataChanged', '/a')
  await clock.settle()
  t.equal(heard.length, 1)
  t.strictSame(warnings, [problem])
  t.equal(zk.state, 'connected')
})

t.test('H20: watches: one callback that watches twice hears an event once', async t => {
  const { zk, clock, ensemble } = await connectedWorld(t, { servers: 'zk/app' })
  const { link } = ensemble
  let calls = 0
  const watch = (): void => {
    calls++
  }
  outcomesOf(zk.get('/a', { watch }), zk.get('/a', { watch }), zk.getChildren('/a', { watch }))
  await clock.settle()
  link.reply(link.take('getData'), data)
  link.reply(link.take('getData'), data)
  link.reply(link.take('getChildren'), { children: [], stat: aStat })
  link.notify('deleted', '/app/a')
  await clock.settle()
  t.equal(calls, 1)
})

t.test('H29: watches: under a chroot, the event shows the path of the caller', async t => {
  const { zk, clock, ensemble } = await connectedWorld(t, { servers: 'zk/app' })
  const { link } = ensemble
  const heard: string[] = []
  const watch = (event: WatchedEvent): void => {
    heard.push(event.path)
  }
  outcomesOf(zk.get('/', { watch }), zk.chroot('/web').get('/x', { watch }))
  await clock.settle()
  link.reply(link.take('getData'), data)
  link.reply(link.take('getData'), data)
  link.notify('dataChanged', '/app')
  link.notify('dataChanged', '/app/web/x')
  await clock.settle()
  t.strictSame(heard, ['/', '/x'])
})

t.test('watches: two views of one chroot are one to a callback, and either takes its watch back', async t => {
  const { zk, clock, ensemble } = await connectedWorld(t, { servers: 'zk/app' })
  const { link } = ensemble
  const heard: string[] = []
  const watch = ({ path }: WatchedEvent): number => heard.push(path)
  outcomesOf(zk.chroot('/web').get('/x', { watch }), zk.chroot('/web').get('/x', { watch }))
  await clock.settle()
  link.reply(link.take('getData'), data)
  link.reply(link.take('getData'), data)
  link.notify('dataChanged', '/app/web/x')
  await clock.settle()
  t.strictSame(heard, ['/x'], 'once')
  outcomeOf(zk.chroot('/web').get('/x', { watch }))
  await clock.settle()
  link.reply(link.take('getData'), data)
  await clock.settle()
  zk.chroot('/web').removeWatch('/x', watch)
  t.equal(zk.status().watches, 0)
  await clock.settle()
  t.match(link.take('removeWatches').body, { path: '/app/web/x', type: 2 })
})

t.test('watches: views of other chroots hear the path of their own, and each takes all back', async t => {
  const { zk, clock, ensemble } = await connectedWorld(t)
  const { link } = ensemble
  const heard: string[] = []
  const watch = ({ path }: WatchedEvent): number => heard.push(path)
  const [app, web] = [zk.chroot('/app'), zk.chroot('/app/web')]
  const arm = async (): Promise<void> => {
    outcomesOf(zk.get('/app/web', { watch }), app.exists('/web', { watch }), web.getChildren('/', { watch }))
    await clock.settle()
    link.reply(link.take('getData'), data)
    link.reply(link.take('exists'), aStat)
    link.reply(link.take('getChildren'), { children: [], stat: aStat })
    await clock.settle()
  }
  await arm()
  link.notify('deleted', '/app/web')
  await clock.settle()
  t.strictSame(heard.sort(), ['/', '/app/web', '/web'])
  for (const [view, path] of [
    [zk, '/app/web'],
    [app, '/web'],
    [web, '/'],
  ] as const) {
    await arm()
    view.removeWatch(path, watch)
    t.equal(zk.status().watches, 0, path)
    await clock.settle()
    const removals = [link.take('removeWatches'), link.take('removeWatches')]
    const types = removals.map(({ body }) => (body as { type: number }).type)
    t.strictSame(types.sort(), [1, 2], 'with the last one of each kind')
    for (const removal of removals) link.reply(removal)
    await clock.settle()
  }
  zk.removeWatch('/', watch)
  zk.chroot('/other').removeWatch('/web', watch)
  t.equal(link.waiting, 0, 'a callback that watches elsewhere')
})

t.test('watches: of a callback given under ever new chroots, no more is kept than watches', async t => {
  const callbacks = new Callbacks()
  const watch = (): void => {}
  const kept = callbacks.watcherOf(watch, '/kept')
  for (let i = 0; i < 1000; i++) callbacks.watcherOf(watch, `/tenant-${i}`)
  t.equal(callbacks.sizeOf(watch), 1001)
  await eventually('collected', () => {
    // Until the collector has a reason to come.
    const litter = Array.from({ length: 200_000 }, (_, i) => ({ i }))
    return callbacks.sizeOf(watch) < 100 && litter.length > 0
  })
  t.strictSame([...callbacks.watchersOn('/kept/a', watch)], [watch, kept])
  t.equal(callbacks.watcherOf(watch, '/kept'), kept)
})

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

t.test('H12: watches: if they cannot be armed again, that is a warning', async t => {
  const world = await connectedWorld(t)
  await watchData(world, '/a')
  await reconnect(world)
  const { link } = world.ensemble
  link.refuse(link.take('setWatches'), -5)
  await world.clock.settle()
  t.match(world.warnings, [{ code: 'MARSHALLING_ERROR' }])
  t.equal(world.zk.state, 'connected')
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

t.test('watches: after close() nothing is heard any more', async t => {
  const world = await connectedWorld(t)
  const heard = await watchData(world, '/a')
  const closing = world.zk.close()
  world.ensemble.link.notify('dataChanged', '/b')
  await world.clock.advance(1000)
  await closing
  t.strictSame(heard, [])
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
