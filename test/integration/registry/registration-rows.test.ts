// What the Python package does with registrations, row by row, and what is put right.
import { OpCode } from '../../../protocol/opcodes.ts'
import type { ServiceRegistry } from '../../../src/registry/service-registry.ts'
import { concurrently } from '../../support/concurrently.ts'
import { eventually } from '../../support/eventually.ts'
import { serverForAnySession } from '../../support/zookeeper.ts'
import { t } from '../../tap.ts'
import { errorOf, renewed } from '../protocol/support.ts'
import {
  branch,
  dataOf,
  obstructed,
  ownedBy,
  ownerOf,
  proxiedRegistry,
  registryAt,
  settled,
  takeDown,
} from './support.ts'

const { connectString: at } = await serverForAnySession(t)

const test = concurrently({ jobs: 6, timeout: 120_000 })

function statusOf(registry: ServiceRegistry, path: string): unknown {
  return registry.registrations().find(status => status.path === path)
}

test('N49: no connection comes before read-only', async t => {
  const { registry, proxy } = await proxiedRegistry(t, at, { readOnly: true })
  const calls = (): Promise<unknown>[] => [
    registry.setNode('/a'),
    registry.setData('/a'),
    registry.unset('/a'),
  ]
  for (const call of calls()) t.match(await errorOf(call), { name: 'ReadOnlyError', code: 'READ_ONLY' })
  await takeDown(registry, proxy)
  for (const call of calls())
    t.match(await errorOf(call), { name: 'NoConnectionError', code: 'NO_CONNECTION' })
})

test('N50: another type is an error, until the path is unset', async t => {
  const { servers, witness } = await branch(t, at)
  const registry = await registryAt(t, servers)
  await registry.setNode('/a', { n: 1 })
  t.match(await errorOf(registry.setData('/a', { n: 2 })), { code: 'TYPE_CONFLICT' })
  await registry.setNode('/a', undefined, { state: false })
  t.match(await errorOf(registry.setData('/a', { n: 2 })), { code: 'TYPE_CONFLICT' }, 'also while it is off')
  await registry.unset('/a')
  await registry.setData('/a', { n: 2 })
  t.match(await errorOf(registry.setNode('/a', { n: 3 })), { code: 'TYPE_CONFLICT' })
  t.match(await dataOf(witness, '/a'), { n: 2 })
})

test('N51: an unset that nobody waits for any more is carried out, and leaves nothing behind', async t => {
  const { registry, proxy, witness } = await proxiedRegistry(t, at)
  await registry.setNode('/a', { n: 1 })
  proxy.set({ kind: 'stall', direction: 'both' })
  t.match(await errorOf(registry.unset('/a', { timeout: 50 })), { code: 'NO_CONNECTION' })
  proxy.set({ kind: 'pass' })
  await eventually('it is gone', async () => (await witness.exists('/a')) === null)
  await eventually('it is forgotten', () => registry.registrations().length === 0)
  await registry.setData('/a', { n: 2 })
})

test('N51: unset of what is not ours deletes nothing and leaves nothing behind', async t => {
  const { servers, witness } = await branch(t, at)
  const registry = await registryAt(t, servers)
  await witness.create('/theirs', 'x')
  t.equal(await registry.unset('/theirs'), false)
  t.ok(await witness.exists('/theirs'))
  t.strictSame(registry.registrations(), [])
  t.equal(await registry.unset('/theirs', { force: true }), true)
  await registry.setNode('/theirs', { n: 1 })
  t.equal(await ownerOf(witness, '/theirs'), registry.client.sessionId, 'ephemeral, not persistent')
})

test('N52: the outcome is told, and the repair goes on', async t => {
  const { servers, witness } = await branch(t, at)
  const registry = await registryAt(t, servers)
  await witness.create('/closed', null, { acl: [{ perms: 17, id: { scheme: 'world', id: 'anyone' } }] })
  t.match(await errorOf(registry.setNode('/closed/a')), { code: 'NO_AUTH' })
  t.match(await errorOf(registry.setData('/closed/b')), { code: 'NO_AUTH' })
  await witness.setAcl('/closed', [{ perms: 31, id: { scheme: 'world', id: 'anyone' } }])
  await ownedBy(witness, '/closed/a', registry)
  t.equal(await witness.exists('/closed/b'), null, 'a data node is written when it is asked for')
})

test('N53: switched on with new data is one write; undefined keeps, null clears', async t => {
  const { servers, witness } = await branch(t, at)
  const registry = await registryAt(t, servers)
  for (const [path, set] of [
    ['/node', (...rest: [unknown?, object?]) => registry.setNode('/node', ...(rest as [null]))],
    ['/data', (...rest: [unknown?, object?]) => registry.setData('/data', ...(rest as [null]))],
  ] as const) {
    await set({ n: 1 })
    await set(undefined, { state: false })
    t.equal(await witness.exists(path), null)
    await set({ n: 2 }, { state: true })
    t.equal((await witness.exists(path))?.version, 0, `${path}: one write`)
    t.match(await dataOf(witness, path), { n: 2 })
    await set(undefined, { state: false })
    t.match(statusOf(registry, path), { state: false, data: { n: 2 } })
    await set(undefined)
    t.match(await dataOf(witness, path), { n: 2 }, `${path}: state false keeps the data`)
    await set()
    t.equal((await witness.exists(path))?.version, 0, `${path}: nothing to write`)
    await set(null)
    t.strictSame(Object.keys((await dataOf(witness, path)) ?? {}), ['pid', 'created'], `${path}: cleared`)
  }
})

test('N54: equal data is not written again, and data that is off is not written', async t => {
  const { servers, witness } = await branch(t, at)
  const registry = await registryAt(t, servers)
  await registry.setNode('/a', { n: 1 }, { state: false })
  await registry.setData('/b', { n: 1 }, { state: false })
  t.equal(await witness.exists('/a'), null)
  t.equal(await witness.exists('/b'), null)
  await registry.setNode('/a', { n: 1 })
  await registry.setNode('/a', { n: 1 })
  t.equal((await witness.exists('/a'))?.version, 0)
})

test('N55: what is set can be asked for, with its state', async t => {
  const { servers, witness } = await branch(t, at)
  const registry = await registryAt(t, servers)
  await witness.create('/taken', null, { mode: 'ephemeral' })
  const given = { n: 1, list: [1] }
  await registry.setNode('/b', given)
  given.list.push(2)
  await registry.setData('/a', 'text')
  t.match(await obstructed(registry, '/taken', null), { code: 'OWNED_BY_OTHER' })
  t.strictSame(registry.registrations(), [
    { path: '/a', kind: 'data', state: true, data: 'text', standing: 'settled' },
    { path: '/b', kind: 'node', state: true, data: { n: 1, list: [1] }, standing: 'settled' },
    { path: '/taken', kind: 'node', state: true, data: null, standing: 'blocked' },
  ])
  for (const path of ['/a', '/b', '/taken']) await registry.unset(path)
  t.strictSame(registry.registrations(), [])
})

test('N56: of many nodes in a new folder one makes the folder', async t => {
  const { registry, witness, requests } = await proxiedRegistry(t, at)
  await Promise.all(Array.from({ length: 50 }, (_, n) => registry.setNode(`/x/y/pool/${n}`)))
  t.equal((await witness.getChildren('/x/y/pool')).children.length, 50)
  const creations = requests.filter(({ opcode }) => opcode === OpCode.create || opcode === OpCode.create2)
  t.ok(creations.length <= 2 * 50 + 10, `${creations.length} creations`)
})

test('N58: a registration comes back in the next session, with the newest data', async t => {
  const { registry, witness } = await proxiedRegistry(t, at)
  await registry.setNode('/a', { n: 1 })
  await registry.setNode('/a', { n: 2 })
  await renewed(registry.client, at)
  await ownedBy(witness, '/a', registry)
  t.match(await dataOf(witness, '/a'), { n: 2 })
})

test('N63: a data node is written once', async t => {
  const { registry, witness, requests } = await proxiedRegistry(t, at)
  await registry.setData('/a', { n: 1 })
  t.equal((await witness.exists('/a'))?.version, 0)
  t.equal(requests.filter(({ opcode }) => opcode === OpCode.setData).length, 0)
})

test('N64: a data node follows what others write, and the old value is written again on request', async t => {
  const { servers, witness } = await branch(t, at)
  const registry = await registryAt(t, servers)
  await registry.setData('/a', { n: 1 })
  await witness.set('/a', '{"pid":1,"created":"x","n":"theirs"}')
  await eventually('followed', () => JSON.stringify(statusOf(registry, '/a')).includes('theirs'))
  t.match(statusOf(registry, '/a'), { state: true, data: { n: 'theirs' } })
  await witness.set('/a', '{"pid":1,"string_value":"text"}')
  await eventually('a lone text', () => (statusOf(registry, '/a') as { data: unknown }).data === 'text')
  const { version } = (await witness.exists('/a'))!
  await registry.setData('/a')
  t.equal((await witness.exists('/a'))?.version, version, 'without data it is left as it is')
  await registry.setData('/a', { n: 1 })
  t.match(await dataOf(witness, '/a'), { n: 1 })
})

test('N65: a data node that somebody deletes stays away, and its data with it', async t => {
  const { registry, witness } = await proxiedRegistry(t, at)
  await registry.setData('/a', { n: 1 })
  await settled(registry)
  await witness.delete('/a')
  await eventually('noticed', () => (statusOf(registry, '/a') as { state: boolean }).state === false)
  await renewed(registry.client, at)
  await settled(registry)
  t.equal(await witness.exists('/a'), null)
  await registry.setData('/a')
  t.strictSame(Object.keys((await dataOf(witness, '/a')) ?? {}), ['pid', 'created'])
})

test('N66: a node without bytes holds no data', async t => {
  const { servers, witness } = await branch(t, at)
  const registry = await registryAt(t, servers)
  await registry.setData('/a', { n: 1 })
  await witness.set('/a', null)
  await eventually('followed', () => (statusOf(registry, '/a') as { data: unknown }).data === null)
  t.match(statusOf(registry, '/a'), { state: true, data: null })
})
