// Persistent and recursive watches against a real server: what they tell, and in which order.
import { eventually } from '../../support/eventually.ts'
import { atLeast } from '../../support/versions.ts'
import { ownServer } from '../../support/zookeeper.ts'
import { t } from '../../tap.ts'
import { heardUpTo, longSessions, onPersistentWatches, reading, stage } from './stream-support.ts'

const server = await ownServer(t, { tickTime: 500, config: longSessions })

const test = onPersistentWatches({ jobs: 16, timeout: 90_000 })

test('one znode: its data, its children, its end and its return, and nothing else', async t => {
  const { zk, other } = await stage(t, server)
  const reader = await reading(t, zk, '/a')
  await other.create('/a')
  await other.set('/a', '1')
  await other.setAcl('/a', (await other.getAcl('/a')).acl)
  await other.create('/a/b')
  await other.set('/a/b', '1')
  await other.create('/a/b/c')
  await other.delete('/a/b/c')
  await other.delete('/a/b')
  await other.create('/ab')
  await other.set('/ab', '1')
  await other.delete('/a')
  await other.create('/a')
  const { mzxid } = await other.set('/a', 'end')
  await eventually('all', () => reader.heard.length === 8)
  t.same(reader.heard, [
    'resync /a',
    'nodeCreated /a',
    'nodeDataChanged /a',
    'nodeChildrenChanged /a',
    'nodeChildrenChanged /a',
    'nodeDeleted /a',
    'nodeCreated /a',
    'nodeDataChanged /a',
  ])
  t.equal(reader.events.at(-1)?.zxid, atLeast(server.version, '3.9') ? mzxid : null)
})

test('recursive: everything below, and the lists of children only through the children', async t => {
  const { zk, other } = await stage(t, server)
  await other.create('/a/old', null, { parents: true })
  const reader = await reading(t, zk, '/a', { recursive: true })
  let childWatch = 0
  await zk.getChildren('/a/old', { watch: () => childWatch++ })
  await other.create('/a/b/c', null, { parents: true })
  await other.set('/a/b/c', '1')
  await other.create('/a/old/child')
  await other.set('/a', '1')
  await other.delete('/a', { recursive: true })
  await other.create('/a')
  await other.create('/a/end')
  await heardUpTo(reader, 'nodeCreated /a/end')
  t.same(reader.heard.slice(0, 6), [
    'resync /a',
    'nodeCreated /a/b',
    'nodeCreated /a/b/c',
    'nodeDataChanged /a/b/c',
    'nodeCreated /a/old/child',
    'nodeDataChanged /a',
  ])
  // The two branches are deleted at the same time.
  t.same(reader.heard.slice(6, 10).sort(), [
    'nodeDeleted /a/b',
    'nodeDeleted /a/b/c',
    'nodeDeleted /a/old',
    'nodeDeleted /a/old/child',
  ])
  t.same(reader.heard.slice(10), ['nodeDeleted /a', 'nodeCreated /a', 'nodeCreated /a/end'])
  t.equal(childWatch, 1, 'the one-shot watch in the same branch fired once')
})

test('changes in one transaction come in its order', async t => {
  const { zk } = await stage(t, server)
  await zk.create('/a')
  const reader = await reading(t, zk, '/a', { recursive: true })
  await zk.transaction().create('/a/b').create('/a/b/c').set('/a', '1').delete('/a/b/c').commit()
  await heardUpTo(reader, 'nodeDeleted /a/b/c')
  t.same(reader.heard, [
    'resync /a',
    'nodeCreated /a/b',
    'nodeCreated /a/b/c',
    'nodeDataChanged /a',
    'nodeDeleted /a/b/c',
  ])
})

test('a full buffer becomes a resync, and what comes after it is told', async t => {
  const { zk, other } = await stage(t, server)
  await other.create('/a')
  const stream = zk.watch('/a', { capacity: 3 })
  t.match(await stream.next(), { value: { type: 'resync' } })
  for (let i = 0; i < 3; i++) await other.set('/a', `${i}`)
  await zk.sync('/')
  for (let i = 0; i < 3; i++) t.match(await stream.next(), { value: { type: 'nodeDataChanged', path: '/a' } })
  for (let i = 0; i < 10; i++) await other.set('/a', `${i}`)
  await other.delete('/a')
  await zk.sync('/')
  const rest: string[] = []
  for (let last = ''; last !== 'nodeDeleted'; ) {
    last = (await stream.next()).value?.type ?? 'over'
    rest.push(last)
  }
  t.equal(rest[0], 'resync')
  t.ok(rest.length <= 3, rest.join())
  await stream.return()
})

test('both kinds of watch on one path hear their own events, in either order of arming', async t => {
  const { zk, other } = await stage(t, server)
  for (const order of [
    [false, true],
    [true, false],
  ]) {
    const path = `/both-${order.join('-')}`
    await other.create(path)
    const readers = new Map<boolean, Awaited<ReturnType<typeof reading>>>()
    for (const recursive of order) readers.set(recursive, await reading(t, zk, path, { recursive }))
    await other.create(`${path}/b`)
    await other.set(`${path}/b`, '1')
    await other.delete(`${path}/b`)
    await other.set(path, 'end')
    for (const reader of readers.values()) await heardUpTo(reader, `nodeDataChanged ${path}`)
    t.same(
      readers.get(false)?.heard,
      ['resync', 'nodeChildrenChanged', 'nodeChildrenChanged', 'nodeDataChanged'].map(
        type => `${type} ${path}`,
      ),
      `not recursive, ${order}`,
    )
    t.same(
      readers.get(true)?.heard,
      [
        `resync ${path}`,
        `nodeCreated ${path}/b`,
        `nodeDataChanged ${path}/b`,
        `nodeDeleted ${path}/b`,
        `nodeDataChanged ${path}`,
      ],
      `recursive, ${order}`,
    )
    await readers.get(false)?.stop()
    await other.create(`${path}/c`)
    await heardUpTo(readers.get(true)!, `nodeCreated ${path}/c`)
  }
})

test('a chroot: paths are those of the view that watches', async t => {
  const { zk, root, other, chroot } = await stage(t, server)
  await other.create('/app/a', null, { parents: true })
  const view = zk.chroot('/app')
  const inner = await reading(t, view, '/', { recursive: true })
  const outer = await reading(t, root, chroot, { recursive: true })
  const plain = await reading(t, view, '/')
  await other.create('/application')
  await other.set('/application', '1')
  await other.create('/app/a/b')
  await other.create('/app/c')
  await other.delete('/app', { recursive: true })
  await heardUpTo(outer, `nodeDeleted ${chroot}/app`)
  await zk.sync('/')
  t.same(inner.heard.slice(0, 3), ['resync /', 'nodeCreated /a/b', 'nodeCreated /c'])
  t.equal(inner.heard.at(-1), 'nodeDeleted /')
  t.same(plain.heard.slice(0, 2), ['resync /', 'nodeChildrenChanged /'])
  t.equal(plain.heard.at(-1), 'nodeDeleted /')
  t.same(outer.heard.slice(0, 3), [
    `resync ${chroot}`,
    `nodeCreated ${chroot}/application`,
    `nodeDataChanged ${chroot}/application`,
  ])
})
