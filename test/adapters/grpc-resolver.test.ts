// The gRPC resolver class by itself: what it tells a channel, and when it stops.
import type { experimental } from '@grpc/grpc-js'
import { status } from '@grpc/grpc-js'
import type { NdsrResolverOptions } from '../../src/adapters/grpc.ts'
import { ndsrResolver, registerNdsrResolver } from '../../src/adapters/grpc.ts'
import { EmbeddedZooKeeper } from '../../src/embedded/index.ts'
import type { View } from '../../src/registry/discovery/view.ts'
import { ServiceRegistry } from '../../src/registry/service-registry.ts'
import { eventually } from '../support/eventually.ts'
import type { Test } from '../tap.ts'
import { t } from '../tap.ts'

const PATH = '/app/users'

interface Told {
  readonly addresses: readonly string[] | null
  readonly error: string | null
}

interface Fixture {
  readonly zookeeper: EmbeddedZooKeeper
  readonly registry: ServiceRegistry
  readonly views: View[]
  /** Listeners of the registry that the resolver has now. */
  readonly listeners: Set<unknown>
  readonly told: Told[]
  readonly resolver: experimental.Resolver
}

async function fixture(t: Test, options: NdsrResolverOptions = {}): Promise<Fixture> {
  const zookeeper = await EmbeddedZooKeeper.start({ port: 0 })
  t.teardown(() => zookeeper.close())
  const registry = await ServiceRegistry.connect({ servers: zookeeper.connectString })
  t.teardown(() => registry[Symbol.asyncDispose]())
  const views: View[] = []
  const listeners = new Set<unknown>()
  const told: Told[] = []
  const witness: Pick<ServiceRegistry, 'discover' | 'on'> = {
    discover: (path, options) => {
      const view = registry.discover(path, options)
      views.push(view)
      return view
    },
    on: (name, listener) => {
      const off = registry.on(name, listener)
      listeners.add(off)
      return () => {
        listeners.delete(off)
        off()
      }
    },
  }
  const listener: experimental.ResolverListener = endpoints => {
    const addresses = endpoints.ok
      ? endpoints.value.flatMap(({ addresses }) => addresses.map(address => JSON.stringify(address)))
      : null
    if (!endpoints.ok) t.equal(endpoints.error.code, status.UNAVAILABLE)
    told.push({ addresses, error: endpoints.ok ? null : endpoints.error.details })
    return true
  }
  const Resolver = ndsrResolver(witness, options)
  const resolver = new Resolver({ scheme: 'ndsr', authority: '', path: PATH.slice(1) }, listener, {})
  t.teardown(() => resolver.destroy())
  return { zookeeper, registry, views, listeners, told, resolver }
}

function at(...ports: number[]): Told {
  return { addresses: ports.map(port => JSON.stringify({ host: 'h', port })), error: null }
}

const NONE: Told = { addresses: null, error: `${PATH}: there is no instance` }

t.test('grpc: only changes of addresses are told, and asking again tells nothing new', async t => {
  const { registry, told, resolver, views } = await fixture(t)
  const one = await registry.register(PATH, { host: 'h', port: 1 })
  await registry.register(PATH, { host: 'h', port: 3, weight: 0 })
  resolver.updateResolution()
  t.same(told, [], 'nothing from within the call')
  await eventually('told', () => told.length === 1)
  resolver.updateResolution()
  await one.update({ data: { note: 'other data, the same address' } })
  await registry.register(PATH, { host: 'h', port: 2 })
  await eventually('told', () => told.length === 2)
  await one.update({ enabled: false })
  await eventually('told', () => told.length === 3)
  t.same(told, [at(1), at(1, 2), at(2)])
  t.equal(views.length, 1)
})

t.test('grpc: an empty list is told only when a server has shown it', async t => {
  const { zookeeper, registry, told, resolver, views } = await fixture(t)
  await zookeeper.freeze()
  resolver.updateResolution()
  t.teardown(() => zookeeper.thaw())
  await new Promise(setImmediate)
  t.equal(views[0]?.asOf, null)
  t.same(told, [])
  await zookeeper.thaw()
  await eventually('told', () => told.length === 1)
  const one = await registry.register(PATH, { host: 'h', port: 1 })
  await eventually('told', () => told.length === 2)
  await one.dispose()
  await eventually('told', () => told.length === 4)
  t.same(told, [NONE, at(1), at(), NONE], 'the list is emptied first: an error alone would keep it')
})

t.test('grpc: destroy ends the view, and the next question opens another', async t => {
  const { registry, told, resolver, views } = await fixture(t)
  await registry.register(PATH, { host: 'h', port: 1 })
  resolver.updateResolution()
  resolver.destroy()
  resolver.destroy()
  await t.rejects(views[0]!.ready, { code: 'STOPPED' })
  resolver.updateResolution()
  await eventually('told', () => told.length === 1)
  resolver.destroy()
  await registry.register(PATH, { host: 'h', port: 2 })
  resolver.updateResolution()
  await eventually('told', () => told.length === 2)
  t.same(told, [at(1), at(1, 2)], 'nothing while it was destroyed')
  t.equal(views.length, 3)
})

t.test('grpc: a registry that is stopped is waited for', async t => {
  const { registry, told, resolver } = await fixture(t)
  await registry.register(PATH, { host: 'h', port: 1 })
  await registry.stop()
  resolver.updateResolution()
  t.same(told, [], 'nothing from within the call')
  await eventually('told', () => told.length === 1)
  t.match(told, [{ addresses: null, error: /stopped/ }])
  await registry.start()
  await eventually('told', () => told.some(({ addresses }) => addresses?.length === 1))
})

t.test('grpc: destroyed while the registry is stopped, it stays silent', async t => {
  const { registry, told, resolver, views, listeners } = await fixture(t)
  await registry.stop()
  resolver.updateResolution()
  t.equal(listeners.size, 1)
  resolver.destroy()
  t.equal(listeners.size, 0)
  await registry.start()
  using view = registry.discover(PATH)
  await view.ready
  t.same(told, [])
  t.equal(views.length, 0)
})

t.test('grpc: disposal of the registry before the first answer is told', async t => {
  const { zookeeper, registry, told, resolver } = await fixture(t)
  await zookeeper.freeze()
  resolver.updateResolution()
  await zookeeper.thaw()
  await registry[Symbol.asyncDispose]()
  await eventually('told', () => told.at(-1)?.error ?? null)
  t.ok(told.every(({ addresses }) => addresses === null))
})

t.test('grpc: the port for TLS where one is asked for', async t => {
  const { registry, told, resolver } = await fixture(t, { secure: true, format: 'curator' })
  await registry.register(PATH, { host: 'h', port: 1, sslPort: 11 }, { format: 'curator' })
  resolver.updateResolution()
  await eventually('told', () => told.length === 1)
  await registry.register(PATH, { host: 'h', port: 2 }, { format: 'curator' })
  await eventually('told', () => told.length === 2)
  t.same(told[0], at(11))
  t.same([...told[1]!.addresses!].sort(), at(11, 2).addresses)
})

t.test('grpc: targets', async t => {
  const { registry } = await fixture(t)
  const Resolver = ndsrResolver(registry)
  const authority = (path: string, host = ''): string =>
    Resolver.getDefaultAuthority({ scheme: 'ndsr', authority: host, path })
  t.equal(authority('app/users'), 'users')
  t.equal(authority('/app/my users'), 'my%20users')
  t.throws(() => authority('users', 'app'), { code: 'INVALID_OPTION', message: /ndsr:\/\/\/app\/users/ })
  t.throws(() => authority('app//users'), { code: 'INVALID_PATH' })
  t.throws(() => new Resolver({ scheme: 'ndsr', authority: 'app', path: 'users' }, () => true, {}))
})

t.test('grpc: options that cannot be are refused', async t => {
  const { registry } = await fixture(t)
  const refused: [object, RegExp][] = [
    [{ scheme: 'dns' }, /gRPC's own/],
    [{ scheme: 'a_b' }, /scheme/],
    [{ scheme: 'a://' }, /scheme/],
    [{ minInstances: -1 }, /minInstances/],
    [{ format: 'xml' }, /format/],
    [{ serviceConfig: 'round_robin' }, /serviceConfig/],
    [{ serviceConfig: { loadBalancingConfig: [{ nobody_knows: {} }] } }, /no policy/],
    [
      { serviceConfig: { loadBalancingConfig: [{ outlier_detection: { interval: 'x' } }] } },
      /loadBalancingConfig/,
    ],
    [{ serviceConfig: { methodConfig: {} } }, /array/],
    [{ serviceConfig: { methodConfig: [{}] } }, /names/],
    [{ serviceConfig: { methodConfig: [{ name: [], timeout: 'soon' }] } }, /soon/],
  ]
  for (const [options, message] of refused) {
    t.throws(
      () => registerNdsrResolver(registry, options),
      { code: 'INVALID_OPTION', message },
      JSON.stringify(options),
    )
  }
})
