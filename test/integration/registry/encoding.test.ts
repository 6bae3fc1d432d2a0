// The forms of data against a real server: what stands there byte for byte, and what is written again.
import { Buffer } from 'node:buffer'
import { z } from 'zod'
import type { ZooKeeper } from '../../../protocol/index.ts'
import { OpCode } from '../../../protocol/opcodes.ts'
import type { ServiceRegistry } from '../../../src/registry/service-registry.ts'
import { concurrently } from '../../support/concurrently.ts'
import { eventually } from '../../support/eventually.ts'
import { serverForAnySession } from '../../support/zookeeper.ts'
import { t } from '../../tap.ts'
import { errorOf, renewed } from '../protocol/support.ts'
import { branch, dataOf, loseReply, ownedBy, proxiedRegistry, registryAt, settled } from './support.ts'

const { connectString: at } = await serverForAnySession(t)

const test = concurrently({ jobs: 4, timeout: 120_000 })

async function textOf(zk: ZooKeeper, path: string): Promise<string> {
  return Buffer.from((await zk.get(path)).data ?? []).toString()
}

async function versionOf(zk: ZooKeeper, path: string): Promise<number | undefined> {
  return (await zk.exists(path))?.version
}

function statusOf(registry: ServiceRegistry, path: string): unknown {
  return registry.registrations().find(status => status.path === path)?.data
}

const UTC = /^\{"pid":\d+,"created":"[^"]+","created_utc":"[\d-]+T[\d:]+Z","n":1\}$/

test('N21: envelope utc adds a key to nodes and data, also when they come back, and to nobody but readers of bytes', async t => {
  const { servers, witness } = await branch(t, at)
  const registry = await registryAt(t, servers, { envelope: 'utc' })
  const schema = z.strictObject({ n: z.number() })
  await registry.setNode('/node', { n: 1 }, { schema })
  await registry.setData('/data', { n: 1 }, { schema })
  for (const path of ['/node', '/data']) {
    t.match(await textOf(witness, path), UTC)
    t.same(statusOf(registry, path), { n: 1 })
    t.match(await registry.get(path, { schema }), { data: { n: 1 } })
  }
  const before = await textOf(witness, '/node')
  await registry.setNode('/node', { n: 1 })
  await registry.setData('/data', { n: 1 })
  t.strictSame(
    [await versionOf(witness, '/node'), await versionOf(witness, '/data')],
    [0, 0],
    'not written again',
  )
  await renewed(registry.client, servers)
  await ownedBy(witness, '/node', registry)
  t.equal(await textOf(witness, '/node'), before)
  await registry.rebuild()
  t.match(await textOf(witness, '/node'), UTC)
  await registry.setData('/data', undefined, { state: false })
  await registry.setData('/data')
  t.match(await textOf(witness, '/data'), UTC)
})

test('N21: a node of another form is written again once; another time in the same form is not', async t => {
  const { servers, witness } = await branch(t, at)
  const registry = await registryAt(t, servers)
  await registry.setNode('/node', { n: 1 })
  t.notMatch(await textOf(witness, '/node'), /utc/, 'not unless asked for')
  await registry.setNode('/node', { n: 1 }, { envelope: 'utc' })
  t.match(await textOf(witness, '/node'), UTC)
  const ours = await textOf(witness, '/node')
  const other = '{"pid":1,"created":"2001-01-01 00:00:00","created_utc":"2001-01-01T00:00:00Z","n":1}'
  await witness.set('/node', other)
  await settled(registry)
  t.equal(await textOf(witness, '/node'), other)
  await witness.set('/node', '{"pid":1,"created":"2001-01-01 00:00:00","n":1}')
  await eventually('corrected', async () => (await textOf(witness, '/node')) === ours)
  await registry.setNode('/node', undefined, { state: false })
  await registry.setNode('/node')
  t.match(await textOf(witness, '/node'), UTC, 'the form is kept with the data')
  await registry.setNode('/node', { n: 1 })
  t.notMatch(await textOf(witness, '/node'), /utc/, 'and goes with it')
})

test('N23: envelope none writes a string as it is, once, and an object as its JSON', async t => {
  const { servers, witness } = await branch(t, at)
  const registry = await registryAt(t, servers, { envelope: 'none' })
  for (const [i, text] of ['text', ' sch\u00f6n\n', '', '{"a":1}'].entries()) {
    const path = `/data-${i}`
    for (let round = 0; round < 2; round++) await registry.setData(path, text)
    t.equal(await textOf(witness, path), text)
    t.equal(await versionOf(witness, path), 0, 'not written again')
    await registry.setData(path, undefined, { state: false })
    t.equal(await witness.exists(path), null)
    await registry.setData(path)
    t.equal(await textOf(witness, path), text, 'put back as it was')
  }
  t.equal(statusOf(registry, '/data-1'), ' sch\u00f6n\n')
  await registry.setNode('/node', { pid: 5, n: 1 })
  t.equal(await textOf(witness, '/node'), '{"pid":5,"n":1}')
  await registry.setNode('/node', 'text')
  await registry.setNode('/node', 'text')
  t.equal(await textOf(witness, '/node'), 'text')
  t.equal(await versionOf(witness, '/node'), 1)
  await witness.set('/node', '{"pid":1,"created":"2001-01-01 00:00:00","string_value":"text"}')
  await eventually('corrected', async () => (await textOf(witness, '/node')) === 'text')
  await renewed(registry.client, servers)
  await ownedBy(witness, '/node', registry)
  t.equal(await textOf(witness, '/node'), 'text')
  t.match((await registry.get('/node')).data, { string_value: 'text' })
})

test('N23: one that takes over from the Python form writes once', async t => {
  const { servers, witness } = await branch(t, at)
  const registry = await registryAt(t, servers)
  await witness.create('/data', '{"pid":1,"created":"2001-01-01 00:00:00","string_value":"text"}')
  await registry.setData('/data', 'text')
  t.equal(await versionOf(witness, '/data'), 0)
  for (let round = 0; round < 2; round++) await registry.setData('/data', 'text', { envelope: 'none' })
  t.equal(await textOf(witness, '/data'), 'text')
  t.equal(await versionOf(witness, '/data'), 1)
})

test('N24: bytes are written raw, kept, compared and put back as they are', async t => {
  const { servers, witness } = await branch(t, at)
  const registry = await registryAt(t, servers)
  const bytes = Uint8Array.from([0, 0xff, 0x7b, 0x20])
  const expected = Buffer.from(bytes)
  const standing = async (path: string): Promise<boolean> => {
    const node = await witness.get(path).catch(() => null)
    return node !== null && expected.equals(node.data ?? Buffer.of())
  }
  const writes = [
    registry.setNode('/node', bytes, { raw: true }),
    registry.setData('/data', bytes, { raw: true }),
  ]
  bytes.fill(1)
  await Promise.all(writes)
  for (const path of ['/node', '/data']) {
    t.ok(await standing(path), 'as they were when given')
    t.same(statusOf(registry, path), new Uint8Array(expected))
  }
  await registry.setNode('/node', expected, { raw: true })
  await registry.setData('/data', expected, { raw: true })
  t.strictSame([await versionOf(witness, '/node'), await versionOf(witness, '/data')], [0, 0])
  await witness.set('/node', 'other')
  await eventually('corrected', () => standing('/node'))
  await witness.delete('/node')
  await eventually('back', () => standing('/node'))
  for (const set of ['setNode', 'setData'] as const) {
    const path = set === 'setNode' ? '/node' : '/data'
    await registry[set](path, undefined, { state: false })
    await registry[set](path)
    t.ok(await standing(path), 'put back')
    t.match(await errorOf(registry[set](path, undefined, { state: false, envelope: 'utc' })), {
      code: 'INVALID_DATA',
    })
    t.ok(await standing(path), 'what could not be put back is not taken away')
    await registry[set](path, null, { raw: true })
    t.equal(await textOf(witness, path), '')
  }
})

test('N24: bytes without raw, raw without bytes and contradictions are typed errors, and nothing is sent', async t => {
  const { registry, requests } = await proxiedRegistry(t, at)
  const sent = requests.length
  for (const set of ['setNode', 'setData'] as const) {
    t.match(await errorOf(registry[set]('/a', Buffer.from('x'))), { code: 'INVALID_DATA', message: /raw/ })
    t.match(await errorOf(registry[set]('/a', 'x', { raw: true })), { code: 'INVALID_DATA' })
    const both = { raw: true, envelope: 'none' } as const
    t.match(await errorOf(registry[set]('/a', Buffer.from('x'), both)), { code: 'INVALID_OPTION' })
    t.match(await errorOf(registry[set]('/a', 'x', { envelope: 'no' } as never)), { code: 'INVALID_OPTION' })
    const large = registry[set]('/a', new Uint8Array(2 ** 21), { raw: true })
    t.match(await errorOf(large), { code: 'INVALID_DATA', message: /limit/ })
  }
  t.equal(requests.length, sent)
  t.strictSame(registry.registrations(), [])
})

test('N21, N23, N24: a reply that is lost costs no second write, in any form', async t => {
  const { registry, proxy, witness } = await proxiedRegistry(t, at)
  const forms = [
    ['/utc', { n: 1 }, { envelope: 'utc' }],
    ['/none', ' text', { envelope: 'none' }],
    ['/raw', Uint8Array.of(0xff), { raw: true }],
  ] as const
  for (const [path, data, options] of forms) {
    await registry.setData(path, 'before')
    const lost = loseReply(proxy, OpCode.setData)
    await registry.setData(path, data, options)
    t.equal(lost(), 1)
    t.equal(await versionOf(witness, path), 1)
    proxy.filter(() => 'pass')
  }
  t.match(await dataOf(witness, '/utc'), { n: 1 })
})

test('N21: data that the caller changes after the call is written as it was', async t => {
  const { servers, witness } = await branch(t, at)
  const registry = await registryAt(t, servers)
  const data = { n: 1 }
  const writes = [registry.setData('/data', data), registry.setNode('/node', data)]
  data.n = 2
  await Promise.all(writes)
  t.match(await dataOf(witness, '/data'), { n: 1 })
  t.match(await dataOf(witness, '/node'), { n: 1 })
})
