// Links of the documentation lead somewhere, and the files that it names are there.
import { t } from '../../tap.ts'
import { deadLinks, deadPaths, linksOf, readFiles } from './links.ts'
import { pageOf, readPages } from './pages.ts'

const pages = await readPages()
const files = await readFiles()

t.test('docs: every link and anchor leads somewhere', async t => {
  t.same(
    pages.flatMap(page => deadLinks(page, pages, files)),
    [],
  )
  const count = pages.flatMap(linksOf).length
  t.ok(count > 15, `${count} links`)
})

t.test('docs: every file that is named with its path is there', async t => {
  t.same(
    pages.flatMap(page => deadPaths(page, files)),
    [],
  )
})

t.test('docs: every page below docs can be reached from README.md', async t => {
  const reached = new Set(['README.md'])
  for (const path of reached) {
    const page = pages.find(other => other.path === path)
    for (const { text } of page === undefined ? [] : linksOf(page)) {
      const [file = ''] = text.split('#')
      if (file !== '') reached.add(new URL(file, `file:///${path}`).pathname.slice(1))
    }
  }
  t.same(
    pages.filter(({ path }) => path.startsWith('docs/') && !reached.has(path)).map(({ path }) => path),
    [],
  )
})

t.test('docs: dead links, anchors and paths are found', async t => {
  const text = `# One two: \`x\`\n# One two: \`x\`\n[a](#one-two-x) [b](#one-two-x-1) [c](#one-two-x-2)
[d](../README.md#the-registry) [e](../README.md#gone) [f](gone.md) ![g](bench/chart.svg) [h](https://example.com)
[i]: gone.md
\`[j](gone.md)\` \`test/tap.ts\` \`test/gone\` \`protocol/client/gone.ts\` \`src/cli/\``
  const page = pageOf('docs/a.md', text)
  const dead = ['#one-two-x-2', '../README.md#gone', 'gone.md', 'gone.md']
  t.same(
    deadLinks(page, [page, ...pages], files).map(link => link.split(': ')[1]),
    dead,
  )
  t.same(deadPaths(page, files), ['docs/a.md:6: test/gone', 'docs/a.md:6: protocol/client/gone.ts'])
})
