// The conformance report: complete, up to date, and able to fail.
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { findProofs, proofsIn } from '../../scripts/conformance/proofs.ts'
import { faultsOf, markdownOf, staleIn } from '../../scripts/conformance/report.ts'
import { report, where } from '../../scripts/conformance/rules.ts'
import { t } from '../tap.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

t.test('report: every rule has a test, and every test a rule', async t => {
  t.same(faultsOf(report.chapters, await findProofs(root, where)), [])
})

t.test('report: docs/conformance.md is what `npm run conformance:report` writes', async t => {
  t.equal(
    await readFile(`${root}/docs/conformance.md`, 'utf8'),
    markdownOf(report, await findProofs(root, where)),
  )
})

t.test('report: names of tests', async t => {
  const source = `test('8.1.2, 8.3.4: two rules', body)\nt.test("8.2.3: it's one", body)\ntest('8.1: no rule', body)\ntest('H1, 8.9.1: two sets', body)`
  t.same(proofsIn('a.test.ts', source, where.number), [
    { rules: ['8.1.2', '8.3.4'], name: 'two rules', file: 'a.test.ts' },
    { rules: ['8.2.3'], name: "it's one", file: 'a.test.ts' },
    { rules: ['8.9.1'], name: 'two sets', file: 'a.test.ts' },
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
  const of = (chapters: typeof made): string =>
    markdownOf({ title: 'T', intro: 'I', exempt: 'left', chapters }, proofs)
  t.match(of(made), '4 rules: 2 tested, 2 left.')
  t.match(of(made), '| 8.1.1 | tested | a \\| b (`x.test.ts`) |\n')
  t.match(of(made), '| 8.1.3 | exempt | does not apply: why |\n')
  const weaker = [{ ...made[0]!, rules: [{ id: '8.1.1', text: 'tested', weaker: 'less' }] }]
  t.match(of(weaker), '| 8.1.1 | tested | a \\| b (`x.test.ts`) | less |\n')
})

t.test('report: tests that a file names and that are gone', async t => {
  const fresh = '| 1 | a | b (`x`)<br>new (`y`) |\n'
  t.same(staleIn('| 1 | a | b (`x`)<br>gone (`y`)<br>new (`y`) |\n', fresh), ['gone (`y`)'])
  t.same(staleIn('| 1 | a | b (`x`) |\n', fresh), [], 'what is new does not count')
})
