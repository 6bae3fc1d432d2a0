// The gRPC resolver: real servers that come, leave and die under load.
import { status } from '@grpc/grpc-js'
import { deferred } from '../../protocol/support/deferred.ts'
import { registerNdsrResolver } from '../../src/adapters/grpc.ts'
import { eventually } from '../support/eventually.ts'
import type { Test } from '../tap.ts'
import { t } from '../tap.ts'
import type { Caller } from './grpc-stage.ts'
import { caller, PATH, stage } from './grpc-stage.ts'

interface Load {
  readonly failures: unknown[]
  readonly answers: number
  stop(): Promise<void>
}

function load({ call }: Caller, workers: number): Load {
  const failures: unknown[] = []
  let [running, answers] = [true, 0]
  const work = Array.from({ length: workers }, async () => {
    while (running) await call().then(() => answers++, failures.push.bind(failures))
  })
  return {
    failures,
    get answers() {
      return answers
    },
    async stop() {
      running = false
      await Promise.all(work)
    },
  }
}

/** The servers that answer a number of calls. */
async function answering({ call }: Caller, calls = 12): Promise<number[]> {
  const ports = new Set<number>()
  for (let i = 0; i < calls; i++) ports.add(await call())
  return [...ports].sort()
}

/** Waits until these servers answer, and no others: connections are made one after the other. */
async function answeredBy(caller: Caller, ...ports: number[]): Promise<void> {
  const expected = ports.sort().join()
  await eventually(`answers of ${expected}`, async () => (await answering(caller)).join() === expected)
}

function schemeOf(t: Test): string {
  return t.name.replaceAll(/[^a-z]/g, '').slice(0, 60)
}

t.test('grpc: calls go round the instances, one for each address', async t => {
  const { registry, backend } = await stage(t)
  const [first, second] = [await backend(), await backend()]
  await registry.register(PATH, { host: '127.0.0.1', port: first.port, id: 'again' }, { format: 'curator' })
  await registry.register(PATH, { host: 'no-port.invalid' })
  registerNdsrResolver(registry, { format: 'dual' })
  const client = caller(t, `ndsr://${PATH}`)
  await answeredBy(client, first.port, second.port)
  const before = [first.served, second.served]
  for (let i = 0; i < 10; i++) await client.call()
  t.same(
    [first.served - before[0]!, second.served - before[1]!],
    [5, 5],
    'the address that is said twice counts once',
  )
})

t.test('grpc: an instance leaves and another joins under load without a failed call', async t => {
  const { registry, backend } = await stage(t)
  const scheme = schemeOf(t)
  registerNdsrResolver(registry, { scheme })
  const [leaver] = [await backend(), await backend()]
  const client = caller(t, `${scheme}://${PATH}`)
  const calls = load(client, 8)
  await eventually('it serves', () => leaver.served > 20)
  const joiner = await backend()
  await eventually('the other serves', () => joiner.served > 20)
  await leaver.instance.update({ enabled: false })
  await eventually('it is not called any more', async () => {
    const [served, answers] = [leaver.served, calls.answers]
    await eventually('more', () => calls.answers > answers + 20)
    return leaver.served === served
  })
  await leaver.instance.drain()
  await new Promise<void>(resolve => leaver.server.tryShutdown(() => resolve()))
  const answers = calls.answers
  await eventually('all goes on', () => calls.answers > answers + 20)
  await calls.stop()
  t.same(calls.failures, [])
})

t.test('grpc: a killed instance fails at most the calls that are under way there', async t => {
  const { registry, backend } = await stage(t)
  const scheme = schemeOf(t)
  registerNdsrResolver(registry, { scheme })
  const [victim, other] = [await backend(), await backend()]
  const client = caller(t, `${scheme}://${PATH}`)
  await answeredBy(client, victim.port, other.port)
  const kept = deferred<void>()
  victim.gate = kept.promise
  t.teardown(() => kept.resolve())
  const before = victim.served
  const calls = Array.from({ length: 10 }, () => client.call())
  await eventually('half of them are there', () => victim.served === before + 5)
  victim.server.forceShutdown()
  const outcomes = await Promise.allSettled(calls)
  t.equal(outcomes.filter(({ status }) => status === 'rejected').length, 5, 'those that were under way')
  t.same(await answering(client), [other.port], 'all others are answered, although it is still registered')
  const back = await backend()
  await victim.instance.dispose()
  await eventually('another takes its place', async () => (await answering(client)).includes(back.port))
})

t.test('grpc: without instances calls fail as unavailable, and succeed again with the next one', async t => {
  const { registry, backend } = await stage(t)
  const scheme = schemeOf(t)
  registerNdsrResolver(registry, { scheme })
  const client = caller(t, `${scheme}://${PATH}`)
  const refusal = { code: status.UNAVAILABLE, details: /\/app\/echo: there is no instance/ }
  await t.rejects(client.call(), refusal)
  const first = await backend()
  await eventually('it serves', () => client.call().catch(() => null))
  await first.instance.drain()
  await eventually('refused', () =>
    client.call().then(
      () => null,
      ({ code }) => code === status.UNAVAILABLE,
    ),
  )
  await t.rejects(client.call(), refusal, 'also where there were some before')
  const second = await backend()
  await eventually('it serves', async () => (await client.call().catch(() => 0)) === second.port)
})

t.test('grpc: a list that is suddenly empty is not believed at once', async t => {
  const { registry, backend } = await stage(t)
  const scheme = schemeOf(t)
  registerNdsrResolver(registry, { scheme, minInstances: 1, holdDown: Number.POSITIVE_INFINITY })
  const first = await backend()
  const client = caller(t, `${scheme}://${PATH}`)
  t.equal(await client.call(), first.port)
  using view = registry.discover(PATH)
  await first.instance.dispose()
  await eventually('gone', () => view.asOf !== null && view.instances.length === 0)
  for (let i = 0; i < 10; i++) t.equal(await client.call(), first.port)
})

t.test('grpc: while ZooKeeper is down the addresses stay, and change with the connection', async t => {
  const { zookeeper, registry, backend } = await stage(t)
  const scheme = schemeOf(t)
  registerNdsrResolver(registry, { scheme })
  const [first, second] = [await backend(), await backend()]
  const client = caller(t, `${scheme}://${PATH}`)
  const both = [first.port, second.port].sort()
  await answeredBy(client, ...both)
  await zookeeper.freeze()
  t.same(await answering(client), both)
  await zookeeper.thaw()
  await zookeeper.restart()
  await second.instance.dispose().catch(() => {})
  await eventually('only the first', async () => (await answering(client)).join() === String(first.port))
})

t.test('grpc: a channel that was idle follows the instances anew', async t => {
  const { registry, backend } = await stage(t)
  const scheme = schemeOf(t)
  registerNdsrResolver(registry, { scheme })
  const first = await backend()
  const client = caller(t, `${scheme}://${PATH}`, { 'grpc.client_idle_timeout_ms': 1000 })
  t.equal(await client.call(), first.port)
  const channel = client.client.getChannel()
  await eventually('idle', () => channel.getConnectivityState(false) === 0)
  const second = await backend()
  await first.instance.dispose()
  using view = registry.discover(PATH)
  await eventually('moved', () => view.instances[0]?.port === second.port)
  t.equal(await client.call(), second.port)
})

t.test('grpc: service configs: of the resolver, of the channel, or round robin', async t => {
  const { registry, backend } = await stage(t)
  const [first, second] = [await backend({ sslPort: 1 }), await backend()]
  const both = [first.port, second.port].sort()
  const pickFirst = { loadBalancingConfig: [{ pick_first: {} }] }
  const channel = { 'grpc.service_config': JSON.stringify(pickFirst) }
  registerNdsrResolver(registry, { scheme: 'plain' })
  t.equal((await answering(caller(t, `plain://${PATH}`, channel))).length, 1, 'the one of the channel')
  const none = { 'grpc.service_config_disable_resolution': 1 }
  t.equal((await answering(caller(t, `plain://${PATH}`, none))).length, 1, 'none: pick_first of gRPC')
  registerNdsrResolver(registry, { scheme: 'first', serviceConfig: pickFirst })
  t.equal((await answering(caller(t, `first://${PATH}`))).length, 1, 'the one of the resolver')
  registerNdsrResolver(registry, { scheme: 'round', serviceConfig: {} })
  const round = caller(t, `round://${PATH}`, channel)
  // The one of the resolver goes before that of the channel.
  await answeredBy(round, ...both)
  const methodConfig = [{ name: [{ service: 'test.Echo' }], timeout: '0.2s' }]
  registerNdsrResolver(registry, { scheme: 'hasty', serviceConfig: { methodConfig } })
  const kept = deferred<void>()
  for (const backend of [first, second]) backend.gate = kept.promise
  // Without the config it would wait for longer than the test may take.
  await t.rejects(caller(t, `hasty://${PATH}`).call(600_000), { code: status.DEADLINE_EXCEEDED })
  kept.resolve()
})
