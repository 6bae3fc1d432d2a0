// Watches: armed by the answer, fired once, before what shows the change, and heard by the views that asked.
import { Callbacks } from '../../../protocol/client/callbacks.ts'
import type { WatchedEvent } from '../../../protocol/session/watch-table.ts'
import { eventually } from '../../support/eventually.ts'
import { outcomeOf, outcomesOf } from '../../support/outcome.ts'
import { connectedWorld } from '../../support/scripted-client.ts'
import { aStat } from '../../support/scripted-server.ts'
import { t } from '../../tap.ts'
import { data, watchData } from './watch-support.ts'

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

t.test('watches: after close() nothing is heard any more', async t => {
  const world = await connectedWorld(t)
  const heard = await watchData(world, '/a')
  const closing = world.zk.close()
  world.ensemble.link.notify('dataChanged', '/b')
  await world.clock.advance(1000)
  await closing
  t.strictSame(heard, [])
})
