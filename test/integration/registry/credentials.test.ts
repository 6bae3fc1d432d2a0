// Who a registry is for the server: when credentials are sent, what follows from them, and what becomes of refused ones.
import { Buffer } from 'node:buffer'
import { digestAcl, openAcl, Permission, readAcl } from '../../../protocol/index.ts'
import { OpCode } from '../../../protocol/opcodes.ts'
import { ServiceRegistryError } from '../../../src/registry/errors.ts'
import { ServiceRegistry } from '../../../src/registry/service-registry.ts'
import type { FaultProxy, RequestFrame } from '../../../src/testing/index.ts'
import { concurrently } from '../../support/concurrently.ts'
import { eventually } from '../../support/eventually.ts'
import { serverForAnySession } from '../../support/zookeeper.ts'
import { t } from '../../tap.ts'
import { errorOf, proxyTo } from '../protocol/support.ts'
import { branch, ownedBy, proxiedRegistry, registryAt } from './support.ts'

const { connectString: at } = await serverForAnySession(t)

const test = concurrently({ jobs: 6, timeout: 120_000 })

/** `user:password` of every auth packet, in order. */
function proofs(requests: readonly RequestFrame[]): string[] {
  const packets = requests.filter(({ opcode }) => opcode === OpCode.auth)
  // Behind the header: type, scheme and auth, each with its length.
  return packets.map(({ bytes }) =>
    Buffer.from(bytes)
      .subarray(12 + 4 + 4 + 'digest'.length + 4)
      .toString(),
  )
}

test('N14: with both name and password, each connection and each change sends them once', async t => {
  const { registry, proxy, requests } = await proxiedRegistry(t, at, { username: 'al' })
  const sent = (): string[] => proofs(requests)
  t.same(sent(), [], 'one alone is nothing')
  await registry.setPassword('one')
  t.same(sent(), ['al:one'])
  await registry.setPassword('one')
  await registry.setUsername('al')
  t.same(sent(), ['al:one'], 'the same again is no change')
  await registry.setUsername('bo')
  t.same(sent(), ['al:one', 'bo:one'])
  proxy.cut()
  await eventually('another connection', () => sent().length === 3)
  t.equal(sent().at(-1), 'bo:one', 'the new ones alone')
  await registry.setPassword('')
  await registry.rebuild()
  t.equal(sent().length, 3, 'without a password nothing is sent')
})

test('N15, N16: the ACL of the credentials, and one that is given, which wins with and without them', async t => {
  const { servers } = await branch(t, at)
  const given = [{ perms: Permission.ALL, id: { scheme: 'ip', id: '127.0.0.1' } }, ...readAcl]
  const who = { username: 'al', password: 'one' }
  for (const [path, options, acl] of [
    ['/a', who, [digestAcl('al', 'one'), ...readAcl]],
    ['/b', { ...who, acl: given }, given],
    ['/c', { acl: given }, given],
    ['/d', {}, openAcl],
  ] as const) {
    const registry = await registryAt(t, servers, options)
    await registry.setNode(path)
    t.same((await registry.client.getAcl(path)).acl, acl, path)
  }
})

for (const readOnly of [false, true]) {
  test(`N7: the server is told whether a read-only one will do (${readOnly})`, async t => {
    const proxy = await proxyTo(t, at)
    const flags: (number | undefined)[] = []
    proxy.filter(frame => {
      if (frame.kind === 'connect' && frame.direction === 'toServer') flags.push(frame.bytes.at(-1))
      return 'pass'
    })
    await registryAt(t, proxy.connectString, { readOnly })
    t.same(flags, [readOnly ? 1 : 0])
  })
}

/** A server that refuses the credentials of every connection, until the function returned is called. */
function refuseAuth(proxy: FaultProxy): () => void {
  return proxy.filter(frame => {
    if (frame.kind !== 'reply' || frame.opcode !== OpCode.auth) return 'pass'
    const refused = Buffer.from(frame.bytes)
    refused.writeInt32BE(AUTH_FAILED, 16)
    return refused
  })
}

const AUTH_FAILED = -115
const wrong = { username: 'al', password: 'wrong' }

test('credentials that the server refuses are a typed error, and others can be tried', async t => {
  const { registry, proxy, witness } = await proxiedRegistry(t, at)
  await registry.setNode('/n', { n: 1 })
  await witness.create('/a', '{"n":1}')
  const seen: unknown[] = []
  await registry.get('/a', ({ data }) => void seen.push(data?.n))
  const warnings: unknown[] = []
  registry.on('warning', warning => warnings.push(warning))
  const states: boolean[] = []
  registry.getState(up => states.push(up))
  const accept = refuseAuth(proxy)
  await registry.setUsername('al')
  const error = await errorOf(registry.setPassword('wrong'))
  t.ok(error instanceof ServiceRegistryError)
  t.match(error, { code: 'AUTH_FAILED', cause: Error })
  t.notMatch(error, { message: /wrong/ })
  await eventually('a warning', () =>
    warnings.some(warning => (warning as { code?: string }).code === 'AUTH_FAILED'),
  )
  t.same(states, [true, false])
  t.match(await errorOf(registry.setNode('/m')), { code: 'AUTH_FAILED' })
  t.match(await errorOf(registry.acquireLock('/l')), { code: 'AUTH_FAILED' })
  t.match(await errorOf(registry.rebuild()), { code: 'AUTH_FAILED' })
  t.match(await registry.get('/a'), { data: { n: 1 }, stale: true })
  t.match(await registry.get('/later'), { data: null, stale: true })
  accept()
  await registry.setPassword('right')
  await ownedBy(witness, '/n', registry)
  await witness.set('/a', '{"n":2}')
  await eventually('what changed', () => seen.at(-1) === 2)
  await eventually('a path that was asked for meanwhile', async () => !(await registry.get('/later')).stale)
})

for (const lazy of [false, true]) {
  test(`connect with credentials that the server refuses rejects and leaves nothing (lazy: ${lazy})`, async t => {
    const proxy = await proxyTo(t, at)
    refuseAuth(proxy)
    const connecting = ServiceRegistry.connect({ servers: proxy.connectString, ...wrong, lazy })
    connecting.then(registry => registry.stop()).catch(() => {})
    t.match(await errorOf(connecting), { code: 'AUTH_FAILED' })
    await eventually('no connection', () => proxy.connections === 0)
  })
}

test('servers and ACLs that cannot work are typed errors before anything is tried', async t => {
  for (const servers of [
    '',
    ',',
    ':2181',
    'a:0',
    'a:65536',
    'a:x',
    'a:1//b',
    'a:1/b/',
    'a b:1',
    '[::1',
    'a:1/../b',
  ]) {
    const connecting = ServiceRegistry.connect({ servers, lazy: true, timeout: 50 })
    connecting.then(registry => registry.stop()).catch(() => {})
    t.match(await errorOf(connecting), { code: 'INVALID_CONNECT_STRING' }, JSON.stringify(servers))
  }
  const id = { scheme: 'world', id: 'anyone' }
  for (const acl of [
    'open',
    {},
    [],
    [null],
    [{}],
    [{ perms: 31 }],
    [{ perms: 'all', id }],
    [{ perms: 64, id }],
    [{ perms: 31, id: 'x' }],
  ]) {
    const error = await errorOf(ServiceRegistry.connect({ servers: at, acl: acl as never }))
    t.match(error, { code: 'INVALID_OPTION' }, JSON.stringify(acl))
  }
})
