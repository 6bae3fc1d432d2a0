// Views on a real server: outage, expiry, flapping, and what hostile neighbours write.

import { concurrently } from '../../support/concurrently.ts'
import { eventually } from '../../support/eventually.ts'
import { serverForAnySession } from '../../support/zookeeper.ts'
import { t } from '../../tap.ts'
import { renewed } from '../protocol/support.ts'
import { branch, proxiedRegistry, registryAt } from './support.ts'

const { connectString: at } = await serverForAnySession(t)

const test = concurrently({ jobs: 8, timeout: 120_000 })

test('discover: nodes of the Python package and of setNode are instances', async t => {
  const { servers, witness } = await branch(t, at)
  const registry = await registryAt(t, servers)
  await registry.setNode('/web/server1:80', { type: 'x' })
  await witness.create('/web/server2:81', '{"pid": 1, "created": "2020-01-01 00:00:00", "a": 1}')
  await witness.create('/web/server3')
  using view = registry.discover('/web')
  await view.ready
  t.match(view.instances, [
    { id: 'server1:80', host: 'server1', port: 80, data: { type: 'x' }, attributes: { pid: process.pid } },
    { id: 'server2:81', data: { a: 1 }, attributes: { pid: 1 } },
    { id: 'server3', host: 'server3', port: null },
  ])
  t.match(view, { source: 'live', stale: false, path: '/web', service: 'web' })
  t.ok(view.asOf! <= new Date())
})

test('discover: a path that comes, goes, and comes back', async t => {
  const { servers, witness } = await branch(t, at)
  const registry = await registryAt(t, servers)
  using view = registry.discover('/app/web')
  await view.ready
  t.same([view.instances, view.pick(), view.stale], [[], null, false])
  for (let round = 0; round < 2; round++) {
    await witness.create('/app/web/h:1', '{}', { parents: true })
    await eventually('it is there', () => view.pick()?.id === 'h:1')
    await witness.delete('/app/web', { recursive: true })
    await eventually('it is gone', () => view.pick() === null)
  }
})

test('discover: while ZooKeeper is down the view stays, and catches up by itself', async t => {
  const { registry, witness, proxy } = await proxiedRegistry(t, at)
  for (const id of ['a:1', 'b:1']) await witness.create(`/web/${id}`, '{}', { parents: true })
  using view = registry.discover('/web')
  await view.ready
  const told: string[] = []
  for (const name of ['added', 'updated', 'removed'] as const) {
    view.on(name, ({ type, instance }) => told.push(`${type} ${instance.id}`))
  }
  proxy.set({ kind: 'refuse' })
  proxy.cut()
  await eventually('down', () => view.stale)
  t.equal(view.source, 'memory')
  await witness.delete('/web/a:1')
  await witness.create('/web/c:1', '{"weight":3}')
  t.same(new Set([view.pick()?.id, view.pick()?.id]), new Set(['a:1', 'b:1']))
  t.same(told, [])
  proxy.set({ kind: 'pass' })
  await eventually('up', () => !view.stale && told.length === 2)
  t.same(told, ['removed a:1', 'added c:1'], 'the net difference, and nothing else')
  told.length = 0
  await renewed(registry.client, at)
  await witness.create('/web/d:1', '{}')
  await eventually('a new session follows on', () => told.includes('added d:1'))
  t.same(told, ['added d:1'])
})

test('discover: a lazy registry without a server begins when there is one', async t => {
  const { servers, witness } = await branch(t, at)
  await witness.create('/web/a:1', '{}', { parents: true })
  const { proxyTo } = await import('../protocol/support.ts')
  const proxy = await proxyTo(t, at)
  proxy.set({ kind: 'refuse' })
  const chroot = servers.slice(servers.indexOf('/'))
  const registry = await registryAt(t, `${proxy.connectString}${chroot}`, { lazy: true, timeout: 300 })
  using view = registry.discover('/web')
  t.match(view, { source: 'memory', stale: true, asOf: null })
  t.equal(view.pick(), null)
  proxy.set({ kind: 'pass' })
  await view.ready
  t.equal(view.pick()?.id, 'a:1')
})

test('discover: all instances gone at once are not believed at once', async t => {
  const { servers, witness } = await branch(t, at)
  const registry = await registryAt(t, servers)
  for (const id of ['a:1', 'b:1']) await witness.create(`/web/${id}`, '{}', { parents: true })
  using wary = registry.discover('/web', { minInstances: 1, holdDown: Number.POSITIVE_INFINITY })
  using plain = registry.discover('/web')
  await Promise.all([wary.ready, plain.ready])
  await witness.delete('/web', { recursive: true })
  await eventually('gone', () => plain.instances.length === 0)
  await eventually('held', () => wary.stale)
  t.equal(wary.instances.length, 2)
  await witness.create('/web/c:1', '{}', { parents: true })
  await eventually('believed again', () => wary.instances.length === 1 && !wary.stale)
})

test('discover: instances that flap end as they are', async t => {
  const { servers, witness } = await branch(t, at)
  const registry = await registryAt(t, servers)
  await witness.create('/web')
  using view = registry.discover('/web')
  await view.ready
  const known = new Map<string, number>()
  const stop = new AbortController()
  const stream = (async () => {
    for await (const { type, instance } of view.changes({ signal: stop.signal })) {
      if (type === 'removed') known.delete(instance.id)
      else known.set(instance.id, instance.weight)
    }
  })()
  for (let round = 0; round < 30; round++) {
    await Promise.all(
      [1, 2, 3].map(async port => {
        await witness.create(`/web/h:${port}`, JSON.stringify({ weight: round + 2 }))
        if (round < 29 || port === 3) await witness.delete(`/web/h:${port}`)
      }),
    )
  }
  await eventually(
    'as it is',
    () => view.instances.map(({ id, weight }) => `${id}=${weight}`).join() === 'h:1=31,h:2=31',
  )
  await eventually('and so it was told', () => [...known].sort().join() === 'h:1,31,h:2,31')
  stop.abort()
  await stream
})

test('discover: hostile neighbours cost a warning each', async t => {
  const { servers, witness } = await branch(t, at)
  const registry = await registryAt(t, servers)
  const warnings: unknown[] = []
  registry.on('warning', warning => warnings.push(warning))
  await witness.create('/svc')
  await witness.create('/svc/text', 'no JSON')
  await witness.create('/svc/huge', 'x'.repeat(900_000))
  await witness.create('/svc/deep', `{"a":${'['.repeat(50_000)}${']'.repeat(50_000)}}`)
  await witness.create('/svc/types', '{"name":1,"id":{},"address":[]}')
  await witness.create('/svc/empty')
  using view = registry.discover('/svc', { format: 'curator' })
  await view.ready
  t.same(view.instances, [])
  t.equal(warnings.length, 5)
  for (const warning of warnings) t.match(warning, { code: 'INVALID_INSTANCE', path: '/svc' })
  await registry.register('/svc', { host: 'h', port: 1, id: 'good' }, { format: 'curator' })
  await eventually('the good one', () => view.pick()?.id === 'good')
  t.equal(warnings.length, 5)
})

test('discover: views end with the registry, and cost nothing afterwards', async t => {
  const { servers, witness } = await branch(t, at)
  const registry = await registryAt(t, servers)
  await witness.create('/web/a:1', '{}', { parents: true })
  const first = registry.discover('/web')
  const second = registry.discover('/web')
  await Promise.all([first.ready, second.ready])
  first.dispose()
  await witness.create('/web/b:1', '{}')
  await eventually('the other one goes on', () => second.instances.length === 2)
  t.equal(first.instances.length, 1)
  const stream = second.changes()
  for (let i = 0; i < 2; i++) await stream.next()
  const end = stream.next()
  await registry[Symbol.asyncDispose]()
  t.equal((await end).done, true)
  t.equal(second.instances.length, 2)
})
