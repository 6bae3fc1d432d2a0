// Schemas against a real server: the types and checks of what is read, and of what is written.
import { z } from 'zod'
import { concurrently } from '../../support/concurrently.ts'
import { eventually } from '../../support/eventually.ts'
import { serverForAnySession } from '../../support/zookeeper.ts'
import { t } from '../../tap.ts'
import { errorOf } from '../protocol/support.ts'
import { branch, proxiedRegistry, registryAt } from './support.ts'

const { connectString: at } = await serverForAnySession(t)

const test = concurrently({ jobs: 4, timeout: 120_000 })

test('schema: types and checks of get, watch and callbacks; strangers hurt nobody', async t => {
  const { servers, witness } = await branch(t, at)
  const registry = await registryAt(t, servers)
  const warnings: { code?: unknown; path?: unknown }[] = []
  registry.on('warning', error => warnings.push(error as object))
  const schema = z.object({ state: z.enum(['on', 'off']) })
  const childSchema = z.object({ port: z.number() })
  await witness.create('/app', '{"state":"on"}')
  await witness.create('/app/a', '{"port":80}')
  await witness.create('/app/b', 'not JSON')
  const snapshot = await registry.get('/app', { schema, childData: true, childSchema })
  const state: 'on' | 'off' | undefined = snapshot.data?.state
  const port: number | undefined = snapshot.childData.a?.data?.port
  t.same([state, port], ['on', 80])
  t.match(snapshot.childData.b, { data: null, raw: { string_value: 'not JSON' }, invalid: [{}] })
  t.match(warnings, [{ code: 'INVALID_DATA', path: '/app/b' }])
  const seen: unknown[] = []
  await registry.addCallback('/app', ({ data, invalid }) => seen.push(data?.state ?? invalid?.length), {
    schema,
  })
  await witness.set('/app', '[1]')
  await eventually('told of the fault', () => seen.length === 2)
  await witness.set('/app', '{"state":"off"}')
  await eventually('recovered', () => seen.length === 3)
  t.same(seen, ['on', 1, 'off'])
  for await (const { data } of registry.watch('/app', { schema })) {
    t.equal(data?.state, 'off')
    break
  }
  t.match(await errorOf(registry.get('/app', { schema: 5 } as never)), { code: 'INVALID_OPTION' })
  t.match(await errorOf(registry.addCallback('/app', () => {}, { holdDown: -1 })), { code: 'INVALID_OPTION' })
  t.match(await errorOf(registry.watch('/app', { minInstances: -1 }).next()), { code: 'INVALID_OPTION' })
})

test('schema: what does not fit is not written, whatever stands there', async t => {
  const { registry, witness, requests } = await proxiedRegistry(t, at)
  const schema = z.object({ port: z.number() })
  await registry.setNode('/node', { port: 80 }, { schema })
  await registry.setData('/data', { port: 80 }, { schema })
  const before = requests.length
  t.match(await errorOf(registry.setNode('/node', { port: 'x' }, { schema })), {
    code: 'INVALID_DATA',
    path: '/node',
    issues: [{ path: ['port'] }],
  })
  t.match(await errorOf(registry.setData('/data', 'x', { schema })), { code: 'INVALID_DATA' })
  t.equal(requests.length, before)
  t.match((await registry.get('/data', { schema })).data, { port: 80 })
  await registry.setNode('/node', undefined, { schema })
  t.match((await witness.get('/node')).stat, { version: 0 })
})
