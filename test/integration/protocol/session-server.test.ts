// Sessions and watches while the server itself restarts, freezes, or comes back without its data.
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { WatchedEvent } from '../../../protocol/index.ts'
import type { Server } from '../../../scripts/zookeeper/server.ts'
import { concurrently } from '../../support/concurrently.ts'
import { eventually } from '../../support/eventually.ts'
import { client, ownServer } from '../../support/zookeeper.ts'
import { connectedAgain, errorOf, freeze, historyOf, names, passed, proxyTo } from './support.ts'

const test = concurrently({ jobs: 8, timeout: 90_000 })

/** Brings the server back with nothing: as after a lost disk, or as another ensemble under the same name. */
async function wipe(server: Server): Promise<void> {
  await server.kill()
  await rm(join(server.folder, 'data', 'version-2'), { recursive: true })
  await server.restart()
}

test('H16: a killed server comes back: the session survives, and each of 1,000 watches fires once', async t => {
  const server = await ownServer(t, { tickTime: 500, config: { maxSessionTimeout: '60000' } })
  const zk = await client(t, server.connectString, { sessionTimeout: 30_000 })
  const history = historyOf(zk)
  const { sessionId } = zk
  await zk.create('/kept', 'a', { mode: 'ephemeral' })
  await zk.create('/w')
  const fired = new Map<string, number>()
  const watch = ({ path }: WatchedEvent): void => {
    fired.set(path, (fired.get(path) ?? 0) + 1)
  }
  const paths = Array.from({ length: 1000 }, (_, i) => `/w/${i}`)
  await Promise.all(paths.map((path, i) => (i % 2 === 0 ? zk.create(path) : null)))
  await Promise.all(
    paths.map((path, i) => (i % 4 === 0 ? zk.get(path, { watch }) : zk.exists(path, { watch }))),
  )
  await server.kill()
  await passed(history, 'suspended')
  const asked = zk.exists('/kept')
  await server.restart()
  t.equal((await asked)?.ephemeralOwner, sessionId)
  // A server that takes its time to start leaves the client in doubt; the session lives on all the same.
  const states = names(history).filter(state => state !== 'lost')
  t.same(states, ['suspended', 'connected'])
  t.equal(fired.size, 0, 'nothing changed, so nothing fires')
  const other = await client(t, server.connectString)
  await Promise.all(paths.map((path, i) => (i % 2 === 0 ? other.set(path, 'b') : other.create(path))))
  await Promise.all(paths.map(path => other.set(path, 'c')))
  await zk.sync('/')
  t.equal(fired.size, 1000)
  t.same([...new Set(fired.values())], [1], 'each exactly once')
})

test('H6: a server frozen for longer than the session: lost, expired, then a new session', async t => {
  const server = await ownServer(t, { tickTime: 250 })
  const zk = await client(t, server.connectString, { sessionTimeout: 4000 })
  const history = historyOf(zk)
  await zk.create('/frozen', null, { mode: 'ephemeral' })
  await freeze(t, server)
  const write = errorOf(zk.set('/frozen', 'x'))
  await passed(history, 'expired')
  t.match(await write, { code: 'CONNECTION_LOSS', mayHaveApplied: true })
  t.same(names(history), ['suspended', 'lost', 'expired', 'connecting'])
  const created = zk.create('/frozen-after', null, { mode: 'ephemeral' })
  server.thaw()
  t.equal((await created).stat.ephemeralOwner, zk.sessionId)
  t.equal(zk.generation, 2)
  await eventually('the old ephemeral goes', async () => (await zk.exists('/frozen')) === null)
  await eventually('one connection is left', async () => {
    const cons = await server.command('cons')
    return cons.split('\n').filter(line => line.includes('sid=')).length === 1
  })
})

test('H9: a server that comes back empty: a new session without a restart, and all watches on data fire', async t => {
  const server = await ownServer(t, { tickTime: 250 })
  const proxy = await proxyTo(t, server.connectString)
  const zk = await client(t, proxy.connectString, { sessionTimeout: 4500 })
  const history = historyOf(zk)
  const failures: Error[] = []
  zk.on('attemptFailed', error => failures.push(error))
  const events: string[] = []
  const watch = ({ type, path }: WatchedEvent): void => {
    events.push(`${type} ${path}`)
  }
  for (const path of ['/gone', '/again', '/parent', '/parent/child']) await zk.create(path, 'old')
  await zk.get('/gone', { watch })
  await zk.get('/again', { watch })
  await zk.exists('/born', { watch })
  await zk.exists('/never', { watch })
  await zk.getChildren('/parent', { watch })
  for (let i = 0; i < 200; i++) zk.set('/again', `${i}`).catch(() => {})
  await zk.sync('/')
  await zk.get('/again', { watch })
  const ahead = zk.lastZxid
  // Until the new tree stands: of a znode that is not there yet, a watch would say that it was deleted.
  proxy.set({ kind: 'refuse' })
  await wipe(server)
  const other = await client(t, server.connectString)
  await other.create('/again', 'new')
  await other.create('/parent', 'new')
  await other.create('/born', 'new')
  t.ok(other.lastZxid < ahead, 'the server is behind')
  proxy.set({ kind: 'pass' })
  await connectedAgain(zk, 2)
  await eventually('events', () => events.length >= 5)
  await zk.sync('/')
  t.same(names(history), ['suspended', 'lost', 'expired', 'connecting', 'connected'])
  t.same(events.sort(), [
    'nodeChildrenChanged /parent',
    'nodeCreated /born',
    'nodeDataChanged /again',
    'nodeDataChanged /again',
    'nodeDeleted /gone',
  ])
  t.ok(failures.length > 0, 'the refusals were told')
  await other.create('/never')
  await zk.sync('/')
  t.equal(events.at(-1), 'nodeCreated /never', 'what did not change is still watched')
  t.ok(zk.lastZxid < ahead, 'the client counts from the new history')
})

test('H9: after a wipe the new session is a session like any other: its link may be cut', async t => {
  const server = await ownServer(t, { tickTime: 250 })
  const proxy = await proxyTo(t, server.connectString)
  const zk = await client(t, proxy.connectString, { sessionTimeout: 5000 })
  const other = await client(t, server.connectString)
  for (let i = 0; i < 50; i++) await other.create(`/n-`, null, { mode: 'persistentSequential' })
  await zk.sync('/')
  await zk.exists('/')
  await other.close()
  await wipe(server)
  await connectedAgain(zk, 2)
  const { sessionId } = zk
  const history = historyOf(zk)
  proxy.cut()
  await passed(history, 'connected')
  t.same(names(history), ['suspended', 'connected'], 'no second expiry')
  t.equal(zk.sessionId, sessionId)
})
