// Credentials that change while a registry runs: what follows them, and when they reach the server.
import { digestAcl, readAcl } from '../../../protocol/index.ts'
import { OpCode } from '../../../protocol/opcodes.ts'
import { concurrently } from '../../support/concurrently.ts'
import { eventually } from '../../support/eventually.ts'
import { serverForAnySession } from '../../support/zookeeper.ts'
import { t } from '../../tap.ts'
import { errorOf } from '../protocol/support.ts'
import { branch, ownedBy, proxiedRegistry, registryAt, takeDown } from './support.ts'

const { connectString: at } = await serverForAnySession(t)

const test = concurrently({ jobs: 6, timeout: 120_000 })

test('N17: another password is in the ACL of all that is created from then on', async t => {
  const { servers, witness } = await branch(t, at)
  const registry = await registryAt(t, servers, { username: 'al', password: 'one' })
  // The server shows digests to their owners only.
  const aclAt = async (path: string): Promise<unknown> => (await registry.client.getAcl(path)).acl
  const lock = registry.getLock('/first/lock')
  await lock.acquire()
  await registry.setNode('/a/n')
  t.same(await aclAt('/a/n'), [digestAcl('al', 'one'), ...readAcl])
  await registry.setPassword('two')
  await registry.setNode('/b/n')
  await registry.setData('/c/d', { n: 1 })
  const two = [digestAcl('al', 'two'), ...readAcl]
  for (const path of ['/b', '/b/n', '/c', '/c/d']) t.same(await aclAt(path), two, path)
  await lock.release()
  await lock.acquire()
  const [lease] = (await witness.getChildren('/first/lock')).children
  t.same(await aclAt(`/first/lock/${lease}`), two, 'also for a lock that was there before')
  await registry.setUsername('bo')
  await registry.setData('/d', { n: 1 })
  t.same(await aclAt('/d'), [digestAcl('bo', 'two'), ...readAcl])
  await witness.create('/open')
  await registry.setNode('/open/n')
  await registry.setPassword('three')
  await registry.rebuild()
  await ownedBy(witness, '/open/n', registry)
  t.same(await aclAt('/open/n'), [digestAcl('bo', 'three'), ...readAcl], 'also for what is made again')
})

test('N18: setters without a connection keep the value for the next one', async t => {
  const { registry, proxy, witness } = await proxiedRegistry(t, at)
  await takeDown(registry, proxy)
  await registry.setUsername('al')
  await registry.setPassword('one')
  proxy.set({ kind: 'pass' })
  await eventually('up', () => registry.getState())
  await witness.create('/secret', '{"n":1}', { acl: [digestAcl('al', 'one')] })
  t.match(await registry.get('/secret'), { data: { n: 1 } })
  await registry.stop()
  await registry.setPassword('two')
  await registry.start()
  await witness.create('/second', '{"n":2}', { acl: [digestAcl('al', 'two')] })
  t.match(await registry.get('/second'), { data: { n: 2 } })
  await registry.setData('/d', { n: 1 })
  t.same((await registry.client.getAcl('/d')).acl, [digestAcl('al', 'two'), ...readAcl])
})

test('N18: a setter whose answer is lost, or that is given up, has set the value all the same', async t => {
  const { registry, proxy, witness } = await proxiedRegistry(t, at, { username: 'al' })
  const answer = proxy.filter(frame =>
    frame.kind === 'reply' && frame.opcode === OpCode.auth ? 'drop' : 'pass',
  )
  t.match(await errorOf(registry.setPassword('one', { timeout: 50 })), { code: 'NO_CONNECTION' })
  const controller = new AbortController()
  const aborted = errorOf(registry.setPassword('two', { signal: controller.signal }))
  controller.abort(new Error('no patience'))
  t.match(await aborted, { message: 'no patience' })
  const lost = registry.setPassword('three')
  answer()
  proxy.cut()
  await lost
  await eventually('up', () => registry.getState())
  await witness.create('/secret', '{"n":3}', { acl: [digestAcl('al', 'three')] })
  t.match(await registry.get('/secret'), { data: { n: 3 } })
})

test('N14: with a wrong password, reading and writing what others own is a typed error', async t => {
  const { servers, witness } = await branch(t, at)
  await witness.create('/secret', '{"n":1}', { acl: [digestAcl('al', 'one')] })
  await witness.create('/secret-dir', null, { acl: [digestAcl('al', 'one'), ...readAcl] })
  const registry = await registryAt(t, servers, { username: 'al', password: 'wrong' })
  t.match(await errorOf(registry.get('/secret')), { code: 'NO_AUTH' })
  t.match(await errorOf(registry.setNode('/secret-dir/n')), { code: 'NO_AUTH' })
  t.match(await errorOf(registry.setData('/secret', { n: 2 })), { code: 'NO_AUTH' })
  t.equal(registry.getState(), true)
  await registry.setPassword('one')
  t.match(await registry.get('/secret'), { data: { n: 1 } })
  await registry.setNode('/secret-dir/n')
})
