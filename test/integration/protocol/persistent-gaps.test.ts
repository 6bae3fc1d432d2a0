// Persistent watches over gaps, against a real server: cut links, outages, sessions that end; each is told, and nothing is left behind.
import { eventually } from '../../support/eventually.ts'
import { ownServer } from '../../support/zookeeper.ts'
import { t } from '../../tap.ts'
import {
  heardUpTo,
  longSessions,
  onPersistentWatches,
  read,
  reading,
  resyncs,
  stage,
} from './stream-support.ts'
import { connectedAgain, passed, renewed } from './support.ts'

const server = await ownServer(t, { tickTime: 500, config: longSessions })

const test = onPersistentWatches({ jobs: 16, timeout: 90_000 })

test('a cut, an outage and an expiry: each is one resync, and the events go on behind it', async t => {
  const { zk, root, other, proxy, history } = await stage(t, server)
  await other.create('/a')
  const plain = await reading(t, zk, '/a')
  const deep = await reading(t, zk, '/a', { recursive: true })
  // A resync says what to do first, and what is read then is newer than the watch. So here.
  const resynced = async (count: number): Promise<void> => {
    for (const reader of [plain, deep]) await resyncs(reader, count)
    await zk.sync('/')
  }
  proxy.cut()
  await resynced(2)
  await other.create('/a/1')
  proxy.set({ kind: 'refuse' })
  await heardUpTo(plain, 'nodeChildrenChanged /a')
  history.length = 0
  proxy.cut()
  await passed(history, 'suspended')
  await other.create('/a/missed')
  proxy.set({ kind: 'pass' })
  await resynced(3)
  t.same([...(await zk.getChildren('/a')).children].sort(), ['1', 'missed'], 'read again, it is there')
  await renewed(root, server.connectString)
  await resynced(4)
  await other.set('/a', 'end')
  for (const reader of [plain, deep]) await heardUpTo(reader, 'nodeDataChanged /a')
  t.same(plain.heard, [
    'resync /a',
    'resync /a',
    'nodeChildrenChanged /a',
    'resync /a',
    'resync /a',
    'nodeDataChanged /a',
  ])
  t.same(deep.heard, [
    'resync /a',
    'resync /a',
    'nodeCreated /a/1',
    'resync /a',
    'resync /a',
    'nodeDataChanged /a',
  ])
})

test('a reader that reads at each event knows the newest data, however often the link is cut', async t => {
  const { zk, other, proxy } = await stage(t, server, { ports: { random: () => 0 } })
  await other.create('/a', '0')
  const seen: number[] = []
  const controller = new AbortController()
  t.teardown(() => controller.abort())
  const done = (async () => {
    for await (const _ of zk.watch('/a', { signal: controller.signal, capacity: 4 })) {
      seen.push((await zk.get('/a')).stat.version)
    }
  })()
  await eventually('the first read', () => seen.length > 0)
  for (let i = 1; i <= 100; i++) {
    await other.set('/a', `${i}`)
    if (i % 10 === 5) proxy.cut()
  }
  await eventually('the newest version', () => seen.at(-1) === 100)
  t.same(
    seen,
    [...seen].sort((a, b) => a - b),
    'never back',
  )
  controller.abort()
  await done
})

test('both kinds of watch on one path survive a cut together', async t => {
  const { zk, other, proxy } = await stage(t, server)
  await other.create('/a')
  const plain = await reading(t, zk, '/a')
  const deep = await reading(t, zk, '/a', { recursive: true })
  proxy.cut()
  for (const reader of [plain, deep]) await resyncs(reader, 2)
  await zk.sync('/')
  await other.create('/a/b')
  await other.set('/a/b', '1')
  await other.set('/a', 'end')
  for (const reader of [plain, deep]) await heardUpTo(reader, 'nodeDataChanged /a')
  t.same(plain.heard.slice(2), ['nodeChildrenChanged /a', 'nodeDataChanged /a'])
  t.same(deep.heard.slice(2), ['nodeCreated /a/b', 'nodeDataChanged /a/b', 'nodeDataChanged /a'])
})

test('200 readers come and go over 5 reconnects: the server watches what is watched, and no more', async t => {
  const { zk, root, other, proxy, history, watched } = await stage(t, server, { ports: { random: () => 0 } })
  const live = new Map<string, Awaited<ReturnType<typeof reading>>>()
  for (let i = 0; i < 200; i++) {
    const path = `/n-${i % 20}`
    const reader = read(t, zk, path, { recursive: i % 2 === 0 })
    if (i % 3 !== 0) await heardUpTo(reader, `resync ${path}`)
    if (i % 40 === 39) {
      history.length = 0
      proxy.cut()
      await passed(history, 'connected')
    }
    if (i >= 190) {
      await heardUpTo(reader, `resync ${path}`)
      live.set(path, reader)
    } else {
      void reader.stop()
    }
  }
  await connectedAgain(root)
  const paths = [...live.keys()].sort()
  await zk.sync('/')
  await eventually('the watches of the readers', async () => (await watched()).join() === paths.join())
  t.equal(zk.status().watches, live.size)
  for (const [path, reader] of live) {
    await other.create(path)
    await heardUpTo(reader, `nodeCreated ${path}`)
  }
  for (const reader of live.values()) await reader.stop()
  await eventually('none', async () => (await watched()).length === 0)
  t.equal(zk.status().watches, 0)
})
