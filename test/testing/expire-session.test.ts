// Sessions that are ended on purpose: by client, by registry, by id and password, by id on the embedded server.
import { ZooKeeper } from '../../protocol/index.ts'
import { EmbeddedZooKeeper } from '../../src/embedded/index.ts'
import { ServiceRegistry } from '../../src/index.ts'
import { expireSession, FaultProxy } from '../../src/testing/index.ts'
import { eventually } from '../support/eventually.ts'
import type { Test } from '../tap.ts'
import { t } from '../tap.ts'

async function connected(t: Test): Promise<{ server: EmbeddedZooKeeper; zk: ZooKeeper }> {
  const server = await EmbeddedZooKeeper.start()
  t.teardown(() => server.close())
  const zk = new ZooKeeper(server.connectString, { sessionTimeout: 40_000 })
  t.teardown(() => zk.close())
  await zk.connect({ timeout: 60_000 })
  return { server, zk }
}

t.test('expireSession: a client gets a new session', async t => {
  const { zk } = await connected(t)
  const before = zk.sessionId
  await zk.create('/e', null, { mode: 'ephemeral' })
  await expireSession(zk)
  await eventually('the second generation', () => zk.generation === 2 && zk.state === 'connected')
  t.not(zk.sessionId, before)
  t.equal(await zk.exists('/e'), null)
})

t.test('expireSession: a registry registers again, also behind a proxy', async t => {
  const { server } = await connected(t)
  const proxy = await FaultProxy.start({ target: server.connectString })
  t.teardown(() => proxy.close())
  const registry = await ServiceRegistry.connect({ servers: proxy.connectString, timeout: 30_000 })
  t.teardown(() => registry.stop())
  await registry.setNode('/services/one:1', { a: 1 })
  const before = registry.client.sessionId
  await expireSession(registry)
  await eventually('it is back', async () => {
    const stat = await registry.client.exists('/services/one:1')
    return stat !== null && stat.ephemeralOwner !== before
  })
  t.not(registry.client.sessionId, before)
})

t.test('expireSession: by id and password, and by id on the embedded server', async t => {
  const { server, zk } = await connected(t)
  const { session } = zk
  await expireSession(server.connectString, session!)
  await eventually('the second generation', () => zk.generation === 2 && zk.state === 'connected')
  await expireSession(server, zk.sessionId)
  await eventually('the third generation', () => zk.generation === 3 && zk.state === 'connected')
  await t.rejects(expireSession(server, session!.id), /has no session/)
  t.equal(server.sessionIds.length, 1)
})

t.test('expireSession: a client without a connection is refused in words', async t => {
  const zk = new ZooKeeper('127.0.0.1:1')
  t.teardown(() => zk.close())
  await t.rejects(expireSession(zk), /no connection/)
})
