// A one-shot watch that is taken back while the read that arms it is under way.
import { outcomeOf } from '../../support/outcome.ts'
import { connectedWorld, reconnect } from '../../support/scripted-client.ts'
import { aStat } from '../../support/scripted-server.ts'
import { t } from '../../tap.ts'

t.test(
  'removeWatch: a read under way arms nothing here, and the server is told behind its answer',
  async t => {
    const { zk, clock, ensemble } = await connectedWorld(t)
    const { link } = ensemble
    const heard: string[] = []
    const watch = (): unknown => heard.push('watch')
    const read = outcomeOf(zk.get('/a', { watch }))
    zk.removeWatch('/a', watch)
    await clock.settle()
    t.equal(link.waiting, 1, 'only the read is under way')
    link.reply(link.take('getData'), { data: null, stat: aStat })
    // In the same turn as the answer.
    link.notify('dataChanged', '/a', 5n)
    await clock.settle()
    t.equal(read.state, 'resolved')
    t.same(heard, [])
    t.match(link.take('removeWatches').body, { path: '/a', type: 2 })
  },
)

t.test('removeWatch: a read that waits for a connection arms nothing there', async t => {
  const world = await connectedWorld(t)
  const { zk, clock, ensemble } = world
  const heard: string[] = []
  const watch = (): unknown => heard.push('watch')
  const read = outcomeOf(zk.getChildren('/a', { watch }))
  await clock.settle()
  zk.removeWatch('/a', watch)
  await reconnect(world)
  await clock.settle()
  const { link } = ensemble
  link.reply(link.take('getChildren'), { children: [], stat: aStat })
  await clock.settle()
  t.equal(read.state, 'resolved')
  link.notify('childrenChanged', '/a', 5n)
  await clock.settle()
  t.same(heard, [])
  t.match(link.take('removeWatches').body, { path: '/a', type: 1 })
})

t.test('removeWatch: the watch of another reader of the same path stays', async t => {
  const { zk, clock, ensemble } = await connectedWorld(t)
  const { link } = ensemble
  const heard: string[] = []
  const taken = (): unknown => heard.push('taken')
  outcomeOf(zk.exists('/a', { watch: taken }))
  outcomeOf(zk.exists('/a', { watch: () => heard.push('kept') }))
  zk.removeWatch('/a', taken)
  await clock.settle()
  link.reply(link.take('exists'), aStat)
  link.reply(link.take('exists'), aStat)
  await clock.settle()
  t.equal(link.waiting, 0, 'nothing is taken back on the server')
  link.notify('dataChanged', '/a', 5n)
  await clock.settle()
  t.same(heard, ['kept'])
})

t.test('H29: removeWatch: the watch of the configuration is taken back in any chroot', async t => {
  for (const chroot of ['', '/app']) {
    const { zk, clock, ensemble } = await connectedWorld(t, { servers: `zk${chroot}` })
    const { link } = ensemble
    const heard: string[] = []
    const watch = (): unknown => heard.push('watch')
    outcomeOf(zk.getConfig({ watch }))
    await clock.settle()
    link.reply(link.take('getData'), { data: null, stat: aStat })
    await clock.settle()
    t.equal(zk.status().watches, 1)
    zk.chroot('/web').removeWatch('/zookeeper/config', watch)
    await clock.settle()
    t.match(link.take('removeWatches').body, { path: '/zookeeper/config', type: 2 })
    t.equal(zk.status().watches, 0)
    link.notify('dataChanged', '/zookeeper/config', 5n)
    await clock.settle()
    t.same(heard, [])
  }
})

t.test('removeWatch: a read whose caller has left keeps no watch on the server', async t => {
  const { zk, clock, ensemble } = await connectedWorld(t)
  const { link } = ensemble
  const watch = (): void => {}
  outcomeOf(zk.get('/a', { watch }))
  await clock.settle()
  link.reply(link.take('getData'), { data: null, stat: aStat })
  await clock.settle()
  const gone = new AbortController()
  const left = outcomeOf(zk.get('/a', { watch: () => {}, signal: gone.signal }))
  await clock.settle()
  gone.abort()
  await clock.settle()
  t.equal(left.state, 'rejected')
  zk.removeWatch('/a', watch)
  await clock.settle()
  t.strictSame(link.names, ['getData', 'getData', 'removeWatches'])
})

t.test('removeWatch: while another read of the path is under way, the server keeps the watch', async t => {
  const { zk, clock, ensemble } = await connectedWorld(t)
  const { link } = ensemble
  const heard: string[] = []
  const taken = (): unknown => heard.push('taken')
  outcomeOf(zk.get('/a', { watch: taken }))
  await clock.settle()
  link.reply(link.take('getData'), { data: null, stat: aStat })
  await clock.settle()
  outcomeOf(zk.get('/a', { watch: () => heard.push('kept') }))
  zk.removeWatch('/a', taken)
  await clock.settle()
  t.strictSame(link.names, ['getData', 'getData'])
  link.reply(link.take('getData'), { data: null, stat: aStat })
  link.notify('dataChanged', '/a', 5n)
  await clock.settle()
  t.strictSame(heard, ['kept'])
  t.equal(link.waiting, 0)
})
