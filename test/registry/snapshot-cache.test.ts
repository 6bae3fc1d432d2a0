// What is kept in the cache file, and when it is written, on a clock that the test moves.
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { SavedPaths } from '../../src/registry/cache-format.ts'
import { parse, render } from '../../src/registry/cache-format.ts'
import { SnapshotCache } from '../../src/registry/snapshot-cache.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { FakeSource } from '../support/fake-source.ts'
import { folder } from '../support/folder.ts'
import { aStat } from '../support/scripted-server.ts'
import type { Test } from '../tap.ts'
import { t } from '../tap.ts'

interface Scene {
  readonly file: string
  readonly clock: FakeClock
  readonly cache: SnapshotCache
  readonly source: FakeSource
  readonly warnings: unknown[]
  saved(): Promise<SavedPaths>
}

async function scene(t: Test, chroot = ''): Promise<Scene> {
  const file = join(await folder(t), 'registry.cache')
  const [clock, source] = [new FakeClock(), new FakeSource()]
  const warnings: unknown[] = []
  const cache = new SnapshotCache({ file, chroot, clock, warn: error => warnings.push(error) })
  cache.keep(source)
  const saved = async (): Promise<SavedPaths> => {
    const parsed = parse(await readFile(file, 'utf8').catch(() => ''))
    if (parsed.kind !== 'ok') throw new Error(parsed.why)
    return parsed.paths
  }
  return { file, clock, cache, source, warnings, saved }
}

t.test('N43: saver: many changes are one write, a moment later, and stop writes at once', async t => {
  const { cache, clock, source, saved } = await scene(t)
  source.show({ data: { n: 1 } })
  source.show({ data: { n: 2 } })
  t.equal(clock.scheduled, 1)
  await clock.advance(499)
  t.equal((await saved()).size, 0)
  await clock.advance(1)
  t.equal(clock.scheduled, 0)
  await cache.flush()
  t.equal((await saved()).get('/a')?.node?.data, '{"n":2}')
  source.show({ data: { n: 3 } })
  await cache.flush()
  t.equal((await saved()).get('/a')?.node?.data, '{"n":3}')
  t.equal(clock.scheduled, 0)
})

t.test('N44: saver: neither an absent node nor an empty one replaces what is there', async t => {
  const { cache, source, saved } = await scene(t)
  source.show({ children: ['x', 'y'] })
  await cache.flush()
  source.show({ children: [] })
  await cache.flush()
  source.show({ stat: null })
  await cache.flush()
  t.strictSame((await saved()).get('/a')?.node?.children, ['x', 'y'])
  source.show({ children: [], data: { n: 1 } })
  await cache.flush()
  t.match((await saved()).get('/a')?.node, { children: { length: 0 }, data: '{"n":1}' })
})

t.test('N44: saver: what came from the file is not written as news', async t => {
  const { cache, source, saved } = await scene(t)
  source.show({ data: { n: 1 } }, { source: 'file', stale: true })
  await cache.flush()
  t.equal((await saved()).size, 0)
})

t.test('N48: recall: content, Stat and children as they were, with their time', async t => {
  const { file, cache, source } = await scene(t, '/app')
  const stat = { ...aStat, ephemeralOwner: 2n ** 60n + 1n }
  const childData = { x: { data: { port: 12345678901234567890n }, stat }, y: { data: null, stat: null } }
  source.show({ data: { n: 1 }, children: ['x', 'y'], childData, stat })
  await cache.flush()
  const later = new SnapshotCache({ file, chroot: '/app', warn: error => t.fail(String(error)) })
  const remembered = await later.recall('/a')
  t.strictSame(remembered?.content, { path: '/a', data: { n: 1 }, stat, children: ['x', 'y'] })
  t.strictSame({ ...remembered?.family?.childData }, childData)
  t.equal(remembered?.asOf, 1)
  t.equal(await later.filled(), true)
  t.equal(await later.recall('/b'), null)
  const elsewhere = new SnapshotCache({ file, chroot: '', warn: error => t.fail(String(error)) })
  t.equal(await elsewhere.recall('/a'), null, 'another chroot, another path')
  t.ok(await elsewhere.recall('/app/a'))
})

t.test('N46: recall: an entry that makes no sense is a warning, and the others are good', async t => {
  const { file, cache, warnings } = await scene(t)
  const node = { data: '{"n":1}', stat: null, children: [], asOf: 1 }
  const odd = { ...node, stat: { czxid: 'x' } } as never
  await writeFile(
    file,
    render(
      new Map([
        ['/odd', { node: odd }],
        ['/good', { node }],
      ]),
    ),
  )
  t.equal(await cache.recall('/odd'), null)
  t.match(warnings, [{ code: 'CACHE_FILE', path: '/odd' }])
  t.match(await cache.recall('/good'), { content: { data: { n: 1 } } })
})

t.test('N45: saver: a write that failed is made up for, and what others lost is written again', async t => {
  const { file, cache, source, saved, warnings } = await scene(t)
  await writeFile(file, 'of somebody else')
  source.show({ data: { n: 1 } })
  await cache.flush()
  t.match(warnings, [{ code: 'CACHE_FILE' }])
  await writeFile(file, '')
  await cache.flush()
  t.equal((await saved()).get('/a')?.node?.data, '{"n":1}')
  await writeFile(file, '')
  const other = new FakeSource()
  cache.keep(other)
  other.show({ path: '/other', data: {} })
  await cache.flush()
  t.strictSame([...(await saved()).keys()].sort(), ['/a', '/other'])
})

t.test(
  'N44: saver: the nodes of views are kept beside the rest, and an empty list does not replace them',
  async t => {
    const { cache, clock, source, saved, file } = await scene(t, '/app')
    const nodes = new Map([['x', { data: new TextEncoder().encode('{}'), czxid: 4n, mzxid: 5n }]])
    source.show({ data: { n: 1 } })
    cache.keepListing('/a', { nodes, asOf: 7 })
    t.equal(clock.scheduled, 1)
    await cache.flush()
    cache.keepListing('/a', { nodes: new Map(), asOf: 8 })
    source.show({ data: { n: 2 } })
    await cache.flush()
    t.match((await saved()).get('/app/a'), {
      node: { data: '{"n":2}' },
      listing: { asOf: 7, nodes: { x: { data: 'e30=', czxid: '4' } } },
    })
    const later = new SnapshotCache({ file, chroot: '/app', warn: error => t.fail(String(error)) })
    const recalled = await later.recallListing('/a')
    t.equal(recalled?.asOf, 7)
    t.same([...recalled!.nodes.keys()], ['x'])
    t.equal(await later.recallListing('/b'), null)
    t.ok(await later.recall('/a'))
  },
)

t.test('N46: recall: nodes that make no sense are a warning', async t => {
  const { file, cache, warnings } = await scene(t)
  await writeFile(file, render(new Map([['/odd', { listing: { asOf: 1, nodes: null as never } }]])))
  t.equal(await cache.recallListing('/odd'), null)
  t.match(warnings, [{ code: 'CACHE_FILE', path: '/odd' }])
})

t.test('N45: saver: what this process has seen is recalled before what it found', async t => {
  const { file, cache, source } = await scene(t)
  const node = { data: '{"n":1}', stat: null, children: [], asOf: 1 }
  await writeFile(file, render(new Map([['/a', { node }]])))
  t.match(await cache.recall('/a'), { content: { data: { n: 1 } } })
  source.show({ data: { n: 2 } })
  await cache.flush()
  t.match(await cache.recall('/a'), { content: { data: { n: 2 } } })
})

t.test('N45: saver: nodes of a view that could not be written are written with the next change', async t => {
  const { file, cache, saved, warnings } = await scene(t)
  await writeFile(file, 'of somebody else')
  const nodes = (name: string) => new Map([[name, { data: null, czxid: 4n, mzxid: 5n }]])
  cache.keepListing('/a', { nodes: nodes('x'), asOf: 7 })
  await cache.flush()
  t.match(warnings, [{ code: 'CACHE_FILE' }])
  await writeFile(file, '')
  cache.keepListing('/b', { nodes: nodes('y'), asOf: 8 })
  await cache.flush()
  t.same([...(await saved()).keys()].sort(), ['/a', '/b'])
})

t.test('growth: the paths that changed last are kept, in this process and in the file', async t => {
  const file = join(await folder(t), 'registry.cache')
  const older = { data: '{}', stat: null, children: [], asOf: 0 }
  await writeFile(
    file,
    render(
      new Map([
        ['/older', { node: older }],
        ['/newer', { node: { ...older, asOf: 5 } }],
      ]),
    ),
  )
  const cache = new SnapshotCache({ file, chroot: '', warn: error => t.fail(String(error)), most: 3 })
  const names = async (): Promise<string[]> => {
    const parsed = parse(await readFile(file, 'utf8'))
    return parsed.kind === 'ok' ? [...parsed.paths.keys()].sort() : []
  }
  const sources = ['/a', '/b', '/c', '/d'].map(path => {
    const source = new FakeSource()
    cache.keep(source)
    return { path, source }
  })
  const show = async (index: number): Promise<void> => {
    sources[index]!.source.show({ path: sources[index]!.path, data: {} })
    await cache.flush()
  }
  await show(0)
  t.same(await names(), ['/a', '/newer', '/older'])
  await show(1)
  t.same(await names(), ['/a', '/b', '/newer'], 'of others, the one that was seen longest ago goes')
  await show(2)
  t.same(await names(), ['/a', '/b', '/c'], 'what this process has seen stays')
  await show(0)
  await show(3)
  t.same(await names(), ['/a', '/c', '/d'], 'of its own, the one that changed longest ago goes')
})
