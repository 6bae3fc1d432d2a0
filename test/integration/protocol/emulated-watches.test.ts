// Persistent watches on a server that does not know them: made of one-shot ones, and as good as those can be.

import { concurrently } from '../../support/concurrently.ts'
import { eventually } from '../../support/eventually.ts'
import { ownServer } from '../../support/zookeeper.ts'
import type { Test } from '../../tap.ts'
import { t } from '../../tap.ts'
import type { Stage } from './stream-support.ts'
import {
  heardUpTo,
  longSessions,
  read,
  reading,
  resyncs,
  stage,
  withoutPersistentWatches,
} from './stream-support.ts'
import { connectedAgain, errorOf, names, passed, renewed } from './support.ts'

const server = await ownServer(t, { tickTime: 500, config: longSessions })

const test = concurrently({ jobs: 16, timeout: 90_000 })

/** A server of whatever release, without addWatch. */
async function oldStage(t: Test): Promise<Stage & { attempts(): number }> {
  const made = await stage(t, server, { ports: { random: () => 0 } })
  return { ...made, ...withoutPersistentWatches(made.proxy) }
}

test('one znode: its data, its children, its end and its return', async t => {
  const { zk, other } = await oldStage(t)
  const reader = await reading(t, zk, '/a')
  const step = async (type: string, change: () => Promise<unknown>): Promise<void> => {
    const before = reader.heard.length
    await change()
    await eventually(`${type} after ${reader.heard}`, () => reader.heard.length > before)
    t.equal(reader.heard.at(-1), `${type} /a`)
    // The next change must find the watch armed again, or it folds into this one.
    await zk.sync('/')
    await zk.sync('/')
  }
  await step('nodeCreated', () => other.create('/a'))
  await step('nodeDataChanged', () => other.set('/a', '1'))
  await step('nodeChildrenChanged', () => other.create('/a/b'))
  await other.set('/a/b', '1')
  await other.create('/a/b/c')
  await other.delete('/a/b/c')
  await step('nodeChildrenChanged', () => other.delete('/a/b'))
  await step('nodeDeleted', () => other.delete('/a'))
  await step('nodeCreated', () => other.create('/a'))
  await step('nodeDataChanged', () => other.set('/a', '2'))
  t.equal(reader.heard.length, 8)
})

test('recursive: what comes and goes, and what comes together with its parents', async t => {
  const { zk, other } = await oldStage(t)
  await other.create('/a/old', null, { parents: true })
  const reader = await reading(t, zk, '/a', { recursive: true })
  await other.transaction().create('/a/b').create('/a/b/c').create('/a/b/c/d').commit()
  await heardUpTo(reader, 'nodeCreated /a/b/c/d')
  t.same(reader.heard, ['resync /a', 'nodeCreated /a/b', 'nodeCreated /a/b/c', 'nodeCreated /a/b/c/d'])
  await zk.sync('/')
  await other.set('/a/b/c/d', '1')
  await heardUpTo(reader, 'nodeDataChanged /a/b/c/d')
  await other.set('/a/old', '1')
  await heardUpTo(reader, 'nodeDataChanged /a/old')
  await zk.sync('/')
  await other.delete('/a/b', { recursive: true })
  await heardUpTo(reader, 'nodeDeleted /a/b')
  t.same(reader.heard.slice(-3), ['nodeDeleted /a/b/c/d', 'nodeDeleted /a/b/c', 'nodeDeleted /a/b'])
  t.notOk(
    reader.heard.some(line => line.startsWith('nodeChildrenChanged')),
    'of children, recursive watches tell through the children',
  )
})

test('a znode that is replaced at once is watched on, with what is below it', async t => {
  const { zk, other } = await oldStage(t)
  await other.create('/a/b', null, { parents: true })
  const deep = await reading(t, zk, '/a', { recursive: true })
  const plain = await reading(t, zk, '/a/b')
  await other.transaction().delete('/a/b').create('/a/b').create('/a/b/c').commit()
  for (const reader of [deep, plain]) await heardUpTo(reader, 'nodeDeleted /a/b')
  await heardUpTo(deep, 'nodeCreated /a/b/c')
  await heardUpTo(plain, 'nodeCreated /a/b')
  t.same(deep.heard, ['resync /a', 'nodeDeleted /a/b', 'nodeCreated /a/b', 'nodeCreated /a/b/c'])
  await zk.sync('/')
  await other.set('/a/b', '1')
  await other.set('/a/b/c', '1')
  await other.create('/a/b/d')
  await heardUpTo(deep, 'nodeDataChanged /a/b')
  await heardUpTo(deep, 'nodeDataChanged /a/b/c')
  await heardUpTo(deep, 'nodeCreated /a/b/d')
  await heardUpTo(plain, 'nodeDataChanged /a/b')
  await heardUpTo(plain, 'nodeChildrenChanged /a/b')
})

test('whatever happens, the events end with what is there', async t => {
  const { zk, other, proxy } = await oldStage(t)
  await other.create('/a')
  const reader = await reading(t, zk, '/a', { recursive: true })
  const steps = ['/a/1', '/a/2', '/a/1/x', '/a/3', '/a/2/y', '/a/3/z/deep']
  for (let i = 0; i < 60; i++) {
    const path = steps[i % steps.length]!
    if (i % 4 === 3) await other.delete(path, { recursive: true }).catch(() => {})
    else await other.create(path, null, { parents: true }).catch(() => {})
    if (i === 30) proxy.cut()
  }
  await other.create('/a/end')
  await heardUpTo(reader, 'nodeCreated /a/end')
  const told = (): string[] => {
    const there = new Set(['/a'])
    for (const { type, path } of reader.events) {
      if (type === 'nodeCreated') there.add(path)
      else if (type === 'nodeDeleted') there.delete(path)
    }
    return [...there].sort()
  }
  const wanted = await tree(zk, '/a')
  await eventually(`${wanted}, not ${told()}`, () => told().join() === wanted.join())
  t.same(told(), wanted)
})

test('a reader that reads at each event knows the newest state', async t => {
  const { zk, other, proxy } = await oldStage(t)
  await other.create('/a', '0')
  const seen: string[] = []
  const controller = new AbortController()
  t.teardown(() => controller.abort())
  const done = (async () => {
    for await (const _ of zk.watch('/a', { signal: controller.signal })) {
      const stat = await zk.exists('/a')
      const children =
        stat === null ? [] : (await zk.getChildren('/a').catch(() => ({ children: [] }))).children
      seen.push(stat === null ? 'none' : `${stat.version}:${stat.czxid}:${children.length}`)
    }
  })()
  await eventually('the first read', () => seen.length > 0)
  for (let round = 0; round < 20; round++) {
    await other.set('/a', `${round}`)
    await other.create('/a/b')
    if (round % 5 === 2) proxy.cut()
    if (round % 3 === 0) {
      await other.delete('/a', { recursive: true })
      await other.create('/a')
    } else {
      await other.delete('/a/b')
    }
    const { version, czxid } = (await other.exists('/a'))!
    await eventually(`round ${round}, not ${seen.at(-1)}`, () => seen.at(-1) === `${version}:${czxid}:0`)
  }
  controller.abort()
  await done
  t.ok(seen.length >= 20)
})

test('any number of streams costs a connection or two, and not the session', async t => {
  const { zk, root, other, attempts, history } = await oldStage(t)
  await other.create('/a')
  const data = Array.from({ length: 50 }, () => zk.get('/a'))
  const first = Array.from({ length: 30 }, (_, i) => read(t, zk, `/n-${i}`, { recursive: i % 2 === 0 }))
  const behind = Array.from({ length: 50 }, () => zk.getChildren('/a'))
  for (const [i, reader] of first.entries()) await heardUpTo(reader, `resync /n-${i}`)
  t.equal((await Promise.all([...data, ...behind])).length, 100, 'the other requests are answered')
  // The first answer may be lost with the connection.
  t.ok(history.length <= 4, names(history).join())
  t.equal(root.generation, 1)
  history.length = 0
  const before = attempts()
  for (let i = 0; i < 20; i++) await reading(t, zk, `/later-${i}`)
  t.equal(attempts(), before, 'what the server does not know is not asked again')
  t.same(names(history), [])
  await other.create('/n-7')
  await heardUpTo(first[7]!, 'nodeCreated /n-7')
})

test('a cut, an outage and an expiry: each is a resync, and the events go on', async t => {
  const { zk, root, other, proxy, history } = await oldStage(t)
  await other.create('/a/b', null, { parents: true })
  const plain = await reading(t, zk, '/a')
  const deep = await reading(t, zk, '/a', { recursive: true })
  history.length = 0
  proxy.set({ kind: 'refuse' })
  proxy.cut()
  await passed(history, 'suspended')
  await other.create('/a/c')
  await other.delete('/a/b')
  proxy.set({ kind: 'pass' })
  for (const reader of [plain, deep]) await resyncs(reader, 2)
  await heardUpTo(plain, 'nodeChildrenChanged /a')
  await heardUpTo(deep, 'nodeCreated /a/c')
  await heardUpTo(deep, 'nodeDeleted /a/b')
  await renewed(root, server.connectString)
  for (const reader of [plain, deep]) await resyncs(reader, 3)
  await zk.sync('/')
  await other.set('/a', '1')
  await other.set('/a/c', '1')
  await heardUpTo(plain, 'nodeDataChanged /a')
  await heardUpTo(deep, 'nodeDataChanged /a')
  await heardUpTo(deep, 'nodeDataChanged /a/c')
})

test('an outage in the middle of an event leaves nobody deaf', async t => {
  const { zk, root, other, proxy, history } = await oldStage(t)
  await other.create('/a')
  const reader = await reading(t, zk, '/a')
  history.length = 0
  // The event arrives, and the read that follows it does not.
  const restore = proxy.filter(frame => {
    if (frame.kind !== 'request' || frame.opcode !== 3) return 'pass'
    proxy.set({ kind: 'refuse' })
    return 'cut'
  })
  await other.set('/a', '1')
  await passed(history, 'suspended')
  restore()
  await other.set('/a', '2')
  proxy.set({ kind: 'pass' })
  await connectedAgain(root)
  await resyncs(reader, 2)
  await zk.sync('/')
  await zk.sync('/')
  const before = reader.heard.length
  await other.set('/a', '3')
  await eventually('the next event', () => reader.heard.slice(before).includes('nodeDataChanged /a'))
  t.equal(root.generation, 1)
})

test('a chroot: paths are those of the view that watches', async t => {
  const { zk, root, other, chroot } = await oldStage(t)
  await other.create('/app/a', null, { parents: true })
  const inner = await reading(t, zk.chroot('/app'), '/', { recursive: true })
  const outer = await reading(t, root, `${chroot}/app`)
  await other.create('/application')
  await other.create('/app/b')
  await heardUpTo(inner, 'nodeCreated /b')
  await heardUpTo(outer, `nodeChildrenChanged ${chroot}/app`)
  await zk.sync('/')
  await other.delete('/app', { recursive: true })
  await heardUpTo(inner, 'nodeDeleted /')
  await heardUpTo(outer, `nodeDeleted ${chroot}/app`)
  t.equal(inner.heard[0], 'resync /')
})

test('readers come and go: neither side keeps a watch for those that went', async t => {
  const { zk, root, other, watched } = await oldStage(t)
  await other.create('/a/b/c', null, { parents: true })
  const staying = await reading(t, zk, '/a')
  const own: string[] = []
  await zk.get('/a/b', { watch: ({ type }) => own.push(type) })
  const watches = zk.status().watches
  const before = await watched()
  for (let i = 0; i < 50; i++) {
    const reader = await reading(t, zk, '/a', { recursive: true })
    t.equal(await reader.stop(), 'over')
  }
  await zk.sync('/')
  t.equal(zk.status().watches, watches)
  t.same(await watched(), before)
  await other.set('/a/b', '1')
  await other.create('/a/x')
  await heardUpTo(staying, 'nodeChildrenChanged /a')
  await zk.sync('/')
  t.same(own, ['nodeDataChanged'])
  await staying.stop()
  await zk.sync('/')
  t.equal(zk.status().watches, 0)
  await eventually('none', async () => (await watched()).length === 0)
  await root.close()
})

test('an abort ends a stream in any stage, and close() ends all', async t => {
  const { zk, root, other, proxy, history } = await oldStage(t)
  const warnings: unknown[] = []
  root.on('warning', warning => warnings.push(warning))
  await other.create('/a')
  const armed = await reading(t, zk, '/a')
  proxy.set({ kind: 'refuse' })
  history.length = 0
  proxy.cut()
  await passed(history, 'suspended')
  const arming = read(t, zk, '/a', { recursive: true })
  t.equal(await arming.stop(), 'over')
  t.equal(await armed.stop(), 'over')
  proxy.set({ kind: 'pass' })
  await connectedAgain(root)
  await zk.sync('/')
  t.equal(zk.status().watches, 0)
  const last = await reading(t, zk, '/', { recursive: true })
  await root.close()
  t.equal(await last.done, 'over')
  t.match(await errorOf(zk.watch('/a').next()), { code: 'CLOSED' })
  t.same(warnings, [])
})

async function tree(zk: Stage['zk'], path: string): Promise<string[]> {
  const { children } = await zk.getChildren(path)
  const below = await Promise.all(children.map(name => tree(zk, `${path}/${name}`)))
  return [path, ...below.flat()].sort()
}
