// The table of rows: complete, and true to the tests that there are.
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { findProofs } from '../../scripts/conformance/proofs.ts'
import { faultsOf, markdownOf, staleIn } from '../../scripts/conformance/report.ts'
import { report, where } from '../../scripts/registry-rows/rows.ts'
import { t } from '../tap.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const { chapters } = report

t.test('rows: each has a test, and no test names one that does not exist', async t => {
  t.same(faultsOf(chapters, await findProofs(root, where)), [])
  const ids = chapters.flatMap(chapter => chapter.rules.map(rule => rule.id))
  t.same(
    ids,
    Array.from({ length: 90 }, (_, i) => `N${i + 1}`),
  )
})

t.test('rows: docs/registry-rows.md names no test and says nothing that is gone', async t => {
  const text = await readFile(`${root}/docs/registry-rows.md`, 'utf8')
  t.same(staleIn(text, markdownOf(report, await findProofs(root, where))), [])
  for (const { id } of chapters.flatMap(chapter => chapter.rules)) t.match(text, `| ${id} |`)
})
