// Views that begin with the cache file while ZooKeeper is down, and become true when it answers.
import { spawn } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { parse, render } from '../../../src/registry/cache-format.ts'
import type { View } from '../../../src/registry/discovery/view.ts'
import type { DiscoverOptions } from '../../../src/registry/discovery/view-options.ts'
import type { ServiceRegistry } from '../../../src/registry/service-registry.ts'
import type { FaultProxy } from '../../../src/testing/index.ts'
import { scriptArgs } from '../../support/child.ts'
import { eventually } from '../../support/eventually.ts'
import { folder } from '../../support/folder.ts'
import { serverForAnySession } from '../../support/zookeeper.ts'
import type { Test } from '../../tap.ts'
import { t } from '../../tap.ts'
import { proxyTo } from '../protocol/support.ts'
import type { Branch } from './support.ts'
import { branch, registryAt } from './support.ts'

const { connectString: at } = await serverForAnySession(t)

t.jobs = 4
const test = (name: string, body: (t: Test) => Promise<void>): void => {
  t.test(name, { buffered: true, timeout: 120_000 }, body)
}

interface Ground extends Branch {
  readonly cacheFile: string
}

/** A branch with two instances, and a file for the cache. */
async function ground(t: Test): Promise<Ground> {
  const place = await branch(t, at)
  for (const id of ['a:1', 'b:1']) await place.witness.create(`/web/${id}`, '{"zone":"x"}', { parents: true })
  return { ...place, cacheFile: join(await folder(t), 'registry.cache') }
}

/** The same, seen and saved by a registry that has ended. */
async function saved(t: Test, options: DiscoverOptions = {}): Promise<Ground> {
  const place = await ground(t)
  const registry = await registryAt(t, place.servers, { cacheFile: place.cacheFile })
  using view = registry.discover('/web', options)
  await view.ready
  await registry.stop()
  return place
}

interface Cold {
  readonly registry: ServiceRegistry
  readonly proxy: FaultProxy
  readonly view: View
  readonly told: string[]
  readonly warnings: unknown[]
  ids(): string[]
}

/** A registry that cannot reach ZooKeeper yet, with a view. */
async function cold(t: Test, { chroot, cacheFile }: Ground, options: DiscoverOptions = {}): Promise<Cold> {
  const proxy = await proxyTo(t, at)
  proxy.set({ kind: 'refuse' })
  const registry = await registryAt(t, `${proxy.connectString}${chroot}`, { cacheFile, lazy: true })
  const warnings: unknown[] = []
  registry.on('warning', warning => warnings.push(warning))
  const view = registry.discover('/web', options)
  t.teardown(() => view.dispose())
  const told: string[] = []
  for (const name of ['added', 'updated', 'removed'] as const) {
    view.on(name, ({ type, instance }) => told.push(`${type} ${instance.id}`))
  }
  return { registry, proxy, view, told, warnings, ids: () => view.instances.map(({ id }) => id) }
}

const live = (view: View): Promise<true> => eventually('live', () => view.source === 'live')

test('N43: discover: a start without ZooKeeper begins with the file, and only real changes are told', async t => {
  const place = await saved(t)
  const { proxy, view, told, warnings, ids } = await cold(t, place)
  await view.ready
  t.match(view, { source: 'file', stale: true })
  t.ok(view.asOf! <= new Date())
  t.same(ids(), ['a:1', 'b:1'])
  t.equal(view.pick()?.zone, 'x')
  t.same(told.splice(0).sort(), ['added a:1', 'added b:1'])
  await place.witness.set('/web/b:1', '{"zone":"y"}')
  await place.witness.create('/web/c:1', '{}')
  proxy.set({ kind: 'pass' })
  await live(view)
  t.equal(view.stale, false)
  t.same(told.sort(), ['added c:1', 'updated b:1'], 'nothing of the one that stayed')
  t.same(warnings, [])
})

test('N43: discover: what is equal under other zxids is no change, and what differs under equal ones is', async t => {
  const place = await saved(t)
  const parsed = parse(await readFile(place.cacheFile, 'utf8'))
  if (parsed.kind !== 'ok') throw new Error(parsed.why)
  const { listing } = parsed.paths.get(`${place.chroot}/web`)!
  const { 'a:1': a, 'b:1': b } = listing!.nodes
  const other = Buffer.from('{"zone":"elsewhere"}').toString('base64')
  const nodes = { 'a:1': { ...a!, czxid: '1' }, 'b:1': { ...b!, data: other } }
  await writeFile(
    place.cacheFile,
    render(new Map([[`${place.chroot}/web`, { listing: { asOf: 1, nodes } }]])),
  )
  const { proxy, view, told } = await cold(t, place)
  await view.ready
  t.equal(view.instances[1]?.zone, 'elsewhere')
  t.equal(view.asOf?.getTime(), 1)
  told.length = 0
  proxy.set({ kind: 'pass' })
  await live(view)
  t.same(told, ['updated b:1'])
})

test('H37: discover: an ensemble that has lost everything does not empty a view that began with the file', async t => {
  const place = await saved(t, { minInstances: 1 })
  await place.witness.delete('/web', { recursive: true })
  const { registry, proxy, view, ids } = await cold(t, place, { minInstances: 1, holdDown: Infinity })
  await view.ready
  proxy.set({ kind: 'pass' })
  await live(view)
  t.same(ids(), ['a:1', 'b:1'])
  t.equal(view.stale, true)
  await registry.stop()
  const again = await cold(t, place)
  await again.view.ready
  t.same(again.ids(), ['a:1', 'b:1'], 'and the file keeps it')
})

test('H37: discover: a list that is held back does not replace the good one in the file', async t => {
  const place = await ground(t)
  const registry = await registryAt(t, place.servers, { cacheFile: place.cacheFile })
  using view = registry.discover('/web', { minInstances: 2, holdDown: Infinity })
  await view.ready
  await place.witness.delete('/web/a:1')
  await eventually('held back', () => view.stale && view.source === 'live')
  await registry.stop()
  const { view: later, ids } = await cold(t, place)
  await later.ready
  t.same(ids(), ['a:1', 'b:1'])
})

test('N46: discover: a damaged file is a start that waits for ZooKeeper', async t => {
  const place = await saved(t)
  const text = await readFile(place.cacheFile, 'utf8')
  await writeFile(place.cacheFile, text.slice(0, -20))
  const { registry, proxy, view, told, warnings, ids } = await cold(t, place)
  await eventually('warned', () => warnings.length > 0)
  t.match(warnings, [{ code: 'CACHE_FILE', path: place.cacheFile }])
  t.match(view, { source: 'memory', stale: true, asOf: null })
  t.same(told, [])
  proxy.set({ kind: 'pass' })
  await view.ready
  t.same([view.source, ids()], ['live', ['a:1', 'b:1']])
  await registry.stop()
  t.equal(await readFile(`${place.cacheFile}.damaged`, 'utf8'), text.slice(0, -20))
  t.match(await readFile(place.cacheFile, 'utf8'), /"listing":/)
})

test('N45: discover: a process that is killed while it saves leaves a file that can be begun with', async t => {
  const place = await ground(t)
  const script = fileURLToPath(new URL('children/viewer.ts', import.meta.url))
  const child = spawn(process.execPath, scriptArgs(script, [place.servers, '/web', place.cacheFile]), {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, NODE_OPTIONS: '' },
  })
  t.teardown(() => child.kill('SIGKILL'))
  const ended = new Promise<void>(resolve => child.once('close', () => resolve()))
  let changes = 0
  createInterface({ input: child.stdout }).on('line', () => changes++)
  await eventually('it sees both', () => changes > 0, 90_000)
  let n = 0
  const listing = async (): Promise<boolean> => {
    await place.witness.set('/web/a:1', `{"zone":"x","weight":${++n}}`)
    return (await readFile(place.cacheFile, 'utf8').catch(() => '')).includes('"listing":')
  }
  await eventually('the file is there, and written again and again', listing, 30_000)
  child.kill('SIGKILL')
  await ended
  const { view, ids, warnings } = await cold(t, place)
  await view.ready
  t.same([view.source, ids(), warnings], ['file', ['a:1', 'b:1'], []])
})

test('discover: the bytes of other formats are kept too', async t => {
  const place = await branch(t, at)
  const cacheFile = join(await folder(t), 'registry.cache')
  const registry = await registryAt(t, place.servers, { cacheFile })
  await registry.register('/web', { host: 'h', port: 1, data: { n: 1 } }, { format: 'curator' })
  using view = registry.discover('/web', { format: 'curator' })
  await eventually('seen', () => view.instances.length === 1)
  await registry.stop()
  const { view: later } = await cold(t, { ...place, cacheFile }, { format: 'curator' })
  await later.ready
  t.match(later.instances, [{ host: 'h', port: 1, data: { n: 1 } }])
  t.equal(later.source, 'file')
})

test('discover: without a file, or with one that does not know the path, a view waits', async t => {
  const place = await saved(t)
  const { registry, proxy, view } = await cold(t, place)
  await view.ready
  using unknown = registry.discover('/unknown')
  let ready = false
  void unknown.ready.then(() => {
    ready = true
  })
  await registry.get('/unknown')
  t.same([ready, unknown.asOf, unknown.source], [false, null, 'memory'])
  proxy.set({ kind: 'pass' })
  await unknown.ready
  t.equal(unknown.source, 'live')
})

test('discover: a link that is cut before the first answer does not keep the file from being used', async t => {
  const place = await saved(t)
  const proxy = await proxyTo(t, at)
  const options = { cacheFile: place.cacheFile, lazy: true }
  const registry = await registryAt(t, `${proxy.connectString}${place.chroot}`, options)
  proxy.filter(frame => (frame.kind === 'reply' ? 'drop' : 'pass'))
  using view = registry.discover('/web')
  t.equal(view.asOf, null)
  proxy.set({ kind: 'refuse' })
  proxy.cut()
  await view.ready
  t.match(view, { source: 'file', stale: true })
})
