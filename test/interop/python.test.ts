// The registry beside the Python package on one ensemble: each reads what the other writes, and respects its locks.
import { Buffer } from 'node:buffer'
import { randomUUID } from 'node:crypto'
import type { ZooKeeper } from '../../protocol/index.ts'
import { findPython } from '../../scripts/peers/python.ts'
import { startServer } from '../../scripts/zookeeper/server.ts'
import type { ServiceRegistryOptions } from '../../src/registry/options.ts'
import { ServiceRegistry } from '../../src/registry/service-registry.ts'
import { eventually } from '../support/eventually.ts'
import { client } from '../support/zookeeper.ts'
import type { Test } from '../tap.ts'
import { t } from '../tap.ts'
import type { PythonPeerOptions, PythonSnapshot } from './python-peer.ts'
import { PythonPeer } from './python-peer.ts'

const peers = await findPython()
const missing = typeof peers === 'string' ? peers : null
const server = missing === null ? await startServer({ tickTime: 250 }) : null
t.teardown(() => server?.stop())

interface Pair {
  readonly python: PythonPeer
  readonly ours: ServiceRegistry
  readonly witness: ZooKeeper
}

interface Options {
  readonly ours?: ServiceRegistryOptions
  readonly python?: PythonPeerOptions
}

t.jobs = 4
const test = (
  name: string,
  body: (t: Test, pair: (options?: Options) => Promise<Pair>) => Promise<void>,
): void => {
  t.test(name, { buffered: true, timeout: 60_000, skip: missing ?? false }, t =>
    body(t, options => start(t, options)),
  )
}

/** A Python peer and a registry of ours in a fresh branch of the tree. */
async function start(t: Test, { ours = {}, python = {} }: Options = {}): Promise<Pair> {
  if (typeof peers === 'string' || server === null) throw new Error('no Python')
  const chroot = `/test-${randomUUID()}`
  const admin = await client(t, server.connectString)
  t.teardown(() => admin.delete(chroot, { recursive: true }).catch(() => {}))
  await admin.create(chroot)
  const servers = `${server.connectString}${chroot}`
  const peer = await PythonPeer.start(peers, servers, { rate_limit_calls: 0, ...python })
  t.teardown(() => peer.close())
  const registry = await ServiceRegistry.connect({ sessionTimeout: 4000, ...ours, servers })
  t.teardown(() => registry.stop())
  return { python: peer, ours: registry, witness: await client(t, servers) }
}

const text = async (zk: ZooKeeper, path: string): Promise<string> =>
  Buffer.from((await zk.get(path)).data ?? []).toString('latin1')

/** The bytes without what differs from process to process and from second to second. */
const shape = (bytes: string, pid: number): string =>
  bytes
    .replace(new RegExp(`^\\{"pid":${pid},`), '{"pid":P,')
    .replace(/"created":"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d"/, '"created":"C"')

const samples: readonly (Record<string, unknown> | string | null)[] = [
  null,
  {},
  '',
  'text',
  'sch\u00f6n \u20ac \u{1f600} \u007f \u0001 \t"\\/',
  { type: 'ssh', port: 22, weight: 0.5, on: true, off: false, none: null },
  { zeta: 1, alpha: [1, 'two', { three: 3 }, []], nested: { b: {}, a: [] } },
  { '8080': 'web', b: 1, 22: 'ssh' },
  { pid: 5 },
  { created: 'never', x: 1 },
  { 'schl\u00fcssel': '\u2028' },
]

test('the bytes on the znodes are the same', async (t, pair) => {
  const { python, ours, witness } = await pair()
  for (const [i, data] of samples.entries()) {
    // JavaScript puts keys that look like integers first, in its objects; Python gets them in that order too.
    await python.call('set_node', { path: `/python/${i}`, data })
    await python.call('set_data', { path: `/python-data/${i}`, data })
    await ours.setNode(`/ours/${i}`, data)
    await ours.setData(`/ours-data/${i}`, data)
    for (const kind of ['', '-data']) {
      const theirs = shape(await text(witness, `/python${kind}/${i}`), python.pid)
      t.equal(shape(await text(witness, `/ours${kind}/${i}`), process.pid), theirs)
      if (data === null) t.equal(theirs, '{"pid":P,"created":"C"}')
    }
  }
  for (const side of ['ours', 'python']) {
    t.ok((await witness.exists(`/${side}/0`))?.ephemeralOwner)
    t.equal((await witness.exists(`/${side}-data/0`))?.ephemeralOwner, 0n)
  }
})

test('Python reads what we register, and is told of changes', async (t, pair) => {
  const { python, ours } = await pair()
  await ours.setNode('/pool/a:1', { type: 'ssh' })
  await ours.setNode('/pool/b:1', 'text')
  const pool = await python.call<PythonSnapshot>('watch', { path: '/pool' })
  t.same(pool.children, ['a:1', 'b:1'])
  const node = await python.call<PythonSnapshot>('watch', { path: '/pool/a:1' })
  t.match(node.data, { pid: process.pid, created: String, type: 'ssh' })
  t.match((await python.call<PythonSnapshot>('get', { path: '/pool/b:1' })).data, { string_value: 'text' })
  await ours.setNode('/pool/a:1', { type: 'web' })
  await ours.setNode('/pool/c:1')
  await ours.unset('/pool/b:1')
  const newest = (path: string): PythonSnapshot | undefined =>
    python.changes.filter(change => change.path === path).at(-1)?.snapshot
  await eventually('the change', () => newest('/pool/a:1')?.data?.type === 'web')
  await eventually('the children', () => newest('/pool')?.children.join() === 'a:1,c:1')
})

test('we read what Python registers, and are told of changes', async (t, pair) => {
  const { python, ours } = await pair({ python: { timeout: 2 } })
  let newest: readonly string[] = []
  await ours.get('/pool', ({ children }) => {
    newest = children
  })
  await python.call('set_node', { path: '/pool/a:1', data: { type: 'ssh', big: 5 } })
  await python.call('set_node', { path: '/pool/b:1', data: 'text' })
  await python.call('set_data', { path: '/config', data: { list: [1, 2] } })
  await eventually('both', () => newest.join() === 'a:1,b:1')
  let type: unknown
  const { data } = await ours.get('/pool/a:1', snapshot => {
    type = snapshot.data?.type
  })
  t.match(data, { pid: python.pid, created: String, type: 'ssh', big: 5 })
  t.match((await ours.get('/pool/b:1')).data, { string_value: 'text' })
  t.match((await ours.get('/config')).data, { list: [1, 2] })
  await python.call('set_node', { path: '/pool/a:1', data: { type: 'web' } })
  await eventually('the change', () => type === 'web')
  await python.kill()
  await eventually('its nodes go with its session', () => newest.length === 0)
})

test('data that only Python writes is read', async (t, pair) => {
  const { python, ours } = await pair()
  const raw = async (path: string, json: string): Promise<unknown> => {
    await python.call('write', { path, data: Buffer.from(json).toString('base64') })
    return (await ours.get(path)).data
  }
  t.same(await raw('/nan', '{"a":NaN,"b":-Infinity,"c":12345678901234567890}'), {
    a: Number.NaN,
    b: Number.NEGATIVE_INFINITY,
    c: 12345678901234567890n,
  })
  t.same(await raw('/blank', ' \n'), {})
  t.same(await raw('/list', '[1]'), { string_value: '[1]' })
})

test('with a name and a password, both make the same ACLs', async (t, pair) => {
  const secret = { username: 'al', password: 's3cret:with colon' }
  const { python, ours } = await pair({ ours: secret, python: secret })
  await python.call('set_node', { path: '/python/x/y/host:1' })
  await python.call('set_node', { path: '/python1/host:1' })
  await python.call('set_data', { path: '/python2/x/data', data: 'x' })
  await ours.setNode('/ours/x/y/host:1')
  await ours.setNode('/ours1/host:1')
  await ours.setData('/ours2/x/data', 'x')
  type Entry = readonly [number, string, string]
  const acl = async (path: string): Promise<readonly Entry[]> =>
    (await ours.client.getAcl(path)).acl.map(({ perms, id }) => [perms, id.scheme, id.id] as const)
  for (const path of ['', '/x', '/x/y', '/x/y/host:1', '1', '1/host:1', '2', '2/x', '2/x/data']) {
    t.same(await acl(`/ours${path}`), await acl(`/python${path}`), path)
  }
  const own = await acl('/ours/x/y/host:1')
  t.match(own, [
    [31, 'digest', /^al:/],
    [1, 'world', 'anyone'],
  ])
  t.same((await python.call<{ acl: readonly Entry[] }>('read', { path: '/ours1/host:1' })).acl, own)
  t.same(await acl('/ours/x'), [[31, 'world', 'anyone']])
  t.equal(await ours.unset('/python2/x/data', { force: true }), true, 'each may delete what the other made')
  await python.call('unset', { path: '/ours2/x/data' })
})

test('a lock that Python holds is not ours, and the other way round', async (t, pair) => {
  const { python, ours, witness } = await pair({ python: { timeout: 2 } })
  t.equal(await python.call('acquire_lock', { path: '/lock', name: 'python', wait: 0.3 }), true)
  t.equal(await ours.acquireLock('/lock', { name: 'ours', wait: 0 }), false)
  t.equal(await ours.acquireLock('/lock', { wait: 200 }), false)
  const waiting = ours.acquireLock('/lock', { wait: 30_000 })
  await eventually('in line', async () => (await witness.getChildren('/lock-__lock__')).children.length === 1)
  await python.call('release_lock', { path: '/lock' })
  t.equal(await waiting, true, 'handed over while we wait')
  t.equal(await python.call('acquire_lock', { path: '/lock', name: 'python', wait: 0.3 }), false)
  const { children } = await witness.getChildren('/lock')
  t.equal(children.length, 1)
  t.match(children[0], /^[0-9a-f]{32}$/)
  t.equal(await text(witness, `/lock/${children[0]}`), 'ours')
  await ours.releaseLock('/lock')
  t.equal(await python.call('acquire_lock', { path: '/lock', name: 'python', wait: 0.3 }), true)
  await python.kill()
  t.equal(
    await ours.acquireLock('/lock', { wait: 30_000 }),
    true,
    'a crashed process loses it with its session',
  )
})

test('Python waits for our lease as for its own, in one line', async (t, pair) => {
  const { python, ours, witness } = await pair()
  await ours.acquireLock('/lock')
  const order: string[] = []
  const waiting = [
    python
      .call('recipe_acquire', { handle: 'h', recipe: 'Semaphore', path: '/lock', identifier: 'py' })
      .then(() => order.push('python')),
  ]
  const inLine = (count: number): Promise<unknown> =>
    eventually(`${count} in line`, async () => {
      return (await witness.getChildren('/lock-__lock__')).children.length === count
    })
  await inLine(1)
  waiting.push(
    ours.withLock('/lock', { wait: 30_000 }, async () => {
      order.push('ours')
      return 0
    }),
  )
  await inLine(2)
  await ours.releaseLock('/lock')
  await eventually('Python has it', () => order.length === 1)
  t.same(await python.call('recipe_contenders', { handle: 'h' }), ['py'])
  await python.call('recipe_release', { handle: 'h' })
  await Promise.all(waiting)
  t.same(order, ['python', 'ours'])
})

test('two leases: one for each, none for a third; another number is refused by both', async (t, pair) => {
  const { python, ours, witness } = await pair()
  const two = { path: '/lock', simultaneous: 2, wait: 5 }
  t.equal(await python.call('acquire_lock', two), true)
  t.equal(await ours.acquireLock('/lock', { simultaneous: 2, wait: 0 }), true)
  t.equal(await text(witness, '/lock'), '2')
  const third = await ours.withLock('/lock', { simultaneous: 2, wait: 0 }, () => 0).catch(error => error.code)
  t.equal(third, 'LOCK_NOT_ACQUIRED')
  const other = await ours.acquireLock('/lock', { simultaneous: 3, wait: 0 }).catch(error => error.code)
  t.equal(other, 'LEASES_MISMATCH')
  await ours.withLock('/ours', { simultaneous: 3 }, async () => {
    const refused = await python
      .call('recipe_acquire', { handle: 'r', recipe: 'Semaphore', path: '/ours', max_leases: 2 })
      .catch(error => error.name)
    t.equal(refused, 'ValueError')
    const agreed = { handle: 'a', recipe: 'Semaphore', path: '/ours', max_leases: 3, timeout: 5 }
    t.equal(await python.call('recipe_acquire', agreed), true)
  })
  await ours.releaseLock('/lock')
  t.equal(await ours.withLock('/lock', { simultaneous: 2, wait: 0 }, () => 7), 7)
})

test('both register one path: the owner keeps it, and the tree is not flooded', async (t, pair) => {
  const { python, ours, witness } = await pair()
  await ours.setNode('/pool/a', { from: 'ours' })
  await python.call('set_node', { path: '/pool/a', data: { from: 'python' } })
  const before = (await witness.exists('/pool/a'))!
  await new Promise(resolve => setTimeout(resolve, 2000))
  const after = (await witness.exists('/pool/a'))!
  t.equal(after.ephemeralOwner, ours.client.sessionId)
  t.ok(after.version - before.version < 60, `${after.version - before.version} writes in two seconds`)
})
