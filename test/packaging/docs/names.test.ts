// Options, calls and events: what the documentation names exists, and what exists is described.

import { ZooKeeper } from '../../../protocol/index.ts'
import { EmbeddedZooKeeper } from '../../../src/embedded/index.ts'
import { RegisteredInstance, ServiceRegistry } from '../../../src/index.ts'
import { FaultProxy } from '../../../src/testing/index.ts'
import { t } from '../../tap.ts'
import { inlineCodes, pageOf, readPages } from './pages.ts'
import { publicOptions } from './public-options.ts'
import { tablesUnder } from './tables.ts'

const pages = await readPages()
const options = await publicOptions()

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

t.test('docs: each public option has a docstring, or is named in the documentation', async t => {
  const code = pages
    .flatMap(page => [...inlineCodes(page), ...page.blocks].map(({ text }) => text))
    .join('\n')
  const words = new Set(code.match(/\w+/g))
  const members = [...options].flatMap(([type, list]) => list.map(member => ({ type, ...member })))
  t.same(
    members
      .filter(({ name, documented }) => !documented && !words.has(name))
      .map(({ type, name }) => `${type} ${name}`),
    [],
  )
  t.ok(options.size > 35, `${options.size} types`)
  for (const [type, list] of options) t.ok(list.length > 0, type)
  const named = (type: string): string => setOf(options.get(type)!.map(({ name }) => name))
  t.equal(named('src/index.ts UnsetOptions'), 'force signal timeout', 'inherited ones count')
  t.equal(named('src/testing/index.ts TakeoverOptions'), 'auth readOnly sasl tls', 'picked ones count')
  t.notOk(options.get('src/index.ts ZoneOptions')!.find(({ name }) => name === 'zone')!.documented)
})

t.test('docs: a table of options lists all those of its type, and no others', async t => {
  const types = new Map([...options].map(([type, list]) => [setOf(list.map(({ name }) => name)), type]))
  const tables = pages.flatMap(page => tablesUnder(page, 'option').map(names => ({ page, names })))
  t.ok(tables.length >= 6, `${tables.length} tables`)
  for (const { page, names } of tables) t.ok(types.has(setOf(names)), `${page.path}: ${setOf(names)}`)
})

t.test('docs: the calls in tables exist', async t => {
  for (const page of pages) {
    const names = ['call', 'member'].flatMap(head => tablesUnder(page, head).flat())
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
  const page = pageOf(
    'a.md',
    '| call | b |\n| --- | ---: |\n| `x.one({ two })`, `three` | `four` |\n| `five: 6` | |\n\n| a |\n',
  )
  t.same(tablesUnder(page, 'call'), [['one', 'three', 'five']])
  t.same(tablesUnder(page, 'option'), [])
})
