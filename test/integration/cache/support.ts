// What the tests of the caches share: the truth to compare with, and replays of what a cache told.
import { Buffer } from 'node:buffer'
import type { Stat, ZooKeeperView } from '../../../protocol/index.ts'
import { childOf, ZooKeeperError } from '../../../protocol/index.ts'
import { OpCode } from '../../../protocol/opcodes.ts'
import type { Server } from '../../../scripts/zookeeper/server.ts'
import type { CacheChange, ZnodeCache } from '../../../src/cache/index.ts'
import { ChildrenCache } from '../../../src/cache/index.ts'
import type { FaultProxy } from '../../../src/testing/index.ts'
import { eventually } from '../../support/eventually.ts'
import type { Test } from '../../tap.ts'
import type { Stage } from '../protocol/stream-support.ts'
import { stage } from '../protocol/stream-support.ts'

/** A tree as text: `data czxid mzxid pzxid numChildren` by path. */
export type Tree = Record<string, string>

export function shown(data: Uint8Array | null, { czxid, mzxid, pzxid, numChildren }: Stat): string {
  const text = data === null ? 'null' : Buffer.from(data).toString('utf8')
  return `${text} ${czxid} ${mzxid} ${pzxid} ${numChildren}`
}

/** What a cache is to show: how deep, and what is left out. */
export interface Extent {
  readonly maxDepth?: number
  readonly filter?: (path: string) => boolean
}

/** What the server has at and below a path, while nobody writes. */
export async function treeAt(zk: ZooKeeperView, path: string, extent: Extent = {}): Promise<Tree> {
  const { maxDepth = 100, filter = () => true } = extent
  const tree: Tree = {}
  const visit = async (at: string, depth: number): Promise<void> => {
    const { data, stat } = await zk.get(at)
    tree[at] = shown(data, stat)
    if (depth === 0) return
    const { children } = await zk.getChildren(at)
    const inside = children.map(name => childOf(at, name)).filter(child => filter(child))
    await Promise.all(inside.map(child => visit(child, depth - 1)))
  }
  await visit(path, maxDepth).catch(error => {
    if (!ZooKeeperError.is(error, 'NO_NODE')) throw error
  })
  return sorted(tree)
}

export function treeOf(cache: ZnodeCache): Tree {
  return sorted(Object.fromEntries([...cache].map(({ path, data, stat }) => [path, shown(data, stat)])))
}

function sorted(tree: Tree): Tree {
  return Object.fromEntries(Object.entries(tree).sort(([a], [b]) => (a < b ? -1 : 1)))
}

/** Applies changes as they are told, and insists that each fits what was told before. */
export class Replay {
  readonly told: string[] = []
  readonly #tree = new Map<string, string>()
  readonly #newest = new Map<string, bigint>()
  readonly faults: string[] = []

  readonly add = ({ type, path, old, node }: CacheChange): void => {
    this.told.push(`${type} ${path}`)
    const known = this.#tree.get(path) ?? null
    const was = old === null ? null : shown(old.data, old.stat)
    if (known !== was) this.faults.push(`${type} ${path}: from ${was}, but known is ${known}`)
    if (node === null) this.#tree.delete(path)
    else {
      this.#tree.set(path, shown(node.data, node.stat))
      // Nothing is older than what was told of the path before.
      if (node.stat.mzxid < (this.#newest.get(path) ?? 0n)) this.faults.push(`${type} ${path}: an older one`)
      this.#newest.set(path, node.stat.mzxid)
    }
  }

  get tree(): Tree {
    return sorted(Object.fromEntries(this.#tree))
  }
}

/** Replays the events of a cache. */
export function replayOf(cache: ZnodeCache): Replay {
  const replay = new Replay()
  for (const type of ['added', 'updated', 'removed', 'replaced'] as const) cache.on(type, replay.add)
  return replay
}

/** A cache that the test closes, with its warnings. */
export function kept<C extends ZnodeCache>(t: Test, cache: C): C & { readonly warnings: unknown[] } {
  const warnings: unknown[] = []
  cache.on('warning', error => warnings.push(error))
  t.teardown(() => cache.close())
  return Object.assign(cache, { warnings })
}

/** Waits until the cache shows what the server has. */
export async function same(
  t: Test,
  cache: ZnodeCache,
  zk: ZooKeeperView,
  extent: Extent = {},
): Promise<void> {
  const equal = async (): Promise<boolean> => {
    const truth = await treeAt(zk, cache.path, extent)
    return cache.current && JSON.stringify(treeOf(cache)) === JSON.stringify(truth)
  }
  await eventually('the cache is as the server', equal, 90_000).catch(() => {})
  t.strictSame(treeOf(cache), await treeAt(zk, cache.path, extent))
}

/** Counts the requests that pass a proxy, by opcode, without pings. */
export function counting(proxy: FaultProxy): { take(): Record<number, number> } {
  let counts: Record<number, number> = {}
  proxy.filter(frame => {
    if (frame.kind === 'request' && frame.opcode !== OpCode.ping)
      counts[frame.opcode] = (counts[frame.opcode] ?? 0) + 1
    return 'pass'
  })
  return {
    take: () => {
      const taken = counts
      counts = {}
      return taken
    },
  }
}

/** Breaks the link, changes things meanwhile, and lets the client come back. */
export async function outage(
  cache: ZnodeCache,
  proxy: FaultProxy,
  change: () => Promise<unknown>,
): Promise<void> {
  proxy.set({ kind: 'refuse' })
  proxy.cut()
  await eventually('the cache knows', () => cache.state === 'stale')
  await change()
  proxy.set({ kind: 'pass' })
  await eventually('live again', () => cache.current, 100_000)
}

export interface ChildrenScene extends Stage {
  readonly cache: ChildrenCache & { readonly warnings: unknown[] }
  readonly replay: Replay
}

/** A cache of /p behind a proxy, not started, in a session that no pause of the machine ends. */
export async function childrenScene(t: Test, server: Server): Promise<ChildrenScene> {
  const made = await stage(t, server, { sessionTimeout: 60_000 })
  const cache = kept(t, new ChildrenCache(made.zk, '/p'))
  return { ...made, cache, replay: replayOf(cache) }
}
