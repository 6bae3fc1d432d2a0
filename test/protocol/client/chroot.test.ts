// A chroot in what goes in and comes out of the operations that treat it in a way of their own.
import type { WatchedEvent } from '../../../protocol/session/watch-table.ts'
import { failureOf, outcomeOf, outcomesOf } from '../../support/outcome.ts'
import { connectedWorld } from '../../support/scripted-client.ts'
import { aStat } from '../../support/scripted-server.ts'
import { t } from '../../tap.ts'

t.test('H29: chroot: every path goes in and comes out again', async t => {
  const { zk, clock, ensemble } = await connectedWorld(t, { servers: 'zk/app' })
  const { link } = ensemble
  const view = zk.chroot('/web')
  const results = outcomesOf(zk.get('/'), zk.get('/a'), view.get('/'), view.chroot('/').get('/b'))
  await clock.settle()
  t.match(
    link.requests.map(({ body }) => body),
    [{ path: '/app' }, { path: '/app/a' }, { path: '/app/web' }, { path: '/app/web/b' }],
  )
  for (const request of link.requests) link.refuse(request, -101)
  await clock.settle()
  t.strictSame(
    results.map(result => failureOf(result).path),
    ['/', '/a', '/', '/b'],
    'errors show the path of the caller',
  )
  const made = outcomeOf(view.create('/n-', '', { mode: 'persistentSequential' }))
  await clock.settle()
  for (let i = 0; i < 4; i++) link.take('getData')
  link.reply(link.take('create'), { path: '/app/web/n-0000000001', stat: aStat })
  await clock.settle()
  t.equal(made.value?.path, '/n-0000000001')
})

t.test('H29: chroot: what looks like the chroot is left alone', async t => {
  const { zk, clock, ensemble } = await connectedWorld(t, { servers: 'zk/app' })
  const made = outcomeOf(zk.create('/x'))
  await clock.settle()
  ensemble.link.reply(ensemble.link.take('create'), { path: '/application/x', stat: aStat })
  await clock.settle()
  t.equal(made.value?.path, '/application/x')
})

t.test('H29: chroot: ephemerals are asked for below it, and named as in it', async t => {
  const { zk, clock, ensemble } = await connectedWorld(t, { servers: 'zk/app' })
  const { link } = ensemble
  for (const [path, prefixPath, answer, names] of [
    ['/', '/app', ['/app/a', '/app/b/c', '/application/d'], ['/a', '/b/c']],
    ['/b', '/app/b', ['/app/b', '/app/b/c', '/app/bc'], ['/b', '/b/c']],
  ] as const) {
    const asked = outcomeOf(zk.getEphemerals(path))
    await clock.settle()
    const request = link.take('getEphemerals')
    t.strictSame(request.body, { prefixPath })
    link.reply(request, { ephemerals: answer })
    await clock.settle()
    t.strictSame(asked.value, names)
  }
})

t.test('H29: chroot: the configuration and its events lie outside, whatever the chroot is', async t => {
  for (const chroot of ['/app', '/zoo', '/zookeeper']) {
    const { zk, clock, ensemble } = await connectedWorld(t, { servers: `zk${chroot}` })
    const { link } = ensemble
    const events: WatchedEvent[] = []
    outcomeOf(zk.getConfig({ watch: event => events.push(event) }))
    await clock.settle()
    const request = link.take('getData')
    t.strictSame(request.body, { path: '/zookeeper/config', watch: true })
    link.reply(request, { data: null, stat: aStat })
    link.notify('dataChanged', '/zookeeper/config', 9n)
    await clock.settle()
    t.strictSame(events, [{ type: 'nodeDataChanged', path: '/zookeeper/config', zxid: 9n }])
  }
})

t.test(
  'H29: chroot: an event below it is named as in it, also for who watches from another view',
  async t => {
    const { zk, clock, ensemble } = await connectedWorld(t, { servers: 'zk/app' })
    const { link } = ensemble
    const heard: string[] = []
    outcomeOf(zk.exists('/web/a', { watch: ({ path }) => heard.push(`whole ${path}`) }))
    outcomeOf(zk.chroot('/web').exists('/a', { watch: ({ path }) => heard.push(`view ${path}`) }))
    await clock.settle()
    for (const _ of [1, 2]) link.refuse(link.take('exists'), -101)
    link.notify('created', '/app/web/a', 9n)
    await clock.settle()
    t.strictSame(heard.sort(), ['view /a', 'whole /web/a'])
  },
)

t.test('H29: chroot: its top is not deleted from within, in a transaction neither', async t => {
  const { zk, clock, ensemble } = await connectedWorld(t, { servers: 'zk/app' })
  outcomesOf(zk.delete('/'), zk.chroot('/web').transaction().delete('/').delete('/a').commit())
  await clock.settle()
  t.match(ensemble.link.take('delete').body, { path: /^\/$/ })
  t.match(ensemble.link.take('multi').body, {
    operations: [{ request: { path: /^\/$/ } }, { request: { path: '/app/web/a' } }],
  })
})

t.test('H29: chroot: a path is made with the chroot itself, from the root of the server on', async t => {
  const { zk, clock, ensemble } = await connectedWorld(t, { servers: 'zk/app' })
  const { link } = ensemble
  const made = outcomesOf(zk.ensurePath('/a'), zk.chroot('/web').ensurePath('/'))
  for (const [path, err] of [
    ['/app/a', -101],
    ['/app/web', -101],
    ['/app', 0],
    ['/app', -110],
    ['/app/a', 0],
    ['/app/web', 0],
  ] as const) {
    await clock.settle()
    const request = link.take('create')
    t.match(request.body, { path: new RegExp(`^${path}$`) })
    if (err === 0) link.reply(request, { path, stat: aStat })
    else link.refuse(request, err)
  }
  await clock.settle()
  t.strictSame(
    made.map(({ state }) => state),
    ['resolved', 'resolved'],
  )
})
