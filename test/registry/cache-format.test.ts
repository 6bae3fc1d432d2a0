// The text of the cache file: there and back, and everything that can be wrong with it.
import type { SavedPaths } from '../../src/registry/cache-format.ts'
import {
  merge,
  parse,
  render,
  revive,
  reviveListing,
  save,
  saveListing,
} from '../../src/registry/cache-format.ts'
import type { NodeObject } from '../../src/registry/codec.ts'
import type { ListedNode } from '../../src/registry/discovery/listing.ts'
import { aStat } from '../support/scripted-server.ts'
import { t } from '../tap.ts'

const paths: SavedPaths = new Map([
  ['/a', { node: { ...save({ data: { n: 1 }, stat: aStat }), children: ['x'], asOf: 5 } }],
])
const text = render(paths)

t.test('N45: format: one JSON object with version and checksum, and back', async t => {
  t.match(JSON.parse(text), { format: 'nd-service-registry cache', version: 1, sha256: /^[0-9a-f]{64}$/ })
  t.strictSame(parse(text), { kind: 'ok', paths })
  t.strictSame(parse(''), { kind: 'ok', paths: new Map() }, 'an empty file is a start')
})

t.test('N48: format: what was saved is what comes back, frozen, also what JSON has no word for', async t => {
  const stat = { ...aStat, czxid: 2n ** 63n - 1n, ephemeralOwner: 0x100000000000001n, pzxid: -1n }
  const all: readonly (NodeObject | null)[] = [
    null,
    {},
    { n: 1, deep: [{ a: null }], text: '\u20ac "\\' },
    { big: 12345678901234567890n, nan: Number.NaN, up: Infinity, down: [-Infinity] },
    { string_value: 'not JSON' },
    { string_value: '\u00ffA', binary: true },
    JSON.parse('{"__proto__":1}'),
  ]
  for (const data of all) {
    const saved = JSON.parse(JSON.stringify(save({ data, stat })))
    const back = revive(saved)
    t.strictSame(back, { data, stat })
    t.ok(Object.isFrozen(back) && Object.isFrozen(back.stat) && (data === null || Object.isFrozen(back.data)))
  }
  t.strictSame(revive(save({ data: null, stat: null })), { data: null, stat: null })
  t.throws(() => revive({ data: null, stat: { czxid: 'x' } as never }))
})

t.test('N46: format: a file cut at any byte is damaged, and never half believed', async t => {
  for (let end = 1; end < text.length; end++) t.equal(parse(text.slice(0, end)).kind, 'damaged', `${end}`)
})

t.test('N46: format: a changed byte is damage', async t => {
  const body = text.indexOf('"paths":')
  for (let at = body; at < text.length; at++) {
    const changed = `${text.slice(0, at)}${text[at] === '0' ? '1' : '0'}${text.slice(at + 1)}`
    t.equal(parse(changed).kind, 'damaged', `${at}`)
  }
})

t.test('N46: format: other versions and other files are not ours', async t => {
  t.match(parse(text.replace('"version":1', '"version":2')), { kind: 'foreign', why: 'it is of version 2' })
  for (const other of ['{}', '{"format":"other"}', '\u0080\u0002}q\u0001.', 'a = 1', '[]', ' ']) {
    t.match(parse(other), { kind: 'foreign', why: 'it is no cache file' })
  }
})

t.test('N45: format: of two processes, the newer of each part', async t => {
  const node = (asOf: number, data: string) => ({ data, stat: null, children: [], asOf })
  const family = (asOf: number) => ({ asOf, children: {} })
  const theirs: SavedPaths = new Map([
    ['/theirs', { node: node(1, 'theirs') }],
    ['/both', { node: node(9, 'theirs'), family: family(3) }],
    ['/late', { node: node(1, 'theirs'), family: family(1) }],
  ])
  const ours: SavedPaths = new Map([
    ['/ours', { node: node(1, 'ours') }],
    ['/both', { node: node(8, 'ours'), family: family(4) }],
    ['/late', { node: node(2, 'ours') }],
  ])
  t.strictSame(parse(render(merge(theirs, ours))), {
    kind: 'ok',
    paths: new Map<string, object>([
      ['/theirs', { node: node(1, 'theirs') }],
      ['/both', { node: node(9, 'theirs'), family: family(4) }],
      ['/late', { node: node(2, 'ours'), family: family(1) }],
      ['/ours', { node: node(1, 'ours') }],
    ]),
  })
})

t.test(
  'N48: format: the nodes of a view come back byte by byte, with no write that a server could know',
  async t => {
    const bytes = Uint8Array.from({ length: 256 }, (_, i) => i)
    const node = { data: bytes, czxid: 2n ** 63n - 1n, mzxid: 7n }
    const nodes = new Map<string, ListedNode>([
      ['a', node],
      ['__proto__', { ...node, data: null }],
      ['empty', { ...node, data: new Uint8Array() }],
    ])
    const parsed = parse(render(new Map([['/a', { listing: saveListing(nodes, 5) }]])))
    if (parsed.kind !== 'ok') throw new Error(parsed.why)
    const { listing } = parsed.paths.get('/a')!
    const back = reviveListing(listing!)
    t.equal(listing!.asOf, 5)
    t.same([...back.keys()], ['a', '__proto__', 'empty'])
    t.match(back.get('a'), { czxid: node.czxid, mzxid: -1n })
    t.ok(back.get('a')!.data!.every((byte, i) => byte === bytes[i]))
    t.equal(back.get('a')!.data!.length, 256)
    t.equal(back.get('__proto__')!.data, null)
    t.equal(back.get('empty')!.data!.length, 0)
    t.throws(() => reviveListing({ asOf: 1, nodes: { a: { data: 5 as never, czxid: '1' } } }))
    t.throws(() => reviveListing({ asOf: 1, nodes: { a: { data: null, czxid: 'x' } } }))
  },
)

t.test('N45: format: a file without listings is read as before, and parts of others are kept', async t => {
  const node = { data: '{"n":1}', stat: null, children: [], asOf: 3 }
  const [old, listing] = [
    { asOf: 4, nodes: {} },
    { asOf: 6, nodes: { a: { data: null, czxid: '1' } } },
  ]
  const all = merge(new Map([['/a', { node, listing: old }]]), new Map([['/a', { listing }]]))
  t.match(all.get('/a'), { node, listing })
  t.match(merge(new Map([['/a', { listing }]]), new Map([['/a', { node }]])).get('/a'), { node, listing })
  t.match(merge(new Map([['/a', { listing }]]), new Map([['/a', { listing: old }]])).get('/a'), { listing })
})
