// The members of a real ensemble, changed while clients are connected, and server lists that change with them.
import { Buffer } from 'node:buffer'
import type { WatchedEvent, ZooKeeper } from '../../../protocol/index.ts'
import { startEnsemble } from '../../../scripts/zookeeper/ensemble.ts'
import type { Server } from '../../../scripts/zookeeper/server.ts'
import { eventually } from '../../support/eventually.ts'
import { client } from '../../support/zookeeper.ts'
import type { Test } from '../../tap.ts'
import { t } from '../../tap.ts'
import { clientAt, errorOf, historyOf, inOrder, names } from './support.ts'

const ensemble = await startEnsemble(3, {
  tickTime: 300,
  reconfig: true,
  superDigest: 'super:D/InIHSb7yEEbrWz8b9l71RjZJU=',
  config: { initLimit: '60', syncLimit: '20', maxSessionTimeout: '60000' },
})
t.teardown(() => ensemble.stop())
const [one, two, three] = ensemble.members as [Server, Server, Server]
const root = { auth: [{ scheme: 'digest', auth: 'super:test' }] }
const listed = (...members: readonly Server[]): string =>
  members.map(member => member.connectString).join(',')

/** The lines of a configuration, by the number of the server, and its version. */
function read(data: Uint8Array | null): { servers: Map<string, string>; version: bigint } {
  const servers = new Map<string, string>()
  let version = -1n
  for (const line of Buffer.from(data ?? [])
    .toString()
    .trim()
    .split('\n')) {
    const [key = '', value = ''] = line.split(/=(.*)/s)
    if (key === 'version') version = BigInt(`0x${value}`)
    else servers.set(key.replace('server.', ''), line)
  }
  return { servers, version }
}

/** A new configuration is in force when it has a leader that has told everybody. */
async function changed(
  run: () => Promise<{ readonly data: Uint8Array | null }>,
): Promise<ReturnType<typeof read>> {
  return await eventually('the reconfiguration', async () => {
    try {
      return read((await run()).data)
    } catch (error) {
      const { code } = error as { code?: string }
      if (code === 'RECONFIG_IN_PROGRESS' || code === 'NEW_CONFIG_NO_QUORUM') return null
      throw Object.assign(new Error('unexpected'), { cause: error })
    }
  })
}

async function connected(t: Test, first: Server, more = {}): Promise<ZooKeeper> {
  const rest = ensemble.members.filter(member => member !== first)
  const options = { sessionTimeout: 20_000, ports: { random: inOrder }, ...more }
  return await clientAt(t, first, listed(first, ...rest), options)
}

t.test('who may not change the configuration is told so, and so is who does not make sense', async t => {
  const zk = await client(t, `${listed(one)}/chroot`)
  const config = read((await zk.getConfig()).data)
  t.same([...config.servers.keys()], ['1', '2', '3'])
  t.ok(config.version >= 0n)
  const denied = await errorOf(zk.reconfig({ leaving: ['3'] }))
  t.match(denied, {
    code: 'NO_AUTH',
    operation: 'reconfig',
    path: '/zookeeper/config',
    mayHaveApplied: false,
  })
  const admin = await client(t, listed(one), root)
  t.match(await errorOf(admin.reconfig({ leaving: ['3'], from: 7n })), { code: 'BAD_VERSION' })
  t.match(await errorOf(admin.reconfig({ joining: ['server.4=nonsense'] })), { code: 'BAD_ARGUMENTS' })
  t.same([...read((await zk.getConfig()).data).servers.keys()], ['1', '2', '3'])
})

t.test('a member leaves and comes back: everybody who watches hears of it', async t => {
  // Without its leader an ensemble elects another one first, and cuts every connection.
  const leaver = await ensemble.follower()
  const id = String(ensemble.members.indexOf(leaver) + 1)
  const stay = ensemble.members.filter(member => member !== leaver)
  const ids = ['1', '2', '3'].filter(other => other !== id)
  const admin = await client(t, listed(...stay), { ...root, sessionTimeout: 20_000 })
  const watcher = await client(t, `${listed(...stay)}/app`, { sessionTimeout: 20_000 })
  const events: WatchedEvent[] = []
  const before = read((await watcher.getConfig({ watch: event => events.push(event) })).data)
  const left = await connected(t, leaver)
  const without = await changed(() => admin.reconfig({ leaving: [id] }))
  t.same([...without.servers.keys()], ids)
  t.ok(without.version > before.version)
  await eventually('the event', () => events.length === 1)
  t.match(events, [{ type: 'nodeDataChanged', path: '/zookeeper/config' }], 'it has no chroot')
  await admin.create('/with-two')
  const line = before.servers.get(id)!
  const back = await changed(() => admin.reconfig({ joining: [line], from: without.version }))
  t.same([...back.servers.keys()].sort(), ['1', '2', '3'])
  const stale = await errorOf(admin.reconfig({ leaving: [id], from: without.version }))
  t.match(stale, { code: 'BAD_VERSION' })
  const whole = await changed(() => admin.reconfig({ members: [...back.servers.values()] }))
  t.same([...whole.servers.values()].sort(), [...back.servers.values()].sort())
  await eventually('the member serves', async () => (await leaver.mode()) !== null)
  await left.sync('/')
  t.ok(await left.exists('/with-two'))
  t.equal(events.length, 1)
})

t.test('updateServers: a client stays where it may, moves where it must, and keeps its session', async t => {
  const zk = await connected(t, one)
  const history = historyOf(zk)
  const { sessionId } = zk
  await zk.create('/owned', null, { mode: 'ephemeral' })
  t.equal(zk.remote, one.connectString)
  zk.updateServers(listed(two, one))
  zk.updateServers(listed(one))
  await zk.sync('/')
  t.same(names(history), [])
  t.equal(zk.remote, one.connectString)
  const pending = Array.from({ length: 100 }, () => zk.exists('/owned'))
  zk.updateServers(listed(two, three))
  t.ok((await Promise.all(pending)).every(stat => stat?.ephemeralOwner === sessionId))
  await eventually('another server', () =>
    [two, three].some(({ connectString }) => zk.remote === connectString),
  )
  t.same(names(history), ['suspended', 'connected'])
  t.equal(zk.sessionId, sessionId)
  t.equal((await zk.exists('/owned'))?.ephemeralOwner, sessionId)
  t.throws(() => zk.updateServers(`${listed(one)}/elsewhere`), { code: 'INVALID_CONNECT_STRING' })
  t.throws(() => zk.updateServers('127.0.0.1:x'), { code: 'INVALID_CONNECT_STRING' })
  zk.updateServers(listed(one))
  await eventually('the first server', () => zk.remote === one.connectString)
  t.equal(zk.sessionId, sessionId)
})

t.test('updateServers: a list that grows moves part of the clients, and no session is lost', async t => {
  const clients = await Promise.all(
    Array.from({ length: 30 }, () => client(t, listed(one), { sessionTimeout: 20_000 })),
  )
  const ids = clients.map(zk => zk.sessionId)
  for (const zk of clients) zk.updateServers(listed(one, two, three))
  await Promise.all(clients.map(zk => zk.sync('/')))
  const at = (member: Server): number => clients.filter(zk => zk.remote === member.connectString).length
  await eventually('all of them', () => at(one) + at(two) + at(three) === clients.length)
  // Each moves with a chance of two thirds: that all stay, or all go, would happen once in 100,000 runs.
  t.ok(at(one) > 0 && at(one) < clients.length, `${at(one)} stayed`)
  t.same(
    clients.map(zk => zk.sessionId),
    ids,
  )
})

t.test('updateServers: while there is no connection, the new list is what is tried', async t => {
  const zk = await client(t, listed(three), { sessionTimeout: 20_000 })
  const { sessionId } = zk
  const history = historyOf(zk)
  await three.kill()
  await eventually('suspended', () => names(history).includes('suspended'))
  const waiting = zk.exists('/')
  zk.updateServers(listed(one, two))
  t.ok(await waiting)
  t.equal(zk.sessionId, sessionId)
  await three.restart()
})
