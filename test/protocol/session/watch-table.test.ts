// The watch table: which event uses up which watches, and how they are re-armed on a new connection.
import { Buffer } from 'node:buffer'
import type { OneShotWatch, WatchKind } from '../../../protocol/operations.ts'
import { LastZxid } from '../../../protocol/session/last-zxid.ts'
import { gapOf, watchBatches } from '../../../protocol/session/resubscribe.ts'
import type { NodeEventType, WatchedEvent, Watcher } from '../../../protocol/session/watch-table.ts'
import { eventTypeOf, WatchTable } from '../../../protocol/session/watch-table.ts'
import { t } from '../../tap.ts'

const kinds: readonly OneShotWatch[] = ['data', 'exist', 'child']
const allKinds: readonly WatchKind[] = [...kinds, 'persistent', 'recursive']

/** Which kinds each event uses up. */
const consumed: Readonly<Record<NodeEventType, readonly OneShotWatch[]>> = {
  nodeCreated: ['data', 'exist'],
  nodeDataChanged: ['data', 'exist'],
  nodeDeleted: ['data', 'exist', 'child'],
  nodeChildrenChanged: ['child'],
}

function named(): Record<OneShotWatch, Watcher> {
  return { data: () => {}, exist: () => {}, child: () => {} }
}

t.test('watch table: every kind of event against every kind of watch', async t => {
  for (const [type, uses] of Object.entries(consumed) as [NodeEventType, readonly OneShotWatch[]][]) {
    const table = new WatchTable()
    const watchers = named()
    for (const kind of kinds) table.add(kind, '/a', watchers[kind])
    const taken = table.take(type, '/a')
    t.strictSame(
      kinds.filter(kind => taken.includes(watchers[kind])),
      uses,
      `${type} is for ${uses.join(', ')}`,
    )
    t.equal(table.size, 3 - uses.length, 'what it used up is gone')
    t.strictSame(table.take(type, '/a'), [], 'and fires once')
  }
})

t.test('watch table: an event is for its own path alone', async t => {
  const table = new WatchTable()
  table.add('data', '/a', () => {})
  for (const path of ['/', '/a/b', '/A', '/aa', '']) t.strictSame(table.take('nodeDataChanged', path), [])
  t.equal(table.size, 1)
})

t.test('H20: watch table: one watcher hears one event once, however often it watches', async t => {
  const table = new WatchTable()
  const watcher = (): void => {}
  const other = (): void => {}
  for (const kind of kinds) for (let i = 0; i < 3; i++) table.add(kind, '/a', watcher)
  table.add('data', '/a', other)
  table.add('data', '/a', other)
  t.equal(table.size, 3, 'the size counts paths, not watchers')
  t.strictSame(table.take('nodeDeleted', '/a'), [watcher, other])
  t.equal(table.size, 0)
})

t.test('watch table: three watchers on one path all hear it', async t => {
  const table = new WatchTable()
  const watchers = [1, 2, 3].map(() => () => {})
  for (const watcher of watchers) table.add('child', '/a', watcher)
  t.strictSame(table.take('nodeChildrenChanged', '/a'), watchers)
})

/** Which events on `path` reach a watcher of the kind at /a. */
function reach(kind: WatchKind, path: string): NodeEventType[] {
  return (Object.keys(consumed) as NodeEventType[]).filter(type => {
    const table = new WatchTable()
    table.add(kind, '/a', () => {})
    return table.take(type, path).length === 1
  })
}

t.test('watch table: persistent watches hear all events of their own path', async t => {
  t.strictSame(reach('persistent', '/a'), [
    'nodeCreated',
    'nodeDataChanged',
    'nodeDeleted',
    'nodeChildrenChanged',
  ])
  for (const path of ['/', '/a/b', '/ab']) t.strictSame(reach('persistent', path), [], path)
})

t.test(
  'watch table: recursive watches hear of everything below too, but not of lists of children',
  async t => {
    const wanted = ['nodeCreated', 'nodeDataChanged', 'nodeDeleted']
    for (const path of ['/a', '/a/b', '/a/b/c']) t.strictSame(reach('recursive', path), wanted, path)
    for (const path of ['/', '/ab', '/b/a']) t.strictSame(reach('recursive', path), [], path)
  },
)

t.test('watch table: a recursive watch on the root hears of everything', async t => {
  const table = new WatchTable()
  table.add('recursive', '/', () => {})
  for (const path of ['/', '/a', '/a/b/c']) t.equal(table.take('nodeCreated', path).length, 1, path)
})

t.test('watch table: persistent watches stay, until they are removed one by one', async t => {
  const table = new WatchTable()
  const [first, second] = [(): void => {}, (): void => {}]
  for (const watcher of [first, second]) table.add('persistent', '/a', watcher)
  for (let i = 0; i < 3; i++) t.strictSame(table.take('nodeDataChanged', '/a'), [first, second])
  t.equal(table.remove('persistent', '/a', first), false, 'another one is left')
  t.equal(table.remove('persistent', '/a', first), false)
  t.strictSame(table.take('nodeDataChanged', '/a'), [second])
  t.equal(table.remove('persistent', '/a', second), true)
  t.equal(table.has('persistent', '/a'), false)
  t.equal(table.size, 0)
})

t.test('watch table: one watcher in several kinds hears an event once', async t => {
  const table = new WatchTable()
  const watcher = (): void => {}
  for (const kind of allKinds) table.add(kind, '/a', watcher)
  table.add('recursive', '/', watcher)
  t.strictSame(table.take('nodeDeleted', '/a'), [watcher])
  t.strictSame(
    [...table.persistent()],
    [
      ['/a', watcher],
      ['/a', watcher],
      ['/', watcher],
    ],
  )
})

t.test('watch table: before 3.9, a recursive watch takes the place of one on the children', async t => {
  const table = new WatchTable()
  const events: WatchedEvent[] = []
  table.add('child', '/a', event => events.push(event))
  table.add('recursive', '/a', () => {})
  for (const watcher of table.take('nodeCreated', '/a/b')) {
    watcher({ type: 'nodeCreated', path: '/a/b', zxid: 5n })
  }
  t.strictSame(events, [{ type: 'nodeChildrenChanged', path: '/a', zxid: 5n }])
  t.equal(table.take('nodeChildrenChanged', '/a').length, 0, 'and has fired, if 3.9 tells it too')
})

t.test(
  'watch table: from 3.9 on, a recursive watch leaves those on the children to their own events',
  async t => {
    const table = new WatchTable()
    const events: string[] = []
    table.add('child', '/a', ({ type, path }) => events.push(`child ${type} ${path}`))
    table.add('recursive', '/a', ({ type, path }) => events.push(`recursive ${type} ${path}`))
    const created = { type: 'nodeCreated', path: '/a/b', zxid: 5n } as const
    for (const watcher of table.take(created.type, created.path, created.zxid)) watcher(created)
    t.strictSame(events, ['recursive nodeCreated /a/b'])
    t.equal(table.has('child', '/a'), true)
  },
)

t.test('watch table: clear forgets everything', async t => {
  const table = new WatchTable()
  for (const kind of kinds) table.add(kind, '/a', () => {})
  table.clear()
  t.equal(table.size, 0)
  t.strictSame(table.take('nodeDeleted', '/a'), [])
})

t.test('H4: watch table: event numbers of the wire, and those of the future', async t => {
  t.strictSame(
    [1, 2, 3, 4].map(number => eventTypeOf(number)),
    ['nodeCreated', 'nodeDeleted', 'nodeDataChanged', 'nodeChildrenChanged'],
  )
  for (const number of [-1, 0, 5, 7, 99]) t.equal(eventTypeOf(number), undefined)
})

function tableOf(paths: Partial<Record<WatchKind, string[]>>): WatchTable {
  const table = new WatchTable()
  for (const kind of allKinds) for (const path of paths[kind] ?? []) table.add(kind, path, () => {})
  return table
}

t.test('resubscribe: a gap stays open to what was missed first, and to the newest that was seen', async t => {
  const watches = new WatchTable()
  const at = (value: bigint): ReturnType<typeof gapOf> => {
    const lastZxid = new LastZxid()
    lastZxid.value = value
    return gapOf({ watches, lastZxid })
  }
  t.strictSame(at(7n), { from: 7n, newest: 7n })
  watches.gap = { from: 5n, newest: 8n }
  t.strictSame(at(9n), { from: 5n, newest: 9n })
  t.strictSame(at(3n), { from: 5n, newest: 8n }, 'a server without that history does not hide it')
})

t.test('resubscribe: without watches there is nothing to send', async t => {
  t.strictSame([...watchBatches(new WatchTable(), 5n)], [])
})

t.test('resubscribe: few watches go in one request, by kind', async t => {
  const table = tableOf({
    data: ['/a', '/b'],
    exist: ['/e'],
    child: ['/a'],
    persistent: ['/p'],
    recursive: ['/', '/a'],
  })
  t.strictSame(
    [...watchBatches(table, 5n)],
    [
      {
        relativeZxid: 5n,
        dataWatches: ['/a', '/b'],
        existWatches: ['/e'],
        childWatches: ['/a'],
        persistentWatches: ['/p'],
        persistentRecursiveWatches: ['/', '/a'],
      },
    ],
  )
})

t.test('H17: resubscribe: batches are cut by bytes of UTF-8, not by characters', async t => {
  // Five characters: nine bytes of UTF-8, thirteen with their length. Two of them fit into 26 bytes.
  const paths = ['/größe', '/wörter'].map(name => name.slice(0, 5))
  const wide = ['/ääää', '/öööö', '/üüüü']
  t.equal(Buffer.byteLength(wide[0] as string), 9)
  const batches = [...watchBatches(tableOf({ data: wide, child: paths }), 5n, 26)]
  t.strictSame(
    batches.map(({ dataWatches, childWatches }) => [dataWatches, childWatches]),
    [
      [['/ääää', '/öööö'], []],
      [['/üüüü'], ['/größ']],
      [[], ['/wört']],
    ],
  )
  const narrow = [...watchBatches(tableOf({ data: wide }), 5n, 25)]
  t.equal(narrow.length, 3, 'one byte less, and each goes alone')
})

t.test('H17: resubscribe: a path longer than the limit goes alone, and none is lost', async t => {
  const long = `/${'x'.repeat(100)}`
  const table = tableOf({ data: ['/a', long, '/b'], exist: [long] })
  const batches = [...watchBatches(table, 5n, 20)]
  t.strictSame(
    batches.map(({ dataWatches, existWatches }) => [...dataWatches, ...existWatches].length),
    [1, 1, 1, 1],
  )
  t.equal([...watchBatches(tableOf({ data: [long] }), 5n, 20)].length, 1, 'without an empty one before it')
})

t.test('H17: resubscribe: many watches stay below the real limit, and all are there', async t => {
  const paths = [...Array(5000).keys()].map(i => `/services/production/${'x'.repeat(80)}/${i}`)
  const batches = [...watchBatches(tableOf({ child: paths }), 5n)]
  t.ok(batches.length > 1)
  for (const { childWatches } of batches) {
    const bytes = childWatches.reduce((sum, path) => sum + 4 + Buffer.byteLength(path), 0)
    if (bytes > 128 * 1024) t.fail(`a batch has ${bytes} bytes`)
  }
  t.strictSame(
    batches.flatMap(({ childWatches }) => childWatches),
    paths,
  )
})
