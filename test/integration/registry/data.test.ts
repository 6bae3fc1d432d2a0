// Persistent data nodes against a real server: written once, left to others, never lost and never overtaken.

import { isDeepStrictEqual } from 'node:util'
import { serverErrors } from '../../../protocol/error-codes.ts'
import { readAcl } from '../../../protocol/index.ts'
import { OpCode } from '../../../protocol/opcodes.ts'
import { concurrently } from '../../support/concurrently.ts'
import { eventually } from '../../support/eventually.ts'
import { serverForAnySession } from '../../support/zookeeper.ts'
import { t } from '../../tap.ts'
import { errorOf, renewed } from '../protocol/support.ts'
import {
  branch,
  dataOf,
  loseReply,
  ownerOf,
  proxiedRegistry,
  refusal,
  registryAt,
  settled,
} from './support.ts'

const { connectString: at } = await serverForAnySession(t)

const test = concurrently({ jobs: 8, timeout: 120_000 })

test('setData writes a persistent node in one write, with its parents', async t => {
  const { servers, witness } = await branch(t, at)
  const registry = await registryAt(t, servers)
  await registry.setData('/config/app/db', { host: 'a' })
  const stat = (await witness.exists('/config/app/db'))!
  t.equal(stat.version, 0)
  t.equal(stat.ephemeralOwner, 0n)
  t.match(await dataOf(witness, '/config/app/db'), { pid: process.pid, host: 'a' })
  await registry.setData('/config/app', 'text')
  t.match(await dataOf(witness, '/config/app'), { string_value: 'text' })
})

test('the root of a chroot holds data, and is not taken away', async t => {
  const { servers, witness } = await branch(t, at)
  const registry = await registryAt(t, servers)
  await registry.setData('/', { n: 1 })
  const refused = { code: 'INVALID_OPTION', path: '/' }
  t.match(await errorOf(registry.unset('/')), refused)
  t.match(await errorOf(registry.unset('/', { force: true })), refused)
  t.match(await errorOf(registry.setData('/', { n: 1 }, { state: false })), refused)
  t.match(await dataOf(witness, '/'), { n: 1 })
  t.match(registry.registrations(), [{ path: '/', state: true, standing: 'settled' }])
})

test('equal data is not written again, whoever wrote it; other data is', async t => {
  const { servers, witness } = await branch(t, at)
  const registry = await registryAt(t, servers)
  const version = async (): Promise<number | undefined> => (await witness.exists('/a'))?.version
  await witness.create('/a', '{"pid":1,"created":"2001-01-01 00:00:00","n":1,"big":12345678901234567000}')
  await registry.setData('/a', { big: 12345678901234567000, n: 1 })
  t.equal(await version(), 0)
  await registry.setData('/a', { n: 2 })
  await registry.setData('/a', { n: 2 })
  t.equal(await version(), 1)
  await registry.setData('/a', { n: 2, pid: 5 })
  t.match(await dataOf(witness, '/a'), { pid: 5 }, 'what the caller says counts')
  await registry.setData('/a', null)
  t.same(Object.keys((await dataOf(witness, '/a')) ?? {}), ['pid', 'created'])
  await registry.setData('/a', {})
  t.equal(await version(), 3)
})

test('what others write is left alone, and written over by the next call', async t => {
  const { servers, witness } = await branch(t, at)
  const registry = await registryAt(t, servers)
  await registry.setData('/a', { n: 1 })
  await witness.set('/a', '{"n":"theirs"}')
  await renewed(registry.client, at)
  await settled(registry)
  t.match(await dataOf(witness, '/a'), { n: 'theirs' })
  await registry.setData('/a', { n: 1 })
  t.match(await dataOf(witness, '/a'), { n: 1 })
  await witness.delete('/a')
  await settled(registry)
  t.equal(await witness.exists('/a'), null, 'a deletion too')
})

test('of many writes at once the last one stays', async t => {
  const { registry, witness, proxy } = await proxiedRegistry(t, at)
  for (let round = 1; round <= 5; round++) {
    const lost = loseReply(proxy, round % 2 === 0 ? OpCode.setData : OpCode.create, OpCode.create2)
    const path = `/a${Math.ceil(round / 2)}`
    const writes = [1, 2, 3, 4].map(n => registry.setData(path, { n: round * 10 + n }))
    await Promise.all(writes)
    t.match(await dataOf(witness, path), { n: round * 10 + 4 }, `round ${round}, ${lost()} replies lost`)
  }
})

test('a lost reply of a write or a deletion is found out', async t => {
  const { registry, witness, proxy } = await proxiedRegistry(t, at)
  const created = loseReply(proxy, OpCode.create, OpCode.create2)
  await registry.setData('/a', { n: 1 })
  t.equal(created(), 1)
  t.equal((await witness.exists('/a'))?.version, 0, 'written once')
  const set = loseReply(proxy, OpCode.setData)
  await registry.setData('/a', { n: 2 })
  t.equal(set(), 1)
  t.equal((await witness.exists('/a'))?.version, 1, 'written once')
  const deleted = loseReply(proxy, OpCode.delete)
  t.equal(await registry.unset('/a'), true)
  t.equal(deleted(), 1)
  t.equal(await witness.exists('/a'), null)
})

test('unset deletes what this registry set, and only that', async t => {
  const { servers, witness } = await branch(t, at)
  const registry = await registryAt(t, servers)
  await registry.setData('/mine', { n: 1 })
  t.equal(await registry.unset('/mine'), true)
  t.equal(await witness.exists('/mine'), null)
  await registry.setData('/changed', { n: 1 })
  await witness.set('/changed', 'theirs')
  t.equal(await registry.unset('/changed'), false)
  t.ok(await witness.exists('/changed'))
  await witness.create('/same', '{"n":1}')
  await registry.setData('/same', { n: 1 })
  t.equal(await registry.unset('/same'), true, 'set here, though there was nothing to write')
  await registry.setData('/off', { n: 1 })
  await registry.setData('/off', null, { state: false })
  t.equal(await witness.exists('/off'), null)
  await registry.setNode('/off')
  t.equal(await ownerOf(witness, '/off'), registry.client.sessionId, 'the path is free for another type')
})

test('unset with force, while others write', async t => {
  const { servers, witness } = await branch(t, at)
  const registry = await registryAt(t, servers)
  await witness.create('/busy', '0')
  let writing = true
  const writer = (async () => {
    for (let n = 0; writing; n++) await witness.set('/busy', String(n)).catch(() => {})
  })()
  t.equal(await registry.unset('/busy', { force: true }), true)
  writing = false
  await writer
  t.equal(await witness.exists('/busy'), null)
  await witness.create('/full/kid', null, { parents: true })
  t.match(await errorOf(registry.unset('/full', { force: true })), { code: 'NOT_EMPTY' })
})

test('without permission: NO_AUTH, and the path stays free', async t => {
  const { servers, witness } = await branch(t, at)
  const registry = await registryAt(t, servers)
  await witness.create('/fixed', '{"n":1}', { acl: readAcl })
  t.match(await errorOf(registry.setData('/fixed', { n: 2 })), { code: 'NO_AUTH', path: '/fixed' })
  t.equal(await registry.unset('/fixed'), false)
  t.match(await dataOf(witness, '/fixed'), { n: 1 })
  const blind = [{ perms: 30, id: { scheme: 'world', id: 'anyone' } }]
  await witness.create('/blind', '{"n":1}', { acl: blind })
  await registry.setData('/blind', { n: 2 })
  await witness.setAcl('/blind', [{ perms: 31, id: { scheme: 'world', id: 'anyone' } }])
  t.match(await dataOf(witness, '/blind'), { n: 2 }, 'what may be written but not read is written')
})

test('into a black hole: a typed error in time, an abort at once', async t => {
  const { registry, witness, proxy } = await proxiedRegistry(t, at, { sessionTimeout: 4000 })
  await registry.setData('/a', { n: 1 })
  proxy.set({ kind: 'blackHole', direction: 'both' })
  t.match(await errorOf(registry.setData('/a', { n: 2 }, { timeout: 200 })), { code: 'NO_CONNECTION' })
  const controller = new AbortController()
  const reason = new Error('enough')
  const writing = errorOf(registry.setData('/a', { n: 3 }, { signal: controller.signal }))
  controller.abort(reason)
  t.equal(await writing, reason)
  proxy.set({ kind: 'pass' })
  await eventually('back', () => registry.getState())
  await registry.setData('/a', { n: 4 })
  t.match(await dataOf(witness, '/a'), { n: 4 })
})

test('N64: what holds a node is known again after a read that the server refused for once', async t => {
  const { registry, witness, proxy } = await proxiedRegistry(t, at)
  await registry.setData('/a', { n: 1 })
  await settled(registry)
  let refused = 0
  proxy.filter(frame => {
    if (frame.kind !== 'reply' || frame.opcode !== OpCode.getData || refused > 0) return 'pass'
    refused++
    return refusal(frame, serverErrors.THROTTLED_OP.number)
  })
  await witness.set('/a', '{"n":2}')
  await eventually('refused', () => refused > 0)
  await eventually('known', () => isDeepStrictEqual(registry.registrations()[0]?.data, { n: 2 }))
})

test('a call that is given up leaves nothing to be remembered', async t => {
  const { registry, proxy } = await proxiedRegistry(t, at)
  proxy.set({ kind: 'stall', direction: 'toClient' })
  const controller = new AbortController()
  const { signal } = controller
  const calls = [
    registry.unset('/a', { signal }),
    registry.setData('/b', { n: 1 }, { signal }),
    registry.setData('/c', { n: 1 }, { timeout: 10 }),
  ].map(errorOf)
  await calls[2]
  controller.abort(new Error('given up'))
  t.match(await Promise.all(calls), [
    { message: 'given up' },
    { message: 'given up' },
    { name: 'NoConnectionError' },
  ])
  t.same(registry.registrations(), [])
  proxy.set({ kind: 'pass' })
  await registry.setData('/b', { n: 2 })
  t.match(registry.registrations(), [{ path: '/b', state: true, data: { n: 2 } }])
})
