// A registry and its connection: first connect, lazy, read-only, state callbacks, stop, and calls that cannot work.
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { OpCode } from '../../../protocol/opcodes.ts'
import { NoConnectionError, ReadOnlyError, ServiceRegistryError } from '../../../src/registry/errors.ts'
import { ServiceRegistry } from '../../../src/registry/service-registry.ts'
import { programArgs } from '../../support/child.ts'
import { concurrently } from '../../support/concurrently.ts'
import { eventually } from '../../support/eventually.ts'
import { serverForAnySession } from '../../support/zookeeper.ts'
import { t } from '../../tap.ts'
import { errorOf, proxyTo, renewed } from '../protocol/support.ts'
import { branch, ownedBy, proxiedRegistry, recorder, registryAt, takeDown } from './support.ts'

const server = await serverForAnySession(t)
const at = server.connectString

const test = concurrently({ jobs: 8, timeout: 120_000 })

test('N5: without a server, connect rejects in time and leaves nothing', async t => {
  const proxy = await proxyTo(t, at)
  proxy.set({ kind: 'refuse' })
  const error = await errorOf(ServiceRegistry.connect({ servers: proxy.connectString, connectTimeout: 300 }))
  t.ok(error instanceof NoConnectionError)
  t.ok(error instanceof ServiceRegistryError)
  t.match(error, { code: 'NO_CONNECTION', message: 'Could not connect to Zookeeper', cause: Error })
  // The last attempt may have been on its way.
  const attempts = (): number => proxy.refused + proxy.accepted
  const before = attempts()
  proxy.set({ kind: 'pass' })
  await new Promise(resolve => setTimeout(resolve, 300))
  t.ok(attempts() <= before + 1, 'nobody goes on trying')
  await eventually('no connection', () => proxy.connections === 0)
})

/** Runs a program against the sources; resolves with its exit code and what it printed. */
async function run(program: string): Promise<{ code: number | null; output: string }> {
  const index = new URL('../../../src/index.ts', import.meta.url)
  const text = `import { ServiceRegistry } from ${JSON.stringify(index.href)}\n${program}`
  const child = spawn(process.execPath, programArgs(text), {
    cwd: fileURLToPath(new URL('../../..', import.meta.url)),
    env: { ...process.env, NODE_OPTIONS: '' },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', data => (output += data))
  const timer = setTimeout(() => child.kill('SIGKILL'), 100_000)
  const code = await new Promise<number | null>(resolve => child.once('close', resolve))
  clearTimeout(timer)
  return { code, output: output.trim() }
}

test('a process whose connect failed, or that stopped in the middle of everything, ends by itself', async t => {
  const proxy = await proxyTo(t, at)
  proxy.set({ kind: 'refuse' })
  const { servers } = await branch(t, at)
  const failed = run(`
    const options = { servers: '${proxy.connectString}', timeout: 200 }
    await ServiceRegistry.connect(options).catch(error => console.log(error.code))
    const lazy = await ServiceRegistry.connect({ ...options, lazy: true })
    console.log((await lazy.get('/a', () => {})).stale)
    await lazy.stop()
  `)
  const stopped = run(`
    const registry = await ServiceRegistry.connect({ servers: '${servers}' })
    await registry.setNode('/n', { n: 1 })
    await registry.get('/n', () => {})
    const lock = registry.getLock('/lock')
    await lock.acquire()
    const calls = [
      registry.setNode('/m'), registry.setData('/d', 'x'), registry.get('/g'), registry.unset('/n'),
      registry.withLock('/lock', {}, () => {}), registry.watch('/w').next(), registry.watch('/w').next(),
    ]
    const all = Promise.allSettled(calls)
    const view = registry.discover('/service', { minInstances: 1 })
    await registry.setNode('/service/host:1')
    while (view.instances.length === 0) await new Promise(resolve => setImmediate(resolve))
    await registry.unset('/service/host:1')
    while (!view.stale) await new Promise(resolve => setImmediate(resolve))
    await registry.stop()
    const kinds = (await all).map(({ status }) => status)
    console.log(kinds.length, lock.status(), registry.getState())
  `)
  t.same(await failed, { code: 0, output: 'NO_CONNECTION\ntrue' })
  t.same(await stopped, { code: 0, output: '7 false false' })
})

test('N5: lazy: no server is no error, and everything begins when there is one', async t => {
  const { chroot, witness } = await branch(t, at)
  const proxy = await proxyTo(t, at)
  proxy.set({ kind: 'refuse' })
  const servers = `${proxy.connectString}${chroot}`
  const registry = await registryAt(t, servers, { lazy: true, connectTimeout: 200, sessionTimeout: 20_000 })
  t.equal(registry.getState(), false)
  const states: boolean[] = []
  registry.getState(up => states.push(up))
  const { callback, seen, last } = recorder()
  const first = await registry.get('/a', callback)
  t.match(first, { data: null, stat: null, source: 'memory', stale: true, asOf: null })
  t.match(await errorOf(registry.setNode('/n')), { name: 'NoConnectionError' })
  t.match(await errorOf(registry.setData('/d')), { name: 'NoConnectionError' })
  t.match(await errorOf(registry.unset('/d')), { name: 'NoConnectionError' })
  t.match(await errorOf(registry.acquireLock('/l')), { name: 'NoConnectionError' })
  t.throws(() => registry.getLock('/l'), { name: 'NoConnectionError' })
  await registry.setUsername('al')
  await registry.setPassword('one')
  await witness.create('/a', '{"n":1}')
  proxy.set({ kind: 'pass' })
  await eventually('the first truth', () => last()?.data?.n === 1)
  t.equal(seen.length, 2)
  t.same(states, [false, true])
  t.match(await registry.get('/a'), { source: 'live', stale: false })
  await registry.setNode('/n')
  await ownedBy(witness, '/n', registry)
  t.equal((await registry.client.getAcl('/n')).acl.length, 2, 'the credentials that were set meanwhile')
})

test('readOnly refuses every write before anything is sent', async t => {
  const { registry, witness, requests } = await proxiedRegistry(t, at, { readOnly: true })
  await witness.create('/a', '{"n":1}')
  t.match(await registry.get('/a'), { data: { n: 1 } })
  const before = requests.length
  const calls = [
    registry.setNode('/n'),
    registry.setData('/a', { n: 2 }),
    registry.unset('/a', { force: true }),
    registry.acquireLock('/l'),
    registry.withLock('/l', {}, () => t.fail('it ran')),
  ]
  for (const call of calls) {
    const error = await errorOf(call)
    t.ok(error instanceof ReadOnlyError)
    t.match(error, { code: 'READ_ONLY' })
  }
  t.throws(() => registry.getLock('/l'), { code: 'READ_ONLY' })
  t.equal(requests.length, before)
  t.match(await witness.exists('/a'), { version: 0 })
})

test('N68: state callbacks are called now and on every change, and never twice alike', async t => {
  const { registry, proxy } = await proxiedRegistry(t, at)
  const states: boolean[] = []
  const events: boolean[] = []
  const callback = (up: boolean): void => void states.push(up)
  registry.on('state', up => events.push(up))
  registry.on('warning', () => {})
  registry.getState(() => {
    throw new Error('in a callback')
  })
  registry.getState(async () => {
    throw new Error('in an async callback')
  })
  t.equal(registry.getState(callback), true)
  t.equal(registry.getState(callback), true)
  t.same(states, [true])
  await takeDown(registry, proxy)
  proxy.set({ kind: 'pass' })
  await eventually('up', () => registry.getState())
  await renewed(registry.client, at)
  await registry.stop()
  t.ok(states.length >= 4)
  t.same(
    states,
    states.map((_, i) => i % 2 === 0),
    'they alternate',
  )
  t.same(events, states.slice(1))
  t.equal(states.at(-1), false)
})

test('N8: stop in every state, any number of times, is the end', async t => {
  const { registry, proxy, witness } = await proxiedRegistry(t, at)
  await registry.setNode('/n')
  const lock = registry.getLock('/l')
  await lock.acquire()
  const { signal } = lock
  await Promise.all([registry.stop(), registry.stop(), registry[Symbol.asyncDispose]()])
  await registry.stop()
  t.equal(await witness.exists('/n'), null, 'the session is closed, and its nodes are gone at once')
  t.same((await witness.getChildren('/l')).children, [])
  t.equal(signal?.aborted, true)
  await eventually('no connection', () => proxy.connections === 0)
  const { accepted } = proxy
  for (const call of [
    registry.get('/a'),
    registry.setNode('/n'),
    registry.setData('/d'),
    registry.unset('/n'),
    registry.acquireLock('/l'),
    registry.withLock('/l', {}, () => {}),
  ]) {
    t.match(await errorOf(call), { code: 'STOPPED' })
  }
  t.equal(await registry.releaseLock('/l'), true)
  t.equal(registry.getState(), false)
  t.equal(proxy.accepted, accepted)
  const down = await proxiedRegistry(t, at, { sessionTimeout: 4000 })
  down.proxy.set({ kind: 'blackHole', direction: 'both' })
  await down.registry.stop()
})

test('what cannot work is a typed error before anything is sent', async t => {
  const { registry, requests } = await proxiedRegistry(t, at)
  await registry.get('/')
  const before = requests.length
  const bad = <T>(value: unknown): T => value as T
  const paths = ['', 'a', '/a/', '//a', '/a/../b', '/a\u0000b', '/.']
  for (const path of paths) {
    const calls = { get: registry.get(path), setNode: registry.setNode(path), unset: registry.unset(path) }
    const more = { ...calls, setData: registry.setData(path), acquire: registry.acquireLock(path) }
    for (const [name, call] of Object.entries(more)) {
      t.match(
        await errorOf(call),
        { name: 'InvalidPathError', code: 'INVALID_PATH' },
        `${name} ${JSON.stringify(path)}`,
      )
    }
  }
  for (const path of [undefined, null, 5, {}, ['/a']]) {
    for (const call of [
      registry.get(bad(path)),
      registry.setNode(bad(path)),
      registry.acquireLock(bad(path)),
    ]) {
      t.match(await errorOf(call), { code: 'INVALID_ARGUMENT' }, String(path))
    }
  }
  const circle: Record<string, unknown> = {}
  circle.self = circle
  const huge = 'x'.repeat(2 * 1024 * 1024)
  const kinds = [
    5,
    true,
    [],
    [1],
    new Uint8Array(3),
    new Date(),
    circle,
    { n: Number.NaN },
    new Map([['a', 1]]),
    { a: () => 1 },
    () => {},
  ]
  for (const data of [...kinds, huge, { huge }, Symbol('x')]) {
    t.match(await errorOf(registry.setNode('/a', bad(data))), { code: 'INVALID_DATA' }, typeof data)
    t.match(await errorOf(registry.setData('/a', bad(data))), { code: 'INVALID_DATA' }, typeof data)
  }
  for (const options of [{ timeout: '5' }, { timeout: Number.NaN }, { signal: 5 }, { state: 1 }, null]) {
    t.match(await errorOf(registry.setNode('/a', {}, bad(options))), { code: 'INVALID_OPTION' })
    t.match(await errorOf(registry.setData('/a', {}, bad(options))), { code: 'INVALID_OPTION' })
  }
  t.match(await errorOf(registry.get('/a', bad(5) as never)), { code: 'INVALID_OPTION' })
  t.match(await errorOf(registry.addCallback('/a', bad('f') as never)), { code: 'INVALID_OPTION' })
  t.throws(() => registry.getState(bad({})), { code: 'INVALID_OPTION' })
  t.match(await errorOf(registry.setUsername(bad(5))), { code: 'INVALID_OPTION' })
  for (const options of [
    { simultaneous: 0 },
    { simultaneous: 1.5 },
    { name: 5 },
    { wait: -1 },
    { wait: 'x' },
  ]) {
    const acquiring = errorOf(registry.acquireLock('/l', bad(options)))
    t.match(await acquiring, { code: 'INVALID_OPTION' }, JSON.stringify(options))
    const running = errorOf(registry.withLock('/l', bad(options), () => t.fail('it ran')))
    t.match(await running, { code: 'INVALID_OPTION' }, JSON.stringify(options))
  }
  t.same(
    requests.slice(before).map(({ opcode }) => opcode),
    [],
  )
  t.notOk(requests.some(({ opcode }) => opcode === OpCode.setData))
})

test('N1: connect refuses options that cannot work', async t => {
  for (const options of [5, null, { servers: 5 }, { readOnly: 'no' }, { acl: [] }, { timeout: -1 }]) {
    t.match(await errorOf(ServiceRegistry.connect(options as object)), { code: 'INVALID_OPTION' })
  }
  t.match(await errorOf(ServiceRegistry.connect({ servers: ':x' })), { code: 'INVALID_CONNECT_STRING' })
})
