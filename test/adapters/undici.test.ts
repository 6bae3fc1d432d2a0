// The undici dispatcher: real HTTP servers that come and go under load.
import { createReadStream } from 'node:fs'
import type { Server, ServerResponse } from 'node:http'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { request } from 'undici/index.js'
import { ServiceDispatcher } from '../../src/adapters/undici.ts'
import { EmbeddedZooKeeper } from '../../src/embedded/index.ts'
import type { RegisteredInstance } from '../../src/registry/instances/registered-instance.ts'
import { ServiceRegistry } from '../../src/registry/service-registry.ts'
import { eventually } from '../support/eventually.ts'
import type { Test } from '../tap.ts'
import { t } from '../tap.ts'

interface Backend {
  readonly port: number
  readonly server: Server
  readonly instance: RegisteredInstance
  served: number
  status: number
}

async function stage(t: Test): Promise<{
  registry: ServiceRegistry
  backend: () => Promise<Backend>
}> {
  const zookeeper = await EmbeddedZooKeeper.start({ port: 0 })
  t.teardown(() => zookeeper.close())
  const registry = await ServiceRegistry.connect({ servers: zookeeper.connectString })
  t.teardown(() => registry[Symbol.asyncDispose]())
  const backend = async (): Promise<Backend> => {
    const server = createServer((_request, response) => {
      self.served++
      response.statusCode = self.status
      response.end(String(self.port))
    })
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    t.teardown(() => {
      server.closeAllConnections()
      server.close()
    })
    const { port } = server.address() as AddressInfo
    const instance = await registry.register('/app/users', { host: '127.0.0.1', port })
    const self: Backend = { port, server, instance, served: 0, status: 200 }
    return self
  }
  return { registry, backend }
}

t.test('undici: requests go to the instances in turn, and elsewhere by the other dispatcher', async t => {
  const { registry, backend } = await stage(t)
  const backends = [await backend(), await backend()]
  using view = registry.discover('/app/users')
  await eventually('both', () => view.instances.length === 2)
  const dispatcher = new ServiceDispatcher({ views: { users: view } })
  for (let i = 0; i < 10; i++) {
    const { statusCode, body } = await request('http://users/path', { dispatcher })
    t.equal(statusCode, 200)
    await body.dump()
  }
  t.same(
    backends.map(({ served }) => served),
    [5, 5],
  )
  t.equal(view.load(view.instances[0]!), 0, 'no lease is left')
  await t.rejects(request('http://strangers/', { dispatcher }), { code: 'INVALID_OPTION' })
  await dispatcher.close()
  await t.rejects(request('http://users/', { dispatcher }), { code: 'STOPPED' })
})

t.test('undici: instances come, are drained and leave under load without a failed request', async t => {
  const { registry, backend } = await stage(t)
  const first = await backend()
  using view = registry.discover('/app/users')
  await eventually('there', () => view.pick())
  const dispatcher = new ServiceDispatcher({ views: { users: view } })
  t.teardown(() => dispatcher.destroy())
  const failures: unknown[] = []
  let running = true
  let answers = 0
  const load = Array.from({ length: 8 }, async () => {
    while (running) {
      try {
        const { body } = await request('http://users/', { dispatcher })
        await body.text()
        answers++
      } catch (error) {
        failures.push(error)
      }
    }
  })
  const second = await backend()
  await eventually('the second serves', () => second.served > 20)
  await first.instance.drain({ wait: 100 })
  await eventually('only the second is left', () => view.instances.length === 1)
  const before = first.served
  await eventually('it serves alone', async () => {
    const seen = answers
    await eventually('more', () => answers > seen + 20)
    return first.served - before < 20
  })
  first.server.close()
  running = false
  await Promise.all(load)
  t.same(failures, [])
})

t.test('undici: what cannot be sent is tried at another instance, and the dead one is ejected', async t => {
  const { registry, backend } = await stage(t)
  const [dead, alive] = [await backend(), await backend()]
  using view = registry.discover('/app/users', { outliers: { consecutiveErrors: 2 } })
  await eventually('both', () => view.instances.length === 2)
  const ejected: string[] = []
  view.on('ejected', ({ id }) => ejected.push(id))
  await new Promise(resolve => dead.server.close(resolve))
  const dispatcher = new ServiceDispatcher({ views: { users: view } })
  t.teardown(() => dispatcher.destroy())
  for (let i = 0; i < 10; i++) {
    const { body } = await request('http://users/', { dispatcher })
    t.equal(await body.text(), String(alive.port))
  }
  t.same(ejected, [`127.0.0.1:${dead.port}`])
  const strict = new ServiceDispatcher({ views: { users: registry.discover('/app/users') }, retries: 0 })
  t.teardown(() => strict.destroy())
  const results = await Promise.allSettled(
    [1, 2, 3, 4].map(() => request('http://users/', { dispatcher: strict })),
  )
  t.ok(
    results.some(({ status }) => status === 'rejected'),
    'without retries it fails',
  )
})

t.test('undici: answers that speak against an instance eject it; they are passed on', async t => {
  const { registry, backend } = await stage(t)
  const [sick] = [await backend(), await backend()]
  sick.status = 503
  using view = registry.discover('/app/users', { outliers: { consecutiveErrors: 2 } })
  await eventually('both', () => view.instances.length === 2)
  const dispatcher = new ServiceDispatcher({ views: { users: view } })
  t.teardown(() => dispatcher.destroy())
  const statuses: number[] = []
  for (let i = 0; i < 12; i++) {
    const { statusCode, body } = await request('http://users/', { dispatcher })
    await body.dump()
    statuses.push(statusCode)
  }
  t.equal(statuses.filter(status => status === 503).length, 2)
  t.equal(view.candidates.length, 1)
})

t.test('undici: a key in a header sticks; nobody there is an error', async t => {
  const { registry, backend } = await stage(t)
  const backends = [await backend(), await backend(), await backend()]
  using view = registry.discover('/app/users', { strategy: 'sticky' })
  await eventually('all', () => view.instances.length === 3)
  const dispatcher = new ServiceDispatcher({ views: { users: view }, keyHeader: 'X-User' })
  t.teardown(() => dispatcher.destroy())
  for (const user of ['alice', 'bob']) {
    const ports = new Set<string>()
    for (let i = 0; i < 6; i++) {
      const { body } = await request('http://users/', { dispatcher, headers: { 'x-user': user } })
      ports.add(await body.text())
    }
    t.equal(ports.size, 1)
  }
  for (const { instance } of backends) await instance.dispose()
  await eventually('nobody', () => view.instances.length === 0)
  await t.rejects(request('http://users/', { dispatcher }), { code: 'NO_CONNECTION' })
})

t.test('undici: what the caller does wrong says nothing of the instance', async t => {
  const { registry, backend } = await stage(t)
  await backend()
  await backend()
  using view = registry.discover('/app/users', { outliers: { consecutiveErrors: 1 } })
  await eventually('both', () => view.instances.length === 2)
  const dispatcher = new ServiceDispatcher({ views: { users: view } })
  t.teardown(() => dispatcher.destroy())
  async function* body(): AsyncGenerator<string, void, void> {
    yield 'begun'
    throw new Error('no more')
  }
  const post = { dispatcher, method: 'POST' } as const
  await t.rejects(request('http://users/', { dispatcher, headers: { 'no header': 'x' } }), {
    code: 'UND_ERR_INVALID_ARG',
  })
  await t.rejects(request('http://users/', { ...post, body: Readable.from(body()) }), { message: 'no more' })
  const missing = createReadStream(join(t.testdir({}), 'missing'))
  await t.rejects(request('http://users/', { ...post, body: missing }), { code: 'ENOENT' })
  await t.rejects(request('http://users/', { ...post, headers: { 'content-length': '9' }, body: 'short' }), {
    code: 'UND_ERR_REQ_CONTENT_LENGTH_MISMATCH',
  })
  await t.rejects(request('http://users/', { dispatcher, signal: AbortSignal.abort() }))
  t.equal(view.candidates.length, 2, 'none is ejected')
  t.same(
    view.instances.map(instance => view.load(instance)),
    [0, 0],
  )
})

t.test('undici: a connection that breaks under a body that streams speaks against the instance', async t => {
  const { registry, backend } = await stage(t)
  const { server } = await backend()
  server.removeAllListeners('request').on('request', ({ socket }) => socket.resetAndDestroy())
  using view = registry.discover('/app/users')
  await eventually('there', () => view.instances.length === 1)
  const failed: unknown[] = []
  view.error = instance => failed.push(instance)
  const dispatcher = new ServiceDispatcher({ views: { users: view } })
  t.teardown(() => dispatcher.destroy())
  async function* body(): AsyncGenerator<string, void, void> {
    yield 'begun'
    await new Promise(() => {})
  }
  await t.rejects(request('http://users/', { dispatcher, method: 'POST', body: Readable.from(body()) }))
  t.equal(failed.length, 1)
})

t.test(
  'undici: a request at an instance that has left is waited for by close, and ended by destroy',
  async t => {
    const { registry } = await stage(t)
    const answers: ServerResponse[] = []
    const server = createServer((_request, response) => {
      answers.push(response)
      response.write('begun ')
    })
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    t.teardown(() => {
      server.closeAllConnections()
      server.close()
    })
    const { port } = server.address() as AddressInfo
    for (const end of ['close', 'destroy'] as const) {
      const instance = await registry.register('/app/slow', { host: '127.0.0.1', port })
      using view = registry.discover('/app/slow')
      await eventually('there', () => view.instances.length === 1)
      const dispatcher = new ServiceDispatcher({ views: { slow: view } })
      const { body } = await request('http://slow/', { dispatcher })
      const text = body.text()
      await instance.dispose()
      await eventually('gone', () => view.instances.length === 0)
      const order: string[] = []
      const ending = dispatcher[end]().then(() => order.push('dispatcher'))
      const whole = text.then(
        all => order.push(all),
        () => order.push('broken off'),
      )
      if (end === 'close') answers.at(-1)?.end('and done')
      await Promise.all([ending, whole])
      const cut = ['broken off', 'dispatcher']
      t.same(end === 'close' ? order : order.sort(), end === 'close' ? ['begun and done', 'dispatcher'] : cut)
    }
  },
)
