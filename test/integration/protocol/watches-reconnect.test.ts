// Watches over lost links and lost sessions, against a real server: no change is missed, none is told twice.
import type { WatchedEvent, Watcher, ZooKeeper } from '../../../protocol/index.ts'
import { OpCode } from '../../../protocol/opcodes.ts'
import { expireSession } from '../../../src/testing/index.ts'
import { concurrently } from '../../support/concurrently.ts'
import { eventually } from '../../support/eventually.ts'
import { client, ownServer } from '../../support/zookeeper.ts'
import type { Test } from '../../tap.ts'
import { t } from '../../tap.ts'
import { connectedAgain, passed, proxied } from './support.ts'

const server = await ownServer(t, { tickTime: 500, heap: '512m', config: { maxSessionTimeout: '60000' } })
const at = server.connectString
/** No stall ends such a session. */
const lasting = { sessionTimeout: 30_000 }

const test = concurrently({ jobs: 8, timeout: 90_000 })

function listener(): { watch: Watcher; heard: string[] } {
  const heard: string[] = []
  return { watch: event => heard.push(`${event.type} ${event.path}`), heard }
}

const rearms = (opcode: number | null): boolean =>
  opcode === OpCode.setWatches || opcode === OpCode.setWatches2

/** One watch of each kind on what will change and on what will not. */
async function watchAll(zk: ZooKeeper, root: string, watch: Watcher): Promise<void> {
  for (const name of ['', '/set', '/gone', '/parent', '/same', '/same-parent', '/flicker', '/replaced'])
    await zk.create(root + name)
  for (const name of ['/set', '/gone', '/same', '/replaced']) await zk.get(root + name, { watch })
  for (const name of ['/born', '/never', '/mayfly']) await zk.exists(root + name, { watch })
  for (const name of ['/parent', '/same-parent', '/flicker']) await zk.getChildren(root + name, { watch })
}

async function change(zk: ZooKeeper, root: string): Promise<void> {
  await zk.set(`${root}/set`, '1')
  await zk.set(`${root}/set`, '2')
  await zk.delete(`${root}/gone`)
  await zk.create(`${root}/born`)
  await zk.create(`${root}/mayfly`)
  await zk.delete(`${root}/mayfly`)
  await zk.create(`${root}/parent/child`)
  await zk.create(`${root}/flicker/child`)
  await zk.delete(`${root}/flicker/child`)
  await zk.delete(`${root}/replaced`)
  await zk.create(`${root}/replaced`)
}

/** What must be heard of these changes when they all happened while nobody listened. */
const missed = (root: string): string[] =>
  [
    `nodeChildrenChanged ${root}/flicker`,
    `nodeChildrenChanged ${root}/parent`,
    `nodeCreated ${root}/born`,
    `nodeDataChanged ${root}/replaced`,
    `nodeDataChanged ${root}/set`,
    `nodeDeleted ${root}/gone`,
  ].sort()

/** What did not change is still watched, and what fired is not. */
async function stillArmed(
  t: Test,
  zk: ZooKeeper,
  other: ZooKeeper,
  root: string,
  heard: string[],
): Promise<void> {
  heard.length = 0
  await other.set(`${root}/same`, 'x')
  await other.create(`${root}/same-parent/child`)
  await other.create(`${root}/never`)
  await other.create(`${root}/mayfly`)
  for (const name of ['/set', '/born', '/parent', '/flicker', '/replaced']) await other.set(root + name, 'y')
  await other.create(`${root}/gone`)
  await zk.sync('/')
  t.same(heard.sort(), [
    `nodeChildrenChanged ${root}/same-parent`,
    `nodeCreated ${root}/mayfly`,
    `nodeCreated ${root}/never`,
    `nodeDataChanged ${root}/same`,
  ])
}

test('H16: changes made while the link was down are told once, before any reply', async t => {
  const { zk, proxy, history } = await proxied(t, at, lasting)
  const other = await client(t, at, lasting)
  const { watch, heard } = listener()
  await watchAll(zk, '/outage', watch)
  proxy.set({ kind: 'refuse' })
  proxy.cut()
  await passed(history, 'suspended')
  await change(other, '/outage')
  const first = zk.get('/outage/set').then(() => [...heard].sort())
  proxy.set({ kind: 'pass' })
  t.same(await first, missed('/outage'), 'all of them came before the first reply')
  t.equal(zk.generation, 1)
  await zk.sync('/')
  t.same(heard.sort(), missed('/outage'))
  await stillArmed(t, zk, other, '/outage', heard)
})

test('H16: a link that is cut again and again while things change hides nothing and tells nothing twice', async t => {
  const { zk, proxy } = await proxied(t, at, { ...lasting, ports: { random: () => 0 } })
  const other = await client(t, at, lasting)
  const { watch, heard } = listener()
  await zk.create('/flap')
  const paths = Array.from({ length: 200 }, (_, i) => `/flap/${i}`)
  await Promise.all(paths.map(path => zk.create(path)))
  await Promise.all(paths.map(path => zk.get(path, { watch })))
  for (let i = 0; i < paths.length; i += 10) {
    proxy.cut()
    const changes = paths.slice(i, i + 10).map(path => other.set(path, 'x'))
    await Promise.all([...changes, zk.sync('/')])
  }
  await zk.sync('/')
  t.same(heard.sort(), paths.map(path => `nodeDataChanged ${path}`).sort())
  t.equal(zk.generation, 1)
})

test('H16: watches outlive the session', async t => {
  const { zk, proxy, history } = await proxied(t, at, lasting)
  const other = await client(t, at, lasting)
  const { watch, heard } = listener()
  await watchAll(zk, '/session', watch)
  await zk.create('/session-ephemeral', null, { mode: 'ephemeral' })
  await zk.exists('/session-ephemeral', { watch })
  proxy.set({ kind: 'refuse' })
  proxy.cut()
  await passed(history, 'suspended')
  await expireSession(at, zk.session!)
  await change(other, '/session')
  proxy.set({ kind: 'pass' })
  await connectedAgain(zk, 2)
  await zk.sync('/')
  const own = 'nodeDeleted /session-ephemeral'
  t.same(heard.sort(), [...missed('/session'), own].sort())
  await stillArmed(t, zk, other, '/session', heard)
})

test('H17: 20,000 watches on long paths come back in batches, and each works', async t => {
  const { zk, proxy, history } = await proxied(t, at, lasting)
  const other = await client(t, at, lasting)
  const fired = new Map<string, number>()
  const watch = ({ path }: WatchedEvent): void => {
    fired.set(path, (fired.get(path) ?? 0) + 1)
  }
  // Three bytes a character: what counts is bytes.
  const paths = Array.from(
    { length: 20_000 },
    (_, i) => `/${String(i).padStart(119, i % 2 === 0 ? 'w' : '観')}`,
  )
  await Promise.all(paths.map(path => zk.exists(path, { watch })))
  const sizes: number[] = []
  proxy.filter(frame => {
    if (frame.kind === 'request' && rearms(frame.opcode)) sizes.push(frame.bytes.length)
    return 'pass'
  })
  proxy.cut()
  await passed(history, 'connected')
  await zk.sync('/')
  t.equal(zk.generation, 1)
  t.ok(sizes.length > 30, `${sizes.length} batches`)
  t.ok(Math.max(...sizes) <= 128 * 1024 + 64, `the largest has ${Math.max(...sizes)} bytes`)
  const [, total] = /Total watches:(\d+)/.exec(await server.command('wchs')) ?? []
  t.ok(Number(total) >= 20_000, `${total} watches at the server`)
  const sample = paths.filter((_, i) => i % 97 === 0)
  await Promise.all(sample.map(path => other.create(path)))
  await Promise.all(sample.map(path => other.set(path, 'x')))
  await zk.sync('/')
  t.same([...fired.keys()].sort(), [...sample].sort())
  t.same([...new Set(fired.values())], [1])
})

test('H17: a link that is cut between two batches hides no change of the second', async t => {
  const { zk, proxy, history } = await proxied(t, at, lasting)
  const other = await client(t, at, lasting)
  const fired = new Map<string, number>()
  const watch = ({ path }: WatchedEvent): void => {
    fired.set(path, (fired.get(path) ?? 0) + 1)
  }
  await zk.create('/batches')
  const paths = Array.from({ length: 3000 }, (_, i) => `/batches/${String(i).padStart(110, 'b')}`)
  await Promise.all(paths.map(path => zk.create(path)))
  await Promise.all(paths.map(path => zk.get(path, { watch })))
  proxy.set({ kind: 'refuse' })
  proxy.cut()
  await passed(history, 'suspended')
  const changed = [...paths.slice(0, 10), ...paths.slice(-10)]
  await Promise.all(changed.map(path => other.set(path, 'x')))
  let answered = 0
  const restore = proxy.filter(frame => {
    if (frame.kind !== 'reply') return 'pass'
    if (rearms(frame.opcode)) answered++
    return answered > 1 || (answered === 1 && frame.opcode === null) ? 'cut' : 'pass'
  })
  proxy.set({ kind: 'pass' })
  await eventually('the cut', () => answered >= 1 && history.filter(c => c.state === 'suspended').length > 1)
  restore()
  await zk.sync('/')
  t.same([...fired.keys()].sort(), changed.sort())
  t.same([...new Set(fired.values())], [1])
})
