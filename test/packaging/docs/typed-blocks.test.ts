// Every TypeScript block of the documentation compiles against what the package exports.
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { t } from '../../tap.ts'
import { pageOf, readDocstrings, readPages, root } from './pages.ts'
import { compileBlocks } from './typed-blocks.ts'

/** A page with faults of every kind, and what must be said of them. */
const FAULTY = pageOf(
  'faulty.md',
  `
\`signal\` is an \`AbortSignal\`, and later there is a registry.

\`\`\`ts
import { ServiceRegistry, Nothing } from 'nd-service-registry'
import { ZooKeeper } from 'nd-service-registry/protocol'
const registry = await ServiceRegistry.connect({ servers: 7 })
await registry.unset('/a', { signal, patience: 1 })
zk.close()
\`\`\`

Here \`zk\` is a \`ZooKeeper\`.

\`\`\`ts
import { ServiceRegistry } from 'nd-service-registry'
const other: ServiceRegistry = registry
const registry2 = other.getNode('/a')
const signal = zk.status()
\`\`\`
`,
)
const EXPECTED: readonly RegExp[] = [
  /^faulty\.md:5:\d+ TS2305: .*'Nothing'/,
  /^faulty\.md:7:\d+ TS2322: /,
  /^faulty\.md:8:\d+ TS\d+: .*'patience'/,
  /^faulty\.md:9:\d+ TS2304: .*'zk'/,
  /^faulty\.md:17:\d+ TS2551: .*'getNode'/,
]

await mkdir(join(root, '.cache'), { recursive: true })
const folder = await mkdtemp(join(root, '.cache/docs-'))
t.teardown(() => rm(folder, { recursive: true, force: true }))

const pages = [...(await readPages()), ...(await readDocstrings())]
const { compiled, complaints } = await compileBlocks([...pages, FAULTY], folder)
const ofFaulty = complaints.filter(complaint => complaint.startsWith('faulty.md'))

t.test('docs: every TypeScript block compiles', async t => {
  t.same(
    complaints.filter(complaint => !ofFaulty.includes(complaint)),
    [],
  )
})

t.test('docs: what a block gets wrong is found, with its place', async t => {
  t.equal(ofFaulty.length, EXPECTED.length, ofFaulty.join('\n'))
  for (const pattern of EXPECTED)
    t.ok(
      ofFaulty.some(complaint => pattern.test(complaint)),
      String(pattern),
    )
})

t.test('docs: no block is left out', async t => {
  const { length } = [...pages, FAULTY].flatMap(({ blocks }) =>
    blocks.filter(({ language }) => language === 'ts'),
  )
  t.equal(compiled, length)
  t.ok(length > 25, `${length} blocks`)
  for (const path of ['README.md', 'docs/locks.md', 'protocol/client/zookeeper.ts'])
    t.ok(pages.find(page => page.path === path)!.blocks.length > 0, path)
  t.throws(() => pageOf('a.md', 'a\n\n```\nb\n```\n'), /a\.md:3: the language/)
  t.throws(() => pageOf('a.md', '```js no-check\nb\n```\n'), /a\.md:1: the language/)
  t.throws(() => pageOf('a.md', '```ts\nb\n'), /a\.md:1: a code block without an end/)
})
