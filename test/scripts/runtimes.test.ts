// The run on other runtimes: no file is left out without a reason, and no failure is lost.
import { existsSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { runFile } from '../../scripts/test/runtime-file.ts'
import { NODE_ONLY, suiteOf, testFiles } from '../../scripts/test/suites.ts'
import { Tally } from '../../scripts/test/tally.ts'
import type { Test } from '../tap.ts'
import { t } from '../tap.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const tap = new URL('../tap.ts', import.meta.url).href

t.test('runtimes: every test file runs unless its folder has a reason', async t => {
  const all = await testFiles(root, {})
  const run = await testFiles(root)
  const left = all.filter(file => !run.includes(file))
  t.ok(run.length > 100)
  t.same([...new Set(left.map(suiteOf))], Object.keys(NODE_ONLY))
  for (const folder of Object.keys(NODE_ONLY)) t.ok(existsSync(join(root, folder)), folder)
})

t.test('runtimes: a file counts in the folder below test/, or in that below test/integration/', async t => {
  t.equal(suiteOf('test/protocol/client/a.test.ts'), 'test/protocol')
  t.equal(suiteOf('test/integration/cache/a.test.ts'), 'test/integration/cache')
  t.equal(suiteOf('test/integration/a.test.ts'), 'test/integration')
})

t.test('runtimes: a suite has its line after its last file, and the sum has everything', async t => {
  const tally = new Tally(['test/a/1.test.ts', 'test/a/2.test.ts', 'test/b/1.test.ts'])
  const nothing = { passed: 0, failed: 0, skips: [], notApplicable: [] }
  t.equal(tally.add('test/a/1.test.ts', { ...nothing, passed: 2, failed: 1 }), null)
  t.equal(
    tally.add('test/b/1.test.ts', { ...nothing, passed: 1, notApplicable: ['x: not applicable: y'] }),
    'test/b: 1 file, 1 passed, 0 failed, 0 skipped, 1 not applicable',
  )
  t.equal(
    tally.add('test/a/2.test.ts', { ...nothing, skips: ['peer: none'] }),
    'test/a: 2 files, 2 passed, 1 failed, 1 skipped, 0 not applicable',
  )
  t.equal(String(tally), '3 files, 3 passed, 1 failed, 1 skipped, 1 not applicable')
  t.same(tally.skips, ['test/a/2.test.ts: peer: none'])
  t.same(tally.notApplicable, ['test/b/1.test.ts: x: not applicable: y'])
})

/** Runs a file of tests as on another runtime, on Node. */
async function outcome(t: Test, text: string, patience = 150_000): Promise<ReturnType<typeof runFile>> {
  const file = join(t.testdir(), 'some.test.mjs')
  await writeFile(file, `import { t } from ${JSON.stringify(tap)}\n${text}`)
  const runtime = { name: 'bun', version: '0', command: process.execPath, args: ['--import=tsx'] } as const
  return await runFile({ ...runtime, env: { NDSR_PORTABLE: '1' } }, file, {
    cwd: root,
    env: process.env,
    patience,
  })
}

t.test('runtimes: what passes has no complaint', async t => {
  const result = await outcome(t, `t.test('a', t => { t.pass(); t.pass() })`)
  t.match(result, { passed: 2, failed: 0, complaint: null })
})

t.test('runtimes: a failure is shown with its reason, without what passed', async t => {
  const { failed, complaint } = await outcome(t, `t.test('a', t => { t.pass('fine'); t.equal(1, 2, 'sum') })`)
  t.equal(failed, 1)
  t.match(complaint, /FAILED .*some\.test\.mjs \(exit code 1\)\na > sum\n/)
  t.notMatch(complaint, /fine/)
})

t.test('runtimes: a file that ends before its plan has failed, whatever its exit code', async t => {
  const { failed, complaint } = await outcome(t, `t.test('a', t => { t.pass(); process.exit(0) })`)
  t.equal(failed, 1)
  t.match(complaint, /\(exit code 0\)/)
})

t.test('runtimes: a file that does not end is killed and has failed', async t => {
  const { failed, complaint } = await outcome(
    t,
    `setInterval(() => {}, 1000); await new Promise(() => {})`,
    3000,
  )
  t.equal(failed, 1)
  t.match(complaint, /\(SIGKILL; at most 3 s\)/)
})
