// A process that is a copy of the one that connected. In a file of its own: a process has one id.
import { ZooKeeper } from '../../../protocol/index.ts'
import type { ServiceRegistry } from '../../../src/index.ts'
import { fixedPid } from '../../support/child.ts'
import { servers as start } from '../../support/zookeeper.ts'
import type { Test } from '../../tap.ts'
import { t } from '../../tap.ts'
import { branch, dataOf, ownedBy, registryAt } from './support.ts'

/** Lets this process pass for a copy of itself, as an embedder that forks makes one. */
function pretendFork(t: Test): number {
  const own = process.pid
  t.teardown(() => Object.defineProperty(process, 'pid', { value: own }))
  Object.defineProperty(process, 'pid', { value: own + 1 })
  return own
}

t.test(
  'N9: a process that was forked gets a session of its own, and the parent keeps its own',
  { skip: fixedPid },
  async t => {
    const { servers, witness } = await branch(t, await start())
    const registry = await registryAt(t, servers)
    await registry.setNode('/n', { n: 1 })
    const parents = registry.client.session!
    const own = pretendFork(t)
    t.throws(() => registry.getLock('/lock'), { code: 'NO_CONNECTION' })
    await registry.setNode('/m', { n: 1 })
    t.not(registry.client.sessionId, parents.id)
    await ownedBy(witness, '/n', registry)
    t.match(await dataOf(witness, '/n'), { n: 1, pid: own + 1 })
    t.match(await dataOf(witness, '/m'), { n: 1, pid: own + 1 })
    const parent = new ZooKeeper(servers, { session: parents, onExpired: 'close' })
    t.teardown(() => parent.close())
    await parent.connect({ timeout: 60_000 })
    t.equal(parent.sessionId, parents.id, 'nobody closed the session of the parent')
  },
)

t.test(
  'N9, N21, N23, N24: a process that was forked writes every node in the form it has',
  { skip: fixedPid },
  async t => {
    const { servers, witness } = await branch(t, await start())
    const registry = await registryAt(t, servers)
    await registry.setNode('/utc', { n: 1 }, { envelope: 'utc' })
    await registry.setNode('/none', 'text', { envelope: 'none' })
    await registry.setNode('/raw', Uint8Array.of(0xff, 0x20), { raw: true })
    const instance = await registry.register('/service', { host: '10.0.0.1', port: 80 })
    const { path, data } = { path: instance.path!, data: (await witness.get(instance.path!)).data }
    const own = pretendFork(t)
    await registry.get('/')
    for (const each of ['/utc', '/none', '/raw', path]) await ownedBy(witness, each, registry)
    t.match(await dataOf(witness, '/utc'), { pid: own + 1, created_utc: /Z$/, n: 1 })
    t.same((await witness.get('/none')).data, Buffer.from('text'))
    t.same((await witness.get('/raw')).data, Buffer.of(0xff, 0x20))
    t.same((await witness.get(path)).data, data, 'an instance keeps its bytes')
  },
)

t.test('N9: reading of any kind gives a forked process its own session', { skip: fixedPid }, async t => {
  const { servers, witness } = await branch(t, await start())
  await witness.create('/n', '{"n":1}')
  const reads: Record<string, (registry: ServiceRegistry) => Promise<unknown>> = {
    get: registry => registry.get('/n'),
    addCallback: registry => registry.addCallback('/n', () => {}),
    watch: registry => registry.watch('/n').next(),
    discover: registry => registry.discover('/n').ready,
  }
  for (const [name, read] of Object.entries(reads)) {
    const registry = await registryAt(t, servers)
    const parents = registry.client.sessionId
    const own = pretendFork(t)
    await read(registry)
    t.not(registry.client.sessionId, parents, name)
    Object.defineProperty(process, 'pid', { value: own })
  }
})
