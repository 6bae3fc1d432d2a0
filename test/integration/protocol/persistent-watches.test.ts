// Persistent and recursive watches against a real server: what they tell, over any gap, and what they leave behind.
import { eventually } from '../../support/eventually.ts'
import { atLeast, since } from '../../support/versions.ts'
import { ownServer } from '../../support/zookeeper.ts'
import type { Test } from '../../tap.ts'
import { t } from '../../tap.ts'
import { heardUpTo, read, reading, resyncs, stage } from './stream-support.ts'
import { connectedAgain, errorOf, passed, renewed } from './support.ts'

const server = await ownServer(t, { tickTime: 500 })

t.jobs = 16
const test = (name: string, body: (t: Test) => Promise<void>): void => {
  t.test(name, { buffered: true, timeout: 90_000 }, async t => {
    if (await since(t, '3.6')) await body(t)
  })
}

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

test('several readers share the watch on the server, and the last one removes it', async t => {
  const { zk, other, proxy, watched } = await stage(t, server)
  let requests = 0
  proxy.filter(frame => {
    if (frame.kind === 'request' && frame.opcode === 18) requests++
    return 'pass'
  })
  await other.create('/a')
  const readers = await Promise.all(Array.from({ length: 5 }, () => reading(t, zk, '/a')))
  const deep = await reading(t, zk, '/a', { recursive: true })
  t.same(await watched(), ['/a'])
  await other.set('/a', '1')
  for (const reader of [...readers, deep]) await heardUpTo(reader, 'nodeDataChanged /a')
  for (const reader of readers.slice(1)) t.equal(await reader.stop(), 'over')
  await other.create('/a/b')
  await heardUpTo(readers[0]!, 'nodeChildrenChanged /a')
  await heardUpTo(deep, 'nodeCreated /a/b')
  t.equal(requests, 0)
  await readers[0]!.stop()
  await zk.sync('/')
  await other.set('/a/b', '1')
  await heardUpTo(deep, 'nodeDataChanged /a/b')
  t.same(await watched(), ['/a'])
  await deep.stop()
  await zk.sync('/')
  await eventually('no watch is left', async () => (await watched()).length === 0)
  for (const reader of readers) t.equal(reader.heard.filter(line => line === 'nodeDataChanged /a').length, 1)
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

for (const recursive of [false, true]) {
  test(`one-shot watches beside a ${recursive ? 'recursive' : 'persistent'} one on the same path`, async t => {
    const { zk, other } = await stage(t, server)
    await other.create('/a')
    const early: string[] = []
    const note =
      (into: string[]) =>
      ({ type }: { type: string }): void => {
        into.push(type)
      }
    await zk.get('/a', { watch: note(early) })
    await zk.getChildren('/a', { watch: note(early) })
    const reader = await reading(t, zk, '/a', { recursive })
    const late: string[] = []
    await zk.exists('/a', { watch: note(late) })
    await zk.getChildren('/a', { watch: note(late) })
    for (let i = 0; i < 3; i++) {
      await other.set('/a', `${i}`)
      await other.create(`/a/${i}`)
    }
    await other.delete('/a', { recursive: true })
    await heardUpTo(reader, 'nodeDeleted /a')
    await zk.sync('/')
    t.same(early.sort(), ['nodeChildrenChanged', 'nodeDataChanged'])
    t.same(late.sort(), ['nodeChildrenChanged', 'nodeDataChanged'])
    t.equal(reader.heard.filter(line => line === 'nodeDataChanged /a').length, 3)
    const children = reader.heard.filter(line =>
      line.startsWith(recursive ? 'nodeCreated' : 'nodeChildrenChanged'),
    )
    t.equal(children.length, recursive ? 3 : 6)
  })

  test(`a one-shot watch outlives the ${recursive ? 'recursive' : 'persistent'} one beside it`, async t => {
    const { zk, other } = await stage(t, server)
    await other.create('/a')
    const reader = await reading(t, zk, '/a', { recursive })
    const fired: string[] = []
    await zk.get('/a', { watch: ({ type }) => fired.push(type) })
    await zk.getChildren('/a', { watch: ({ type }) => fired.push(type) })
    await reader.stop()
    await zk.sync('/')
    await other.create('/a/b')
    await other.set('/a', '1')
    await zk.sync('/')
    t.same(fired.sort(), ['nodeChildrenChanged', 'nodeDataChanged'])
    t.same(reader.heard, ['resync /a'])
  })
}

test('a reader that comes while the last one leaves has a watch', async t => {
  const { zk, other } = await stage(t, server)
  for (let i = 0; i < 30; i++) {
    const path = `/race-${i}`
    await other.create(path)
    const leaving = await reading(t, zk, path)
    let coming: ReturnType<typeof read>
    if (i % 3 === 0) {
      coming = read(t, zk, path)
      void leaving.stop()
    } else if (i % 3 === 1) {
      void leaving.stop()
      coming = read(t, zk, path)
    } else {
      await leaving.stop()
      coming = read(t, zk, path)
    }
    await heardUpTo(coming, `resync ${path}`)
    await zk.sync('/')
    await other.set(path, '1')
    await zk.sync('/')
    await heardUpTo(coming, `nodeDataChanged ${path}`)
  }
})

test('a one-shot watch that comes while the last reader leaves fires', async t => {
  const { zk, other } = await stage(t, server)
  for (let i = 0; i < 10; i++) {
    const path = `/race-${i}`
    await other.create(path)
    const leaving = await reading(t, zk, path)
    let fired = 0
    const reads = i % 2 === 0 ? zk.get(path, { watch: () => fired++ }) : null
    void leaving.stop()
    await (reads ?? zk.get(path, { watch: () => fired++ }))
    await zk.sync('/')
    await zk.sync('/')
    await other.set(path, '1')
    await zk.sync('/')
    t.equal(fired, 1, `round ${i}`)
  }
})

test('a one-shot watch whose read is under way survives that another one is taken back', async t => {
  const { zk, other } = await stage(t, server)
  await other.create('/a')
  for (let i = 0; i < 5; i++) {
    const taken = (): void => void t.fail('it was taken back')
    let fired = 0
    await zk.get('/a', { watch: taken })
    const reading = zk.get('/a', { watch: () => void fired++ })
    zk.removeWatch('/a', taken)
    await reading
    await zk.sync('/')
    await other.set('/a', `${i}`)
    await zk.sync('/')
    t.equal(fired, 1, `round ${i}`)
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

test('the watch goes with its reader: signal, break, return, return while it waits, throw', async t => {
  const { zk, other, watched } = await stage(t, server)
  await other.create('/a')
  const gone = (): Promise<boolean> =>
    eventually('the watch is gone', async () => (await watched()).length === 0)
  const reader = await reading(t, zk, '/a')
  t.same(await watched(), ['/a'])
  t.equal(await reader.stop(), 'over', 'a signal ends the stream without an error')
  await gone()
  for await (const _ of zk.watch('/a', { recursive: true })) {
    t.same(await watched(), ['/a'])
    break
  }
  await gone()
  const returned = zk.watch('/a')
  await returned.next()
  t.same(await returned.return(), { value: undefined, done: true })
  await gone()
  const waiting = zk.watch('/a')
  await waiting.next()
  const next = waiting.next()
  t.same(await Promise.race([waiting.return(), errorAfter(30_000)]), { value: undefined, done: true })
  t.same(await next, { value: undefined, done: true })
  await gone()
  const thrown = await errorOf(
    (async () => {
      for await (const _ of zk.watch('/a')) throw new Error('from the loop')
    })(),
  )
  t.match(thrown, { message: 'from the loop' })
  await gone()
  t.equal(zk.status().watches, 0)
})

test('a stream that was never read, or that is aborted before, arms nothing', async t => {
  const { zk, watched } = await stage(t, server)
  zk.watch('/a')
  const stream = zk.watch('/a')
  await stream.return()
  const aborted = read(t, zk, '/a', { signal: AbortSignal.abort(new Error('before')) })
  await aborted.done
  await zk.sync('/')
  t.same(await watched(), [])
  t.same(aborted.heard, [])
  t.equal(zk.status().watches, 0)
})

test('aborted while there is no link, a stream ends at once and nothing is armed later', async t => {
  const { zk, root, other, proxy, history, watched } = await stage(t, server)
  await other.create('/a')
  const armed = await reading(t, zk, '/a')
  proxy.set({ kind: 'refuse' })
  proxy.cut()
  await passed(history, 'suspended')
  const arming = read(t, zk, '/b')
  await Promise.race([Promise.all([arming.stop(), armed.stop()]), errorAfter(30_000)])
  t.same(arming.heard, [])
  proxy.set({ kind: 'pass' })
  await connectedAgain(root)
  await zk.sync('/')
  await eventually('nothing is watched', async () => (await watched()).length === 0)
  t.equal(zk.status().watches, 0)
})

test('close() ends every stream; after it there is none', async t => {
  const { zk, root } = await stage(t, server)
  const plain = await reading(t, zk, '/a')
  const deep = await reading(t, zk, '/', { recursive: true })
  await root.close()
  t.equal(await plain.done, 'over')
  t.equal(await deep.done, 'over')
  t.match(await read(t, zk, '/a').done, { code: 'CLOSED' })
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

function errorAfter(ms: number): Promise<never> {
  return new Promise((_, reject) => {
    setTimeout(() => reject(new Error(`not within ${ms} ms`)), ms).unref()
  })
}
