// The picture and its differences: what is told, in which order, and what a slow reader of a stream gets.
import fc from 'fast-check'
import { changeStream } from '../../src/cache/change-stream.ts'
import type { CacheChange, CacheNode } from '../../src/cache/index.ts'
import { changeOf } from '../../src/cache/node.ts'
import { Picture } from '../../src/cache/picture.ts'
import { Scope } from '../../src/cache/scope.ts'
import { aStat } from '../support/scripted-server.ts'
import { t } from '../tap.ts'

const nodeAt = (path: string, stat: Partial<typeof aStat> = {}): CacheNode =>
  Object.freeze({ path, data: null, stat: Object.freeze({ ...aStat, ...stat }) })

/** A picture, and who listens to it. */
class Source {
  readonly picture = new Picture()
  readonly #listeners = new Set<(changes: readonly CacheChange[]) => void>()

  readonly subscribe = (listener: (changes: readonly CacheChange[]) => void): (() => void) => {
    this.#listeners.add(listener)
    return () => {
      this.#listeners.delete(listener)
    }
  }

  get listeners(): number {
    return this.#listeners.size
  }

  set(...nodes: (CacheNode | string)[]): readonly CacheChange[] {
    const next = new Map(nodes.map(node => (typeof node === 'string' ? [node, null] : [node.path, node])))
    const changes = this.picture.apply([...next.keys()], path => next.get(path) ?? null)
    for (const listener of this.#listeners) listener(changes)
    return changes
  }

  stream(signal?: AbortSignal): AsyncGenerator<CacheChange, void, void> {
    const { picture, subscribe } = this
    return changeStream({ picture, subscribe, signals: [signal] })
  }
}

const shown = (changes: readonly CacheChange[]): string[] =>
  changes.map(({ type, path }) => `${type} ${path}`)

t.test(
  'H19: changes: a znode is known by its czxid and a write by its mzxid, versions notwithstanding',
  async t => {
    const old = nodeAt('/a', { version: 0 })
    const of = (stat: Partial<typeof aStat>): unknown => {
      const change = changeOf('/a', old, nodeAt('/a', { version: 0, ...stat }))
      return change?.type === 'updated' ? `updated ${change.written}` : (change?.type ?? null)
    }
    t.equal(of({}), null)
    t.equal(of({ mtime: 5 }), null)
    t.equal(of({ mzxid: 50n }), 'updated true')
    t.equal(of({ pzxid: 50n }), 'updated false')
    t.equal(of({ aversion: 50 }), 'updated false')
    t.equal(of({ cversion: 50 }), 'updated false')
    t.equal(of({ czxid: 50n }), 'replaced')
    t.equal(changeOf('/a', null, null), null)
    t.equal(changeOf('/a', null, old)?.type, 'added')
    t.equal(changeOf('/a', old, null)?.type, 'removed')
  },
)

t.test('picture: removals come first and from the leaves, the rest from the top', async t => {
  const source = new Source()
  t.strictSame(shown(source.set(nodeAt('/a/b/c'), nodeAt('/a'), nodeAt('/a/b'))), [
    'added /a',
    'added /a/b',
    'added /a/b/c',
  ])
  t.strictSame(
    [...source.picture.nodes()].map(({ path }) => path),
    ['/a', '/a/b', '/a/b/c'],
  )
  const changes = source.set(nodeAt('/a/z'), '/a/b', '/a/b/c', nodeAt('/a', { czxid: 90n }))
  t.strictSame(shown(changes), ['removed /a/b/c', 'removed /a/b', 'replaced /a', 'added /a/z'])
  t.ok(changes.every(change => Object.isFrozen(change)))
  t.strictSame(source.picture.children('/a'), ['z'])
  t.strictSame(source.picture.children('/a/b'), [])
  t.equal(source.picture.children('/a'), source.picture.children('/a'), 'sorted once')
})

t.test('picture: the root of the client, and names that begin alike', async t => {
  const source = new Source()
  source.set(nodeAt('/'), nodeAt('/b'), nodeAt('/a'), nodeAt('/ab'), nodeAt('/a/x'))
  t.strictSame(source.picture.children('/'), ['a', 'ab', 'b'])
  const scope = new Scope('/a', { maxDepth: 1, warning: () => {} })
  const depths = ['/a', '/a/x', '/a/x/y', '/ab', '/', '/b'].map(path => scope.depthOf(path))
  t.strictSame(depths, [0, 1, 2, -1, -1, -1])
  const whole = new Scope('/', { maxDepth: Number.POSITIVE_INFINITY, warning: () => {} })
  t.strictSame(
    ['/', '/a', '/a/x'].map(path => whole.depthOf(path)),
    [0, 1, 2],
  )
})

t.test('scope: a filter that throws leaves the znode out and is told', async t => {
  const warnings: unknown[] = []
  const filter = (path: string): boolean => {
    if (path === '/bad') throw new Error('no idea')
    return path === '/in'
  }
  const scope = new Scope('/', { maxDepth: 9, filter, warning: error => warnings.push(error) })
  t.strictSame(
    ['/in', '/out', '/bad'].map(path => scope.admits(path)),
    [true, false, false],
  )
  t.match(warnings, [{ message: 'no idea' }])
})

t.test(
  'stream: first everything that is there, then each change, and its end leaves nothing behind',
  async t => {
    const source = new Source()
    source.set(nodeAt('/a'))
    const stream = source.stream()
    t.equal((await stream.next()).value?.type, 'added')
    const next = stream.next()
    source.set(nodeAt('/a', { mzxid: 90n }))
    t.match(await next, {
      value: { type: 'updated', old: { stat: { mzxid: 3n } }, node: { stat: { mzxid: 90n } } },
    })
    const waiting = stream.next()
    t.equal((await stream.return()).done, true, 'also while somebody waits')
    t.equal((await waiting).done, true)
    t.equal(source.listeners, 0)
    const controller = new AbortController()
    const other = source.stream(controller.signal)
    await other.next()
    const last = other.next()
    controller.abort()
    t.equal((await last).done, true)
    t.equal(source.listeners, 0)
    t.equal((await source.stream(AbortSignal.abort()).next()).done, true)
  },
)

t.test('H21: stream: a slow reader gets one net difference for each znode', async t => {
  const source = new Source()
  source.set(nodeAt('/gone'), nodeAt('/back'), nodeAt('/written'))
  const stream = source.stream()
  for (let i = 0; i < 3; i++) await stream.next()
  for (let i = 0; i < 1000; i++) source.set(nodeAt('/written', { mzxid: 100n + BigInt(i) }))
  source.set('/gone')
  source.set('/back')
  source.set(nodeAt('/back', { czxid: 90n }))
  source.set(nodeAt('/passing'))
  source.set('/passing')
  const read: string[] = []
  for (let i = 0; i < 3; i++) read.push(...shown([(await stream.next()).value as CacheChange]))
  t.strictSame(read, ['updated /written', 'removed /gone', 'replaced /back'])
  const next = stream.next()
  source.set(nodeAt('/end'))
  t.match(await next, { value: { type: 'added', path: '/end' } }, 'what came and went is not told')
  await stream.return()
})

t.test(
  'H21: stream: whatever happens and however slow the reader, what it read makes the picture',
  async t => {
    const path = fc.constantFrom('/a', '/a/b', '/c')
    const step = fc.oneof(
      fc.record({
        kind: fc.constant('set' as const),
        path,
        czxid: fc.bigInt(1n, 3n),
        mzxid: fc.bigInt(1n, 3n),
      }),
      fc.record({ kind: fc.constant('remove' as const), path }),
      fc.record({ kind: fc.constant('read' as const), path }),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 30 }), async steps => {
        const source = new Source()
        source.set(nodeAt('/a'))
        const known = new Map<string, CacheNode>()
        const equal = (path: string, node: CacheNode | null): boolean =>
          changeOf(path, known.get(path) ?? null, node) === null
        const stream = source.stream()
        const take = async (): Promise<void> => {
          const { value } = await stream.next()
          if (value === undefined || !equal(value.path, value.old)) throw new Error('misfit')
          if (value.node === null) known.delete(value.path)
          else known.set(value.path, value.node)
        }
        await take()
        for (const one of steps) {
          const { picture } = source
          if (one.kind === 'set') source.set(nodeAt(one.path, one))
          else if (one.kind === 'remove') source.set(one.path)
          else if ([...picture.nodes()].some(node => !equal(node.path, node))) await take()
        }
        source.set(nodeAt('/end', { czxid: 99n }))
        while (!known.has('/end')) await take()
        const truth = [...source.picture.nodes()]
        if (truth.length !== known.size || truth.some(node => !equal(node.path, node))) {
          throw new Error('not the picture')
        }
        await stream.return()
      }),
      { numRuns: 300 },
    )
    t.pass('300 histories')
  },
)

/** What the process works, in microseconds, to read that many znodes from a stream. */
async function workOf(count: number): Promise<number> {
  const source = new Source()
  const paths = Array.from({ length: count }, (_, i) => `/t/${i}`)
  source.picture.apply(paths, path => nodeAt(path))
  const stream = source.stream()
  const before = process.cpuUsage()
  for (let i = 0; i < count; i++) await stream.next()
  const { user } = process.cpuUsage(before)
  await stream.return()
  return user
}

t.test('H21: stream: to read of very many znodes takes no longer for each than to read of few', async t => {
  const few = await workOf(50_000)
  const many = await workOf(400_000)
  // Eight times as much, or sixty where each read steps over all that were before.
  t.ok(many < 30 * few, `${few} and ${many} microseconds`)
})
