// Instances in the formats of others on a real server: registered, changed, drained and taken away.
import { Buffer } from 'node:buffer'
import { FORMAT_NAMES } from '../../../src/registry/formats/by-name.ts'
import { concurrently } from '../../support/concurrently.ts'
import { eventually } from '../../support/eventually.ts'
import { serverForAnySession } from '../../support/zookeeper.ts'
import { t } from '../../tap.ts'
import { errorOf, renewed } from '../protocol/support.ts'
import { branch, ownerOf, proxiedRegistry, registryAt, settled } from './support.ts'

const { connectString: at } = await serverForAnySession(t)

const test = concurrently({ jobs: 8, timeout: 120_000 })

const host = { host: '10.0.0.1', port: 80 }

for (const format of FORMAT_NAMES) {
  test(`register: ${format}: ephemeral, discovered, changed and taken away`, async t => {
    const { servers, witness } = await branch(t, at)
    const registry = await registryAt(t, servers)
    const other = await registryAt(t, servers)
    using view = other.discover('/app/web', { format })
    await view.ready
    t.same(view.instances, [])
    const mine = await registry.register('/app/web', { ...host, zone: 'a', data: { k: 'v' } }, { format })
    t.equal(await ownerOf(witness, mine.path!), registry.client.sessionId)
    await eventually('it is there', () => view.instances.length === 1)
    t.match(view.instances, [
      { id: mine.instance.id, name: 'web', ...host, zone: 'a', enabled: true, data: { k: 'v' } },
    ])
    await mine.update({ weight: 7, data: { k: 'w' } })
    await eventually('the change', () => view.instances.length === 1 && view.instances[0]!.weight === 7)
    t.match(view.instances[0], { data: { k: 'w' }, zone: 'a' })
    await mine.update({ enabled: false })
    await eventually('it is not picked', () => view.pick() === null)
    t.equal(view.instances.length, 1)
    await mine.update({ enabled: true })
    await eventually('it is picked', () => view.pick()?.id === mine.instance.id)
    await mine.dispose()
    await mine.dispose()
    await eventually('it is gone', () => view.instances.length === 0)
    t.match(await errorOf(mine.update({ weight: 1 })), { code: 'STOPPED' })
    await registry.register('/app/web', host, { format })
  })

  test(`register: ${format}: back after an expiry and a deletion, with the newest data, once`, async t => {
    const { registry, witness } = await proxiedRegistry(t, at)
    using view = registry.discover('/app/web', { format })
    const mine = await registry.register('/app/web', host, { format })
    await mine.update({ weight: 7 })
    const stands = async (): Promise<boolean> => {
      const owner = mine.path === null ? undefined : await ownerOf(witness, mine.path)
      return owner !== undefined && owner === registry.client.sessionId
    }
    for (let round = 0; round < 2; round++) {
      await renewed(registry.client, at)
      await eventually('of this session', stands)
    }
    await witness.delete(mine.path!)
    await eventually('after a deletion', stands)
    await eventually('the view', () => view.instances.length === 1 && view.instances[0]!.weight === 7)
    await settled(registry)
    const folder = mine.path!.slice(0, mine.path!.lastIndexOf('/'))
    t.equal((await witness.getChildren(folder)).children.length, 1)
  })
}

test('register: serverset: a stranger who changes or deletes a member is corrected', async t => {
  const { servers, witness } = await branch(t, at)
  const registry = await registryAt(t, servers)
  const mine = await registry.register('/set', host, { format: 'serverset' })
  const { data } = await witness.get(mine.path!)
  await witness.set(mine.path!, 'nonsense')
  await eventually(
    'corrected',
    async () => Buffer.compare((await witness.get(mine.path!)).data!, data!) === 0,
  )
  const before = mine.path!
  await witness.delete(before)
  await eventually('another number', async () => mine.path !== before && (await witness.exists(mine.path!)))
})

test('register: dubbo: the new name stands before the old one goes', async t => {
  const { servers, witness } = await branch(t, at)
  const registry = await registryAt(t, servers)
  const mine = await registry.register('/dubbo/com.A', host, { format: 'dubbo' })
  const counts: number[] = []
  await witness.getChildren('/dubbo/com.A/providers')
  const stop = new AbortController()
  const stream = (async () => {
    for await (const _ of witness.watch('/dubbo/com.A/providers', { recursive: true, signal: stop.signal })) {
      counts.push((await witness.getChildren('/dubbo/com.A/providers')).children.length)
    }
  })()
  await eventually('armed', () => counts.length > 0)
  for (let weight = 1; weight <= 5; weight++) await mine.update({ weight })
  await settled(registry)
  await eventually('all told', () => counts.length >= 11)
  stop.abort()
  await stream.catch(() => {})
  t.notOk(counts.includes(0), String(counts))
  t.equal((await witness.getChildren('/dubbo/com.A/providers')).children.length, 1)
  // Back to a name of before.
  await mine.update({ weight: 1 })
  await mine.update({ weight: 2 })
  await mine.update({ weight: 1 })
  t.equal((await witness.getChildren('/dubbo/com.A/providers')).children.length, 1)
})

test('register: changes at one time are written in their order', async t => {
  const { servers } = await branch(t, at)
  const registry = await registryAt(t, servers)
  using view = registry.discover('/dubbo/com.A', { format: 'dubbo' })
  const mine = await registry.register('/dubbo/com.A', host, { format: 'dubbo' })
  await Promise.all([3, 1, 2].map(weight => mine.update({ weight })))
  await eventually('the last one', () => view.instances.length === 1 && view.instances[0]!.weight === 2)
  await Promise.all([mine.update({ weight: 9 }), mine.dispose()])
  await eventually('gone', () => view.instances.length === 0)
})

test('register: drain gives notice, waits, and leaves', async t => {
  const { servers, witness } = await branch(t, at)
  const registry = await registryAt(t, servers)
  const other = await registryAt(t, servers)
  using view = other.discover('/app/web')
  const mine = await registry.register('/app/web', host)
  await eventually('it is there', () => view.pick())
  const stop = new AbortController()
  const drained = errorOf(mine.drain({ wait: 30_000, signal: stop.signal }))
  await eventually('notice', () => view.pick() === null && view.instances[0]?.enabled === false)
  stop.abort(new Error('enough'))
  t.match(await drained, { message: 'enough' })
  t.ok(await witness.exists('/app/web/10.0.0.1:80'), 'it is still registered')
  await mine.drain({ wait: 0 })
  t.notOk(await witness.exists('/app/web/10.0.0.1:80'))
  t.match(await errorOf(mine.drain({ wait: -1 })), { code: 'INVALID_OPTION' })
})

test('register: what fails is taken back', async t => {
  const { servers, witness } = await branch(t, at)
  const registry = await registryAt(t, servers)
  await witness.create('/web/10.0.0.1:80', 'x', { mode: 'ephemeral', parents: true })
  t.match(await errorOf(registry.register('/web', host, { timeout: 10_000 })), { code: 'OWNED_BY_OTHER' })
  await witness.delete('/web/10.0.0.1:80')
  await settled(registry)
  t.notOk(await witness.exists('/web/10.0.0.1:80'), 'nobody waits for it any more')
  await registry.register('/web', host)
  t.match(await errorOf(registry.register('/web', host)), { code: 'TYPE_CONFLICT' })
  const stop = new AbortController()
  stop.abort(new Error('no'))
  t.match(await errorOf(registry.register('/web', { host: 'h' }, { signal: stop.signal })), { message: 'no' })
  t.same((await witness.getChildren('/web')).children, ['10.0.0.1:80'])
})

test('register: bad arguments', async t => {
  const { servers, witness } = await branch(t, at)
  const registry = await registryAt(t, servers)
  const readOnly = await registryAt(t, servers, { readOnly: true })
  const big = { k: 'x'.repeat(2 * 1024 * 1024) }
  for (const format of ['curator', 'serverset'] as const) {
    t.match(await errorOf(registry.register('/a', { ...host, data: big }, { format })), {
      code: 'INVALID_DATA',
    })
  }
  t.match(await errorOf(registry.register('/', host)), { code: 'INVALID_OPTION' })
  t.match(await errorOf(registry.register('relative', host)), { name: 'InvalidPathError' })
  t.match(await errorOf(registry.register('/a', host, { format: 'x' as never })), { code: 'INVALID_OPTION' })
  t.match(await errorOf(registry.register('/a', { port: 1 } as never)), { code: 'INVALID_DATA' })
  t.match(await errorOf(readOnly.register('/a', host)), { code: 'READ_ONLY' })
  t.throws(() => registry.discover('relative'), { name: 'InvalidPathError' })
  const mine = await registry.register('/a', host)
  t.match(await errorOf(mine.update({ host: 'other' })), { code: 'INVALID_DATA' })
  t.match(await errorOf(mine.update({ weight: -1 })), { code: 'INVALID_DATA' })
  t.same(mine.instance.weight, 1)
  t.same((await witness.getChildren('/a')).children, ['10.0.0.1:80'])
  await registry[Symbol.asyncDispose]()
  t.match(await errorOf(registry.register('/a', host)), { code: 'STOPPED' })
  t.throws(() => registry.discover('/a'), { code: 'STOPPED' })
  t.match(await errorOf(mine.update({ weight: 2 })), { code: 'STOPPED' })
  await mine.dispose()
})

test('register: again at once, while what was before is still taken away', async t => {
  const { servers, witness } = await branch(t, at)
  const registry = await registryAt(t, servers)
  const warnings: unknown[] = []
  registry.on('warning', warning => warnings.push(warning))
  let mine = await registry.register('/web', host)
  for (let round = 0; round < 20; round++) {
    const leaving = mine.dispose()
    mine = await registry.register('/web', { ...host, weight: round + 2 })
    await leaving
  }
  t.same(warnings, [])
  t.match((await witness.get('/web/10.0.0.1:80')).data?.toString(), /"weight":21/)
  await mine.dispose()
  t.notOk(await witness.exists('/web/10.0.0.1:80'))
})
