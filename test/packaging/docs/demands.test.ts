// The tests that docs/demands.md names are there.
import { readFile } from 'node:fs/promises'
import { testFiles } from '../../../scripts/test/suites.ts'
import { t } from '../../tap.ts'
import type { Page } from './pages.ts'
import { pageOf, readPages, root } from './pages.ts'

const names = await testFiles(root, {})
const texts = await Promise.all(names.map(name => readFile(root + name, 'utf8')))
const files = names.map((name, index) => ({
  name: name.slice('test/'.length, -'.test.ts'.length),
  text: texts[index]!,
}))

/** Code that names something else than a file. */
const OTHERS: readonly string[] = ['src/cache', 'wchs']

/** In the column of tests, a piece of code is the end of a file's path, and what is quoted behind it names a test there. */
function namedIn(page: Page): { count: number; missing: string[] } {
  const missing: string[] = []
  let count = 0
  for (const row of page.prose.match(/^\| H\d.*$/gm) ?? []) {
    let at: typeof files = []
    for (const [, code, title] of row.split(' | ')[2]!.matchAll(/`([\w/-]+)`|"([^"]+)"/g)) {
      if (code !== undefined && OTHERS.includes(code)) continue
      if (code !== undefined) at = files.filter(({ name }) => `/${name}`.endsWith(`/${code}`))
      // A test in a loop has the first part of its name from a variable.
      const isThere = at.some(({ text }) => title === undefined || text.includes(title.replace(/^\w+: /, '')))
      if (!isThere) missing.push(title ?? code!)
      count++
    }
  }
  return { count, missing }
}

t.test('docs: the tests that docs/demands.md names are there', async t => {
  const { count, missing } = namedIn((await readPages()).find(({ path }) => path === 'docs/demands.md')!)
  t.same(missing, [])
  t.ok(count > 150, `${count} files and tests`)
})

t.test('docs: a test that is gone is found', async t => {
  const row =
    '| H1 | it works | unit `client/gone` "x"; `net/tls` "an abort ends an attempt", "of course: not" | |'
  t.same(namedIn(pageOf('a.md', row)).missing, ['client/gone', 'x', 'of course: not'])
})
