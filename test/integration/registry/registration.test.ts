// Ephemeral registrations against a real server: creation, repair, removal, and the nodes of strangers.
import { digestAcl, openAcl, Permission, readAcl } from '../../../protocol/index.ts'
import { concurrently } from '../../support/concurrently.ts'
import { eventually } from '../../support/eventually.ts'
import { client, serverForAnySession } from '../../support/zookeeper.ts'
import { t } from '../../tap.ts'
import { errorOf } from '../protocol/support.ts'
import { branch, dataOf, ownedBy, ownerOf, registryAt } from './support.ts'

const server = await serverForAnySession(t)
const at = server.connectString

const test = concurrently({ jobs: 8, timeout: 120_000 })

test('setNode creates an ephemeral node with its parents, and resolves when it stands', async t => {
  const { servers, witness } = await branch(t, at)
  const registry = await registryAt(t, servers)
  await registry.setNode('/a/b/c/host:1', { type: 'ssh' })
  t.equal(await ownerOf(witness, '/a/b/c/host:1'), registry.client.sessionId)
  for (const parent of ['/a', '/a/b', '/a/b/c']) t.equal(await ownerOf(witness, parent), 0n, parent)
  t.match(await dataOf(witness, '/a/b/c/host:1'), { pid: process.pid, created: String, type: 'ssh' })
  t.same((await witness.getAcl('/a/b/c/host:1')).acl, openAcl)
})

test('N15, N19: the node and its nearest parent get the ACL of the credentials, the levels above are open', async t => {
  const { servers, witness } = await branch(t, at)
  const registry = await registryAt(t, servers, { username: 'al', password: 'secret' })
  const mine = [digestAcl('al', 'secret'), ...readAcl]
  await witness.create('/there')
  await registry.setNode('/a/b/c/host:1')
  await registry.setNode('/single/host:1')
  await registry.setNode('/there/host:1')
  // Digests are shown to those who may change them.
  const acls = async (path: string): Promise<unknown> => (await registry.client.getAcl(path)).acl
  t.same(await acls('/a'), openAcl)
  t.same(await acls('/a/b'), openAcl)
  t.same(await acls('/a/b/c'), mine)
  t.same(await acls('/a/b/c/host:1'), mine)
  t.same(await acls('/single'), mine)
  t.same(await acls('/there'), openAcl, 'what exists is left as it is')
  t.same(await acls('/there/host:1'), mine)
  t.match(await errorOf(witness.set('/a/b/c/host:1', 'x')), { code: 'NO_AUTH' })
  t.match(await dataOf(witness, '/a/b/c/host:1'), { pid: process.pid }, 'everybody may read')
})

test('N17: changed credentials apply to what is created from then on', async t => {
  const { servers } = await branch(t, at)
  const registry = await registryAt(t, servers)
  await registry.setNode('/n/open')
  await registry.setUsername('al')
  await registry.setNode('/n/half')
  await registry.setPassword('one')
  await registry.setNode('/n/one')
  await registry.setPassword('two')
  await registry.setNode('/n/two')
  // Digests are shown to those who may change them.
  const acls = async (path: string): Promise<unknown> => (await registry.client.getAcl(path)).acl
  t.same(await acls('/n/open'), openAcl)
  t.same(await acls('/n/half'), openAcl)
  t.same(await acls('/n/one'), [digestAcl('al', 'one'), ...readAcl])
  t.same(await acls('/n/two'), [digestAcl('al', 'two'), ...readAcl])
  t.ok(await registry.unset('/n/one'), 'the former identity still holds')
})

test('N16: an ACL of the user wins over the one of the credentials', async t => {
  const { servers, witness } = await branch(t, at)
  const acl = [{ perms: Permission.READ | Permission.DELETE, id: { scheme: 'world', id: 'anyone' } }]
  const registry = await registryAt(t, servers, { username: 'al', password: 'one', acl })
  await registry.setNode('/host:1')
  t.same((await witness.getAcl('/host:1')).acl, acl)
})

test('N57: a node that somebody deletes comes back with the newest data', async t => {
  const { servers, witness } = await branch(t, at)
  const registry = await registryAt(t, servers)
  await registry.setNode('/pool/a', { n: 1 })
  await registry.setNode('/pool/a', { n: 2 })
  t.match(await dataOf(witness, '/pool/a'), { n: 2 })
  for (let round = 1; round <= 8; round++) {
    await witness.delete('/pool/a')
    await ownedBy(witness, '/pool/a', registry)
    t.match(await dataOf(witness, '/pool/a'), { n: 2 }, `round ${round}`)
  }
})

test('N56, N57: it also comes back when its parent goes with it', async t => {
  const { servers, witness } = await branch(t, at)
  const registry = await registryAt(t, servers)
  await registry.setNode('/x/pool/a', { n: 1 })
  await witness.delete('/x', { recursive: true })
  await ownedBy(witness, '/x/pool/a', registry)
  t.match(await dataOf(witness, '/x/pool/a'), { n: 1 })
})

test('N57: what somebody writes over it is corrected', async t => {
  const { servers, witness } = await branch(t, at)
  const registry = await registryAt(t, servers)
  await registry.setNode('/a', { n: 1 })
  for (const other of ['', 'x', '{"n":2}']) {
    await witness.set('/a', other)
    await eventually('corrected', async () => (await dataOf(witness, '/a'))?.n === 1)
  }
})

test('N59: a stranger who keeps writing does not turn the correction into a flood', async t => {
  const { servers, witness } = await branch(t, at)
  const registry = await registryAt(t, servers)
  await registry.setNode('/contested', { n: 1 })
  let writes = 0
  // Answers each correction as soon as it comes, as the Python package does.
  const begun = performance.now()
  const passed = (): number => performance.now() - begun
  while (passed() < 1500 || (writes < 4 && passed() < 30_000)) {
    if ((await dataOf(witness, '/contested'))?.n === 1) {
      await witness.set('/contested', '{"n":2}')
      writes++
    }
  }
  t.ok(writes >= 4, `${writes} corrections: the first come at once`)
  t.ok(writes <= (20 * passed()) / 1500, `${writes} corrections in ${passed()} ms: then there are pauses`)
  await eventually(
    'the registry has the last word',
    async () => (await dataOf(witness, '/contested'))?.n === 1,
  )
})

test('N54: equal data is not written again, other data is', async t => {
  const { servers, witness } = await branch(t, at)
  const registry = await registryAt(t, servers)
  await registry.setNode('/a', { n: 1 })
  await registry.setNode('/a', { n: 1 })
  t.equal((await witness.exists('/a'))?.version, 0)
  await registry.setNode('/a', { n: 2 })
  t.equal((await witness.exists('/a'))?.version, 1)
  await Promise.all([1, 2, 3, 4, 5, 6, 7, 8].map(n => registry.setNode('/a', { n })))
  t.match(await dataOf(witness, '/a'), { n: 8 }, 'the newest of many at once')
})

test('N55: state false takes the node away, and back again', async t => {
  const { servers, witness } = await branch(t, at)
  const registry = await registryAt(t, servers)
  await registry.setNode('/a', { n: 1 }, { state: false })
  t.equal(await witness.exists('/a'), null, 'nothing is created')
  await registry.setNode('/a', { n: 1 })
  t.ok(await witness.exists('/a'))
  await registry.setNode('/a', { n: 2 }, { state: false })
  t.equal(await witness.exists('/a'), null)
  await registry.setNode('/a', undefined, { state: true })
  t.match(await dataOf(witness, '/a'), { n: 2 }, 'the data was kept')
  await registry.setNode('/a', null)
  t.same(Object.keys((await dataOf(witness, '/a')) ?? {}), ['pid', 'created'], 'null clears')
})

test('unset deletes what is ours, and nothing comes back', async t => {
  const { servers, witness } = await branch(t, at)
  const registry = await registryAt(t, servers)
  await registry.setNode('/a', { n: 1 })
  t.equal(await registry.unset('/a'), true)
  t.equal(await witness.exists('/a'), null)
  t.equal(await registry.unset('/a'), true, 'twice is once')
  t.equal(await registry.unset('/never'), true)
  await witness.create('/a', 'x')
  t.equal((await dataOf(witness, '/a'))?.string_value, 'x')
  await witness.delete('/a')
  await registry.setNode('/a', { n: 2 })
  t.match(await dataOf(witness, '/a'), { n: 2 }, 'it can be set again')
})

test('N51: unset leaves the nodes of strangers, except with force', async t => {
  const { servers, witness } = await branch(t, at)
  const registry = await registryAt(t, servers)
  await witness.create('/plain', 'x')
  await witness.create('/ephemeral', 'x', { mode: 'ephemeral' })
  for (const path of ['/plain', '/ephemeral']) {
    t.equal(await registry.unset(path), false, path)
    t.ok(await witness.exists(path), path)
    t.equal(await registry.unset(path, { force: true }), true, path)
    t.equal(await witness.exists(path), null, path)
  }
  await witness.create('/taken', 'x', { mode: 'ephemeral' })
  await registry.setNode('/taken', null, { state: false })
  t.ok(await witness.exists('/taken'), 'state false deletes no stranger either')
  t.equal(await registry.unset('/taken'), false)
  t.ok(await witness.exists('/taken'))
})

test('unset and setNode at once: the later wish wins and is kept', async t => {
  const { servers, witness } = await branch(t, at)
  const registry = await registryAt(t, servers)
  for (let round = 1; round <= 10; round++) {
    const path = `/race-${round}`
    await registry.setNode(path, { n: 1 })
    await Promise.all([registry.unset(path), registry.setNode(path, { n: 2 })])
    await witness.delete(path)
    await ownedBy(witness, path, registry)
    t.match(await dataOf(witness, path), { n: 2 }, `round ${round}: it is still looked after`)
  }
  for (let round = 1; round <= 10; round++) {
    const path = `/unset-${round}`
    await Promise.all([registry.setNode(path, { n: 1 }), registry.unset(path)])
    t.equal(await witness.exists(path), null, `round ${round}: gone`)
  }
})

test("a stranger's ephemeral is waited for", async t => {
  const { servers, witness } = await branch(t, at)
  const registry = await registryAt(t, servers)
  const stranger = await client(t, servers)
  await stranger.create('/a', 'theirs', { mode: 'ephemeral' })
  const setting = registry.setNode('/a', { n: 1 }, { timeout: 60_000 })
  await eventually('the watch is armed', async () => (await server.command('wchs')).includes('watches'))
  t.equal(await ownerOf(witness, '/a'), stranger.sessionId)
  await stranger.close()
  await setting
  t.equal(await ownerOf(witness, '/a'), registry.client.sessionId)
})

test('OWNED_BY_OTHER when it does not go in time, and the wish stays', async t => {
  const { servers, witness } = await branch(t, at)
  const registry = await registryAt(t, servers)
  const stranger = await client(t, servers)
  await stranger.create('/a', 'theirs', { mode: 'ephemeral' })
  const error = await errorOf(registry.setNode('/a', { n: 1 }, { timeout: 10_000 }))
  t.match(error, { name: 'ServiceRegistryError', code: 'OWNED_BY_OTHER', path: '/a' })
  t.equal(await ownerOf(witness, '/a'), stranger.sessionId, 'it was left alone')
  t.equal((await witness.get('/a')).data?.toString(), 'theirs')
  await stranger.close()
  await ownedBy(witness, '/a', registry)
  t.match(await dataOf(witness, '/a'), { n: 1 })
})

test('an aborted call rejects with its reason; one that was aborted before asks for nothing', async t => {
  const { servers, witness } = await branch(t, at)
  const registry = await registryAt(t, servers)
  await witness.create('/a', 'theirs', { mode: 'ephemeral' })
  const controller = new AbortController()
  const setting = errorOf(registry.setNode('/a', { n: 1 }, { signal: controller.signal }))
  const reason = new Error('enough')
  controller.abort(reason)
  t.equal(await setting, reason)
  t.equal(await errorOf(registry.setNode('/b', null, { signal: controller.signal })), reason)
  await registry.setNode('/c')
  t.equal(await witness.exists('/b'), null)
})

test('a path is ephemeral or data, not both', async t => {
  const { servers, witness } = await branch(t, at)
  const registry = await registryAt(t, servers)
  await registry.setNode('/node', { n: 1 })
  t.match(await errorOf(registry.setData('/node', { n: 2 })), { code: 'TYPE_CONFLICT', path: '/node' })
  t.match(await dataOf(witness, '/node'), { n: 1 })
  await registry.setData('/data', { n: 1 })
  t.match(await errorOf(registry.setNode('/data', { n: 2 })), { code: 'TYPE_CONFLICT', path: '/data' })
  t.match(await dataOf(witness, '/data'), { n: 1 })
  await registry.unset('/node')
  await registry.setData('/node', { n: 3 })
  t.equal(await ownerOf(witness, '/node'), 0n)
})

test('a parent without permission rejects with NO_AUTH, and the wish stays', async t => {
  const { servers, witness } = await branch(t, at)
  const registry = await registryAt(t, servers)
  const frozen = [{ perms: Permission.READ | Permission.ADMIN, id: readAcl[0]!.id }]
  await witness.create('/closed', null, { acl: frozen })
  t.match(await errorOf(registry.setNode('/closed/a', { n: 1 })), { code: 'NO_AUTH' })
  t.match(await errorOf(registry.setNode('/closed/x/a', { n: 1 })), { code: 'NO_AUTH' })
  t.match(await errorOf(registry.setData('/closed/b', { n: 1 })), { code: 'NO_AUTH' })
  await witness.setAcl('/closed', openAcl)
  await ownedBy(witness, '/closed/a', registry)
  t.match(await dataOf(witness, '/closed/a'), { n: 1 }, 'it goes on trying')
})
