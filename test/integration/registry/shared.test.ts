// The shared registry of a process: who makes it, what it is made of, and when there is another.
import type { SaslExchange, SaslMechanism } from '../../../protocol/index.ts'
import { digestMd5 } from '../../../protocol/index.ts'
import { ServiceRegistryError } from '../../../src/registry/errors.ts'
import type { ServiceRegistryOptions } from '../../../src/registry/options.ts'
import type { ServiceRegistry } from '../../../src/registry/service-registry.ts'
import { getServiceRegistry } from '../../../src/registry/shared.ts'
import { eventually } from '../../support/eventually.ts'
import { serverForAnySession } from '../../support/zookeeper.ts'
import type { Test } from '../../tap.ts'
import { t } from '../../tap.ts'
import { errorOf, proxyTo } from '../protocol/support.ts'
import { branch } from './support.ts'

const { connectString: at } = await serverForAnySession(t)

/** The shared registry, for the length of one test: there is one in a process, so these tests follow each other. */
async function shared(t: Test, options: ServiceRegistryOptions): Promise<ServiceRegistry> {
  const registry = await getServiceRegistry(options)
  t.teardown(() => registry[Symbol.asyncDispose]())
  return registry
}

/** Sets a variable of the environment for one test. */
function setEnv(t: Test, name: string, value: string): void {
  const before = process.env[name]
  t.teardown(() => {
    if (before === undefined) delete process.env[name]
    else process.env[name] = before
  })
  process.env[name] = value
}

t.test('N3: all calls get one object, and options that conflict are an error', async t => {
  const { servers } = await branch(t, at)
  const options = { servers, username: 'al', password: 'one', readOnly: false }
  const both = [getServiceRegistry(options), getServiceRegistry(options)] as const
  const registry = await both[0]
  t.teardown(() => registry[Symbol.asyncDispose]())
  t.equal(await both[1], registry)
  t.equal(await getServiceRegistry(), registry, 'what is not mentioned is as it is')
  t.equal(await getServiceRegistry({ readOnly: false, lazy: true, username: undefined }), registry)
  const other = { servers: 'elsewhere:2181', password: 'secret', readOnly: true }
  const error = await errorOf(getServiceRegistry(other))
  t.ok(error instanceof ServiceRegistryError)
  t.match(error, { code: 'CONFLICTING_OPTIONS', message: /another servers, password, readOnly already/ })
  t.notMatch(error, { message: /secret|elsewhere/ })
  t.match(await errorOf(getServiceRegistry({ timeout: 1 })), { code: 'CONFLICTING_OPTIONS' })
  t.match(await errorOf(getServiceRegistry({ acl: [] })), { code: 'INVALID_OPTION' })
  await registry.setData('/d', { n: 1 })
})

t.test('N3: two mechanisms of SASL are two, whatever can be seen of them', async t => {
  class Hidden implements SaslMechanism {
    readonly name: string = 'DIGEST-MD5'
    readonly #password: string

    constructor(password: string) {
      this.#password = password
    }

    begin(): SaslExchange {
      return digestMd5({ username: 'al', password: this.#password }).begin('')
    }
  }
  const sasl = new Hidden('one')
  const patience = { servers: '127.0.0.1:1', connectTimeout: 1 }
  const present = await shared(t, { ...patience, sasl })
  t.equal(await getServiceRegistry({ sasl }), present)
  t.match(await errorOf(getServiceRegistry({ sasl: new Hidden('two') })), {
    code: 'CONFLICTING_OPTIONS',
    message: /another sasl already/,
  })
})

t.test('N3: after a first call that failed, the next one tries again', async t => {
  const { servers } = await branch(t, at)
  t.match(await errorOf(getServiceRegistry({ timeout: -1 })), { code: 'INVALID_OPTION' })
  t.match(await errorOf(getServiceRegistry({ servers: ':x' })), { code: 'INVALID_CONNECT_STRING' })
  const proxy = await proxyTo(t, at)
  proxy.set({ kind: 'refuse' })
  const failing = { servers: proxy.connectString, lazy: false, timeout: 200 }
  t.match(await errorOf(getServiceRegistry(failing)), { code: 'NO_CONNECTION' })
  t.equal((await shared(t, { servers })).getState(), true)
})

t.test('N3: after stop it is the same object, after disposal another', async t => {
  const { servers } = await branch(t, at)
  const registry = await shared(t, { servers })
  await registry.stop()
  t.equal(await getServiceRegistry(), registry)
  await registry.start()
  await registry[Symbol.asyncDispose]()
  t.equal(registry.disposed, true)
  const next = await shared(t, { servers })
  t.not(next, registry)
  t.equal(next.getState(), true)
})

t.test('N88: without options it is lazy and read-only, at the servers of the environment', async t => {
  const { servers, witness } = await branch(t, at)
  await witness.create('/a', '{"n":1}')
  setEnv(t, 'NDSR_SERVERS', servers)
  setEnv(t, 'NDSR_TIMEOUT', '60000')
  const registry = await shared(t, {})
  t.match(await registry.get('/a'), { data: { n: 1 } })
  t.match(await errorOf(registry.setNode('/n')), { code: 'READ_ONLY' })
  t.match(await errorOf(getServiceRegistry({ readOnly: false })), { code: 'CONFLICTING_OPTIONS' })
})

t.test('N88, N90: without a server there is a registry all the same, which connects later', async t => {
  const { chroot, witness } = await branch(t, at)
  await witness.create('/a', '{"n":1}')
  const proxy = await proxyTo(t, at)
  proxy.set({ kind: 'refuse' })
  const registry = await shared(t, { servers: `${proxy.connectString}${chroot}`, connectTimeout: 100 })
  t.equal(registry.getState(), false)
  t.match(
    await registry.get('/a'),
    { data: null, children: { length: 0 }, stale: true },
    'no error, nothing known',
  )
  proxy.set({ kind: 'pass' })
  await eventually('the truth', async () => (await registry.get('/a')).data?.n === 1)
})

t.test('N88: a caller that loses patience leaves the others theirs', async t => {
  const { servers } = await branch(t, at)
  const proxy = await proxyTo(t, servers.split('/')[0]!)
  proxy.set({ kind: 'stall', direction: 'both' })
  const options = { servers: proxy.connectString }
  const first = errorOf(getServiceRegistry(options, { signal: AbortSignal.timeout(50) }))
  const second = shared(t, options)
  t.match(await first, { name: 'TimeoutError' })
  proxy.set({ kind: 'pass' })
  t.equal((await second).getState(), true)
  const gone = { signal: AbortSignal.abort(new Error('gone')) }
  t.match(await errorOf(getServiceRegistry({}, gone)), { message: 'gone' })
  t.match(await errorOf(getServiceRegistry({}, { signal: 5 as never })), { code: 'INVALID_OPTION' })
})
