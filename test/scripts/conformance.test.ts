// The conformance report: complete, up to date, and able to fail.
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { findProofs, proofsIn } from '../../scripts/conformance/proofs.ts'
import { faultsOf, markdownOf } from '../../scripts/conformance/report.ts'
import { chapters } from '../../scripts/conformance/rules.ts'
import { t } from '../tap.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

t.test('report: every rule has a test, and every test a rule', async t => {
  t.same(faultsOf(chapters, await findProofs(root)), [])
})

t.test('report: docs/conformance.md is what `npm run conformance:report` writes', async t => {
  t.equal(await readFile(`${root}/docs/conformance.md`, 'utf8'), markdownOf(chapters, await findProofs(root)))
})

t.test('report: names of tests', async t => {
  const source = `test('8.1.2, 8.3.4: two rules', body)\nt.test("8.2.3: it's one", body)\ntest('8.1: no rule', body)`
  t.same(proofsIn('a.test.ts', source), [
    { rules: ['8.1.2', '8.3.4'], name: 'two rules', file: 'a.test.ts' },
    { rules: ['8.2.3'], name: "it's one", file: 'a.test.ts' },
  ])
})

t.test('report: what is a fault', async t => {
  const rules = [
    { id: '8.1.1', text: 'tested' },
    { id: '8.1.2', text: 'forgotten' },
    { id: '8.1.3', text: 'exempt', exempt: 'why' },
    { id: '8.1.4', text: 'both', exempt: 'why' },
  ]
  const made = [{ id: '8.1', title: 'One', rules }]
  const proofs = [{ rules: ['8.1.1', '8.1.4', '8.9.9'], name: 'a | b', file: 'test/x.test.ts' }]
  t.same(faultsOf(made, proofs), [
    'rule 8.1.2 has no test: forgotten',
    'rule 8.1.4 is exempt and has a test',
    'a test names rule 8.9.9, which does not exist',
  ])
  t.match(markdownOf(made, proofs), '| 8.1.1 | tested | a \\| b (`x.test.ts`) |')
  t.match(markdownOf(made, proofs), '| 8.1.3 | exempt | does not apply: why |')
})
