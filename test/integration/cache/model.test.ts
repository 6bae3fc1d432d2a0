// Random histories with random faults: whatever happens, the caches end as the server is, and their events say how.
import fc from 'fast-check'
import type { ZooKeeper, ZooKeeperView } from '../../../protocol/index.ts'
import { ZooKeeperError } from '../../../protocol/index.ts'
import type { ZnodeCache } from '../../../src/cache/index.ts'
import { ChildrenCache, NodeCache, TreeCache } from '../../../src/cache/index.ts'
import type { FaultProxy } from '../../../src/testing/index.ts'
import { eventually } from '../../support/eventually.ts'
import { since } from '../../support/versions.ts'
import { ownServer } from '../../support/zookeeper.ts'
import type { Test } from '../../tap.ts'
import { t } from '../../tap.ts'
import { stage, withoutPersistentWatches } from '../protocol/stream-support.ts'
import { renewed } from '../protocol/support.ts'
import type { Extent } from './support.ts'
import { kept, Replay, replayOf, same, treeOf } from './support.ts'

const server = await ownServer(t, { tickTime: 500 })

const ROOT = '/r'

type Mutation =
  | { readonly kind: 'create' | 'set' | 'delete' | 'recreate'; readonly path: string }
  | { readonly kind: 'deleteTree'; readonly path: string }

type Act =
  | { readonly kind: 'change' | 'outage'; readonly mutations: readonly Mutation[] }
  | { readonly kind: 'cut' }
  | { readonly kind: 'settle' }
  | { readonly kind: 'expire' }
  /** Cuts the link in the middle of what the server sends. */
  | { readonly kind: 'cutAfter'; readonly bytes: number }

const path = fc
  .array(fc.constantFrom('a', 'b', 'x'), { maxLength: 3 })
  .map(names => [ROOT, ...names].join('/'))
const mutation: fc.Arbitrary<Mutation> = fc.record({
  kind: fc.constantFrom('create', 'create', 'set', 'set', 'delete', 'recreate', 'deleteTree'),
  path,
}) as fc.Arbitrary<Mutation>
const mutations = fc.array(mutation, { minLength: 1, maxLength: 12 })
const act: fc.Arbitrary<Act> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('change' as const), mutations }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('cut' as const) }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('cutAfter' as const), bytes: fc.integer({ min: 1, max: 600 }) }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('outage' as const), mutations }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('settle' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('expire' as const) }) },
)

async function mutate(zk: ZooKeeperView, { kind, path }: Mutation): Promise<void> {
  if (kind === 'create') await zk.create(path, 'new', { parents: true })
  else if (kind === 'set') await zk.set(path, 'set')
  else if (kind === 'delete') await zk.delete(path)
  else if (kind === 'recreate') await zk.transaction().delete(path).create(path, 'new').commit()
  else await zk.delete(path, { recursive: true })
}

async function apply(zk: ZooKeeperView, all: readonly Mutation[]): Promise<void> {
  for (const one of all) {
    await mutate(zk, one).catch(error => {
      // What a random history asks for is often not possible.
      if (!ZooKeeperError.is(error)) throw error
    })
  }
}

interface Play {
  readonly other: ZooKeeper
  readonly root: ZooKeeper
  readonly proxy: FaultProxy
  readonly caches: readonly ZnodeCache[]
}

async function perform({ other, root, proxy, caches }: Play, act: Act): Promise<void> {
  switch (act.kind) {
    case 'change':
      return apply(other, act.mutations)
    case 'cut':
      return proxy.cut()
    case 'cutAfter':
      return proxy.cutAfter(act.bytes, 'toClient')
    case 'settle':
      await eventually('current', () => caches.every(({ current }) => current))
      return
    case 'expire':
      if (root.state === 'connected') await renewed(root, server.connectString)
      return
    case 'outage':
      proxy.set({ kind: 'refuse' })
      proxy.cut()
      await apply(other, act.mutations)
      proxy.set({ kind: 'pass' })
  }
}

/** Reads a stream slowly. */
function read(cache: ZnodeCache, signal: AbortSignal): Replay {
  const replay = new Replay()
  const run = async (): Promise<void> => {
    for await (const change of cache.changes({ signal })) {
      replay.add(change)
      if (replay.told.length % 3 === 0) await new Promise(resolve => setTimeout(resolve, 2))
    }
  }
  run().catch(error => replay.faults.push(String(error)))
  return replay
}

const filter = (path: string): boolean => !path.endsWith('x')
const variants: readonly {
  readonly make: (zk: ZooKeeperView) => ZnodeCache
  readonly extent: Extent
}[] = [
  { make: zk => new TreeCache(zk, ROOT), extent: {} },
  {
    make: zk => new TreeCache(zk, ROOT, { maxDepth: 2, filter, concurrency: 2 }),
    extent: { maxDepth: 2, filter },
  },
  { make: zk => new ChildrenCache(zk, ROOT), extent: { maxDepth: 1 } },
  { make: zk => new NodeCache(zk, `${ROOT}/a`), extent: { maxDepth: 0 } },
]

async function play(t: Test, acts: readonly Act[], persistent: boolean): Promise<void> {
  const { zk, root, other, proxy } = await stage(t, server, { ports: { random: () => 0 } })
  if (!persistent) withoutPersistentWatches(proxy)
  const controller = new AbortController()
  const all = variants.map(({ make, extent }) => {
    const cache = kept(t, make(zk))
    return { cache, extent, replay: replayOf(cache), stream: read(cache, controller.signal) }
  })
  const caches = all.map(({ cache }) => cache)
  for (const cache of caches) void cache.start()
  for (const act of acts) await perform({ other, root, proxy, caches }, act)
  proxy.set({ kind: 'pass' })
  for (const { cache, extent, replay, stream } of all) {
    await same(t, cache, other, extent)
    await eventually('the stream is read', () => JSON.stringify(stream.tree) === JSON.stringify(replay.tree))
    t.strictSame(replay.tree, treeOf(cache), 'the events make the picture')
    t.strictSame([...replay.faults, ...stream.faults, ...cache.warnings], [])
    await cache.close()
  }
  controller.abort()
  await root.close()
}

// A seed that failed is run again with FUZZ_SEED.
for (const persistent of [true, false]) {
  const name = persistent ? 'persistent watches' : 'one-shot watches'
  t.test(`H18, H19: caches: any history with any cuts, over ${name}`, { timeout: 110_000 }, async t => {
    if (!persistent && !(await since(t, '3.6'))) return
    const histories = fc.sample(fc.array(act, { minLength: 4, maxLength: 25 }), {
      numRuns: persistent ? 12 : 6,
      seed: Number(process.env.FUZZ_SEED ?? 7),
    })
    for (const [i, acts] of histories.entries()) {
      await t.test(`history ${i}`, async t => {
        t.comment(JSON.stringify(acts))
        await play(t, acts, persistent)
      })
    }
  })
}
