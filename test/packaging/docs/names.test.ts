// Options, calls, events and codes: what the documentation names exists, and what exists is described.
import { readFile } from 'node:fs/promises'
import { limitsOf } from '../../../protocol/client/options.ts'
import { ZooKeeper } from '../../../protocol/index.ts'
import { EmbeddedZooKeeper } from '../../../src/embedded/index.ts'
import { settingsOf as embeddedSettings } from '../../../src/embedded/options.ts'
import { RegisteredInstance, ServiceRegistry } from '../../../src/index.ts'
import { settingsOf as registrySettings } from '../../../src/registry/options.ts'
import { FaultProxy } from '../../../src/testing/index.ts'
import { t } from '../../tap.ts'
import { inlineCodes, pageOf, readPages, root } from './pages.ts'
import { publicTypes } from './public-types.ts'
import { namesIn, tablesUnder, valueIn } from './tables.ts'

const pages = await readPages()
const types = await publicTypes()

/** The classes that tables of calls are about. */
const CLASSES: Readonly<Record<string, readonly { readonly prototype: object }[]>> = {
  'README.md': [ServiceRegistry],
  'docs/discovery.md': [RegisteredInstance],
  'docs/embedded.md': [EmbeddedZooKeeper],
  'docs/registry-lifecycle.md': [ServiceRegistry],
  'docs/testing.md': [EmbeddedZooKeeper, FaultProxy],
}

/** Those of `await using` and `Symbol.asyncDispose`. */
const OF_THE_LANGUAGE = ['await', 'asyncDispose']

const setOf = (names: readonly string[]): string => [...new Set(names)].sort().join(' ')

t.test('docs: each public option and event has a docstring, or is named in the documentation', async t => {
  const code = pages
    .flatMap(page => [...inlineCodes(page), ...page.blocks].map(({ text }) => text))
    .join('\n')
  const words = new Set(code.match(/\w+/g))
  const members = [...types].flatMap(([type, list]) => list.map(member => ({ type, ...member })))
  const silent = members.filter(({ name, documented }) => !documented && !words.has(name))
  t.same(
    silent.map(({ type, name }) => `${type} ${name}`),
    [],
  )
  t.ok(types.size > 40, `${types.size} types`)
  for (const [type, list] of types) t.ok(list.length > 0, type)
  const named = (type: string): string => setOf(types.get(type)!.map(({ name }) => name))
  t.equal(named('src/index.ts UnsetOptions'), 'force signal timeout', 'inherited ones count')
  t.equal(named('src/testing/index.ts TakeoverOptions'), 'auth readOnly sasl tls', 'picked ones count')
  t.notOk(types.get('src/index.ts ZoneOptions')!.find(({ name }) => name === 'zone')!.documented)
})

t.test('docs: a table of options or events lists all those of its type, and no others', async t => {
  const known = new Set([...types.values()].map(list => setOf(list.map(({ name }) => name))))
  for (const [head, least] of [
    ['option', 7],
    ['event', 1],
  ] as const) {
    const tables = pages.flatMap(page => tablesUnder(page, head).map(table => ({ page, table })))
    t.ok(tables.length >= least, `${tables.length} tables of ${head}s`)
    for (const { page, table } of tables) {
      const names = setOf(namesIn(table))
      t.ok(known.has(names), `${page.path}: ${names}`)
    }
  }
})

t.test('docs: the defaults in tables are those of the code', async t => {
  for (const [path, index, defaults, least] of [
    ['README.md', 0, registrySettings({}), 6],
    ['README.md', 1, limitsOf({}), 3],
    ['docs/embedded.md', 0, embeddedSettings({}), 6],
  ] as const) {
    const rows = tablesUnder(pages.find(page => page.path === path)!, 'option')[index]!
    let compared = 0
    for (const { names, cells } of rows) {
      const [name, ...others] = names
      const value = valueIn(cells.default!)
      if (others.length > 0 || value === undefined || !(name! in defaults)) continue
      // `connectTimeout` is `timeout` unless given.
      if (rows.some(row => row.names.includes(String(value)))) continue
      // The words of four letters are kept in another form.
      if (value === '*') continue
      t.equal((defaults as object as Record<string, unknown>)[name!], value, `${path}: ${name}`)
      compared++
    }
    t.ok(compared >= least, `${path}: ${compared} defaults`)
  }
})

t.test('docs: the tables of codes list all of them, and no others', async t => {
  for (const [path, source] of [
    ['docs/registry-lifecycle.md', 'src/registry/errors.ts'],
    ['docs/locks.md', 'src/recipes/errors.ts'],
  ] as const) {
    const codes = [...(await readFile(root + source, 'utf8')).matchAll(/^ {2}\| '([A-Z_]+)'$/gm)].map(
      match => match[1]!,
    )
    const [table = []] = tablesUnder(pages.find(page => page.path === path)!, 'code')
    t.ok(codes.length >= 3, source)
    t.equal(setOf(namesIn(table)), setOf(codes), path)
  }
})

t.test('docs: the calls in tables exist', async t => {
  for (const page of pages) {
    const names = ['call', 'member'].flatMap(head => tablesUnder(page, head).flatMap(namesIn))
    const classes = CLASSES[page.path] ?? []
    t.equal(names.length > 0, classes.length > 0, `${page.path} has calls in tables`)
    const exists = (name: string): boolean => classes.some(type => name in type.prototype || name in type)
    t.same(
      names.filter(name => !exists(name) && !OF_THE_LANGUAGE.includes(name)),
      [],
      page.path,
    )
  }
})

t.test('docs: the methods of the client that README.md lists exist', async t => {
  const [list] = /^`create` `get`[^;]*/m.exec(pages[0]!.prose)!
  const names = [...list.matchAll(/`(\w+)[^`]*`/g)].map(match => match[1]!)
  t.ok(names.length > 25, `${names.length} methods`)
  t.same(
    names.filter(name => !(name in ZooKeeper.prototype)),
    ['recursive'],
  )
})

t.test('docs: tables are read', async t => {
  const text =
    '| call | b |\n| --- | ---: |\n| `x.one({ two })`, `three` | `four` |\n| `FIVE_A: 6` | |\n\n| a |\n'
  t.same(tablesUnder(pageOf('a.md', text), 'call'), [
    [
      { names: ['one', 'three'], cells: { call: '`x.one({ two })`, `three`', b: '`four`' } },
      { names: ['FIVE_A'], cells: { call: '`FIVE_A: 6`', b: '' } },
    ],
  ])
  t.same(tablesUnder(pageOf('a.md', text), 'option'), [])
  t.same(['1,024', '64 MiB', '`true`', '`wait`', "`'renew'`", 'none'].map(valueIn), [
    1024,
    64 * 2 ** 20,
    true,
    'wait',
    'renew',
    undefined,
  ])
})
