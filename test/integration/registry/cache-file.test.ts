// The cache file with a real server that is up, down, and up again.
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { concurrently } from '../../support/concurrently.ts'
import { eventually } from '../../support/eventually.ts'
import { folder } from '../../support/folder.ts'
import { serverForAnySession } from '../../support/zookeeper.ts'
import type { Test } from '../../tap.ts'
import { t } from '../../tap.ts'
import { errorOf, proxyTo } from '../protocol/support.ts'
import type { Branch } from './support.ts'
import { branch, recorder, registryAt, settled } from './support.ts'

const { connectString: at } = await serverForAnySession(t)

const test = concurrently({ jobs: 4, timeout: 120_000 })

interface Scene extends Branch {
  readonly cacheFile: string
}

/** A branch with a service that a registry has seen, saved, and left. */
async function savedScene(t: Test): Promise<Scene> {
  const ground = await branch(t, at)
  const cacheFile = join(await folder(t), 'registry.cache')
  const { witness, servers } = ground
  await witness.create('/pool', '{"n":1}')
  for (const name of ['a', 'b']) await witness.create(`/pool/${name}`, `{"name":"${name}"}`)
  const registry = await registryAt(t, servers, { cacheFile })
  await registry.get('/pool', { childData: true })
  await registry.get('/absent')
  await registry.stop()
  return { ...ground, cacheFile }
}

test('N43, N47: the file serves a start without ZooKeeper, and only real changes are told afterwards', async t => {
  const { cacheFile, chroot, witness } = await savedScene(t)
  const proxy = await proxyTo(t, at)
  proxy.set({ kind: 'refuse' })
  const options = { cacheFile, lazy: true }
  const registry = await registryAt(t, `${proxy.connectString}${chroot}`, options)
  const { callback, seen } = recorder()
  const snapshot = await registry.get('/pool', callback)
  t.match(snapshot, { source: 'file', stale: true, data: { n: 1 }, children: ['a', 'b'], asOf: Date })
  t.same(snapshot.stat, await witness.exists('/pool'))
  const family: unknown[] = []
  const options2 = { childData: true } as const
  const whole = await registry.get('/pool', ({ childData }) => void family.push(childData), options2)
  t.match(whole, { source: 'file', stale: true })
  t.same(whole.childData.b?.data, { name: 'b' })
  t.match(await registry.get('/never seen'), { source: 'memory', stale: true, stat: null, asOf: null })
  t.match(await registry.get('/absent'), { source: 'memory', stale: true })
  proxy.set({ kind: 'pass' })
  await eventually('live', () => registry.peek('/pool', options2)?.source === 'live')
  t.equal(registry.peek('/pool')?.source, 'live')
  await settled(registry)
  t.equal(seen.length, 1, 'nothing has changed')
  t.equal(family.length, 1)
  await witness.set('/pool/b', '{"name":"new"}')
  await witness.set('/pool', '{"n":2}')
  await eventually('told', () => seen.length === 2 && family.length >= 2)
  t.match(seen[1], { source: 'live', data: { n: 2 } })
})

test('N47: a callback that throws at the snapshot of the file is called once, and the file is believed', async t => {
  const { cacheFile, chroot, witness } = await savedScene(t)
  const proxy = await proxyTo(t, at)
  proxy.set({ kind: 'refuse' })
  const registry = await registryAt(t, `${proxy.connectString}${chroot}`, { cacheFile, lazy: true })
  const warnings: unknown[] = []
  registry.on('warning', warning => warnings.push(warning))
  const seen: unknown[] = []
  const snapshot = await registry.get('/pool', ({ data }) => {
    seen.push(data?.n)
    throw new Error('a fault of the caller')
  })
  t.match(snapshot, { source: 'file', data: { n: 1 } })
  await eventually('told', () => warnings.length > 0)
  proxy.set({ kind: 'pass' })
  await eventually('live', () => registry.peek('/pool')?.source === 'live')
  await witness.set('/pool', '{"n":2}')
  await eventually('the change', () => seen.length > 1)
  t.same(seen, [1, 2])
  t.equal(warnings.length, 2)
})

test('N43: what changed while nobody looked is told once ZooKeeper is there', async t => {
  const { cacheFile, chroot, witness } = await savedScene(t)
  const proxy = await proxyTo(t, at)
  proxy.set({ kind: 'refuse' })
  const registry = await registryAt(t, `${proxy.connectString}${chroot}`, { cacheFile, lazy: true })
  const { callback, seen, last } = recorder()
  await registry.get('/pool', callback)
  await witness.create('/pool/c', '{"name":"c"}')
  proxy.set({ kind: 'pass' })
  await eventually('told', () => last()?.children.length === 3)
  t.equal(seen.length, 2)
  await registry.stop()
  t.match(await readFile(cacheFile, 'utf8'), /"children":\["a","b","c"\]/, 'stop has written it')
})

test('N43: data of another ensemble under equal zxids is told all the same', async t => {
  const { cacheFile, chroot } = await savedScene(t)
  const text = await readFile(cacheFile, 'utf8')
  const { parse, render } = await import('../../../src/registry/cache-format.ts')
  const parsed = parse(text)
  if (parsed.kind !== 'ok') throw new Error(parsed.why)
  const paths = new Map(parsed.paths)
  const saved = paths.get(`${chroot}/pool`)!
  paths.set(`${chroot}/pool`, { node: { ...saved.node!, data: '{"n":"elsewhere"}' } })
  await writeFile(cacheFile, render(paths))
  const proxy = await proxyTo(t, at)
  proxy.set({ kind: 'refuse' })
  const registry = await registryAt(t, `${proxy.connectString}${chroot}`, { cacheFile, lazy: true })
  const { callback, seen, last } = recorder()
  await registry.get('/pool', callback)
  t.equal(last()?.data?.n, 'elsewhere')
  proxy.set({ kind: 'pass' })
  await eventually('told', () => seen.length === 2)
  t.equal(last()?.data?.n, 1)
})

test('N46: a corrupt file is a cold start, with a warning for the first who listens', async t => {
  const { servers, chroot, witness } = await branch(t, at)
  const cacheFile = join(await folder(t), 'registry.cache')
  await writeFile(cacheFile, '{"format":"nd-service-registry cache","version":1,"sha2')
  const proxy = await proxyTo(t, at)
  proxy.set({ kind: 'refuse' })
  const options = { cacheFile, lazy: true, connectTimeout: 50 }
  const registry = await registryAt(t, `${proxy.connectString}${chroot}`, options)
  const warnings: unknown[] = []
  registry.on('warning', warning => warnings.push(warning))
  t.match(await registry.get('/pool'), { stale: true, source: 'memory', stat: null })
  await eventually('warned', () => warnings.length === 1)
  t.match(warnings, [{ code: 'CACHE_FILE', path: cacheFile }])
  proxy.set({ kind: 'pass' })
  await witness.create('/pool', '{"n":1}')
  await eventually('live', () => registry.peek('/pool')?.data?.n === 1)
  await registry.stop()
  t.match(await readFile(cacheFile, 'utf8'), /"sha256":"[0-9a-f]{64}"/)
  t.match(await readFile(`${cacheFile}.damaged`, 'utf8'), /"sha2$/)
  t.ok(servers)
})

test('N13, N31, N90: without connection and file, get has one shape, and goes on', async t => {
  const { chroot, witness } = await branch(t, at)
  const proxy = await proxyTo(t, at)
  proxy.set({ kind: 'refuse' })
  const cacheFile = join(await folder(t), 'registry.cache')
  const options = { cacheFile, lazy: true, connectTimeout: 50 }
  const registry = await registryAt(t, `${proxy.connectString}${chroot}`, options)
  const blank = {
    path: '/a',
    data: null,
    stat: null,
    source: 'memory',
    asOf: null,
    stale: true,
    protected: false,
  }
  for (let i = 0; i < 2; i++) {
    const snapshot = await registry.get('/a')
    t.match(snapshot, blank)
    t.strictSame(snapshot.children, [])
  }
  await witness.create('/a', '{"n":1}')
  proxy.set({ kind: 'pass' })
  await eventually('live', () => registry.peek('/a')?.data?.n === 1)
})

test('cacheFile: an option like the others', async t => {
  t.match(await errorOf(registryAt(t, at, { cacheFile: 5 as never })), { code: 'INVALID_OPTION' })
  t.match(await errorOf(registryAt(t, at, { cacheFile: '' })), { code: 'INVALID_OPTION' })
})
