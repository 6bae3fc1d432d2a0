// Dubbo and Finagle read the instances that we register, and we read theirs.
import { findFormatPeer } from '../../scripts/peers/java.ts'
import { EmbeddedZooKeeper } from '../../src/embedded/index.ts'
import { ServiceRegistry } from '../../src/registry/service-registry.ts'
import { eventually } from '../support/eventually.ts'
import type { Test } from '../tap.ts'
import { t } from '../tap.ts'
import { runPeer } from './format-peer.ts'

const dubbo = await findFormatPeer('dubbo')
const finagle = await findFormatPeer('finagle')

async function stage(t: Test): Promise<{ zookeeper: EmbeddedZooKeeper; registry: ServiceRegistry }> {
  const zookeeper = await EmbeddedZooKeeper.start({ port: 0 })
  t.teardown(() => zookeeper.close())
  const registry = await ServiceRegistry.connect({ servers: zookeeper.connectString, timeout: 30_000 })
  t.teardown(() => registry[Symbol.asyncDispose]())
  return { zookeeper, registry }
}

t.test(
  'formats: Dubbo and we read each other',
  { skip: typeof dubbo === 'string' && dubbo, timeout: 200_000 },
  async t => {
    if (typeof dubbo === 'string') return
    const { registry } = await stage(t)
    const { client } = registry
    const path = '/dubbo/com.example.Users'
    const data = { application: 'demo', group: 'blue green', note: 'sch\u00f6n 1+1=2 % ~*', version: '1.0' }
    const time = { registeredAt: 1_700_000_000_000 }
    const options = { format: 'dubbo' } as const
    const full = { host: '10.0.0.1', port: 20_880, weight: 50, zone: 'a', data, ...time }
    await registry.register(path, full, options)
    await registry.register(path, { host: '2001:db8::1', port: 1, enabled: false, ...time }, options)
    const { children: nodes } = await client.getChildren(`${path}/providers`)
    const { lines } = await runPeer(t, dubbo, 'DubboPeer', nodes)
    const parameters =
      'application=demo, group=blue green, interface=com.example.Users, note=sch\u00f6n 1+1=2 % ~*, ' +
      'timestamp=1700000000000, version=1.0, weight=50, zone=a'
    t.ok(
      lines.includes(
        `read dubbo 10.0.0.1 20880 com.example.Users blue green/com.example.Users:1.0 {${parameters}}`,
      ),
      lines.join('\n'),
    )
    t.ok(
      lines.includes(
        'read dubbo [2001:db8::1] 1 com.example.Users com.example.Users ' +
          '{enabled=false, interface=com.example.Users, timestamp=1700000000000}',
      ),
    )
    for (const node of nodes) t.ok(lines.includes(`again ${node}`), 'Dubbo writes the same name')
    const own = lines.find(line => line.startsWith('own '))!.slice('own '.length)
    await client.create(`${path}/providers/${own}`)
    using view = registry.discover(path, options)
    await view.ready
    t.match(
      view.instances.find(({ host }) => host === '10.0.0.9'),
      {
        id: 'dubbo://10.0.0.9:20880/com.example.Users:blue green:1.0',
        name: 'com.example.Users',
        port: 20_880,
        weight: 50,
        enabled: true,
        registeredAt: 1_700_000_000_000,
        data: {
          anyhost: 'true',
          application: 'java',
          group: 'blue green',
          methods: 'find,list',
          note: 'sch\u00f6n 1+1=2 %',
          version: '1.0',
        },
      },
    )
  },
)

t.test(
  'formats: Finagle and we read each other',
  { skip: typeof finagle === 'string' && finagle, timeout: 200_000 },
  async t => {
    if (typeof finagle === 'string') return
    const { zookeeper, registry } = await stage(t)
    const warnings: unknown[] = []
    registry.on('warning', warning => warnings.push(warning))
    const options = { format: 'serverset' } as const
    const attributes = { shard: 4, additionalEndpoints: { admin: { host: '10.0.0.1', port: 81 } } }
    const full = { host: '10.0.0.1', port: 80, weight: 2, data: { note: 'sch\u00f6n' }, attributes }
    await registry.register('/sets/ours', full, options)
    await registry.register('/sets/ours', { host: '10.0.0.2', port: 80, enabled: false }, options)
    await registry.client.create('/sets/java')
    await registry.client.create('/sets/java/vector_0000000000', '{"vector":[]}')
    using view = registry.discover('/sets/java', options)
    const port = zookeeper.connectString.split(':').at(-1)!
    const peer = await runPeer(t, finagle, 'FinaglePeer', [port, '/sets/ours', '/sets/java'])
    const { lines } = peer
    // Each endpoint is one of its own; the main one has no name.
    t.ok(lines.includes('read null 10.0.0.1 80 4 Alive {note=sch\u00f6n, weight=2}'), lines.join('\n'))
    t.ok(lines.includes('read admin 10.0.0.1 81 4 Alive {note=sch\u00f6n, weight=2}'))
    t.ok(lines.includes('read null 10.0.0.2 80 -2147483648 Stopping {}'), 'no shard is the least integer')
    const joined = await eventually('its member', () => view.instances[0])
    t.match(joined, {
      host: 'java.example',
      port: 90,
      weight: 2.5,
      enabled: true,
      data: { note: 'sch\u00f6n' },
      attributes: { shard: 3, additionalEndpoints: { admin: { host: 'java.example', port: 91 } } },
    })
    t.same(warnings, [], 'the vector is no mistake')
    await peer.end()
    await eventually('it has left', () => view.instances.length === 0)
  },
)
