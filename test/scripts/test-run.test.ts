// npm test: which files run, compiled how, and that nothing that goes wrong in a file is lost.
import { spawn } from 'node:child_process'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { compile } from '../../scripts/test/compile.ts'
import { filesAt, testFiles } from '../../scripts/test/suites.ts'
import { summarise } from '../../scripts/test/summary.ts'
import { scriptArgs } from '../support/child.ts'
import type { Test } from '../tap.ts'
import { t } from '../tap.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const runner = join(root, 'scripts/test/files.ts')
const tap = import.meta.resolve('tap')

/** Runs compiled test files, given as text by name. */
async function run(
  t: Test,
  texts: Record<string, string>,
  env: NodeJS.ProcessEnv = {},
): Promise<{ code: number | null; output: string }> {
  const folder = t.testdir()
  for (const [name, text] of Object.entries(texts)) {
    await writeFile(join(folder, `${name}.test.mjs`), `import { t } from ${JSON.stringify(tap)}\n${text}`)
  }
  const files = Object.keys(texts).map(name => `${name}.test.mjs`)
  const child = spawn(process.execPath, scriptArgs(runner, [folder, ...files]), {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  let output = ''
  child.stdout.setEncoding('utf8').on('data', part => {
    output += part
  })
  const code = await new Promise<number | null>(resolve => child.once('close', resolve))
  return { code, output }
}

t.test('test run: what passes is counted, and what is skipped listed', async t => {
  const { code, output } = await run(t, {
    one: `t.test('a', async t => { t.pass(); t.pass() })`,
    two: `t.test('b', async t => { t.pass(); t.pass('c', { skip: 'for a reason' }) })`,
  })
  t.equal(code, 0)
  t.match(summarise(output), { passed: 3, failed: 0, skips: ['c: for a reason'] })
})

const failing: Record<string, [string, RegExp]> = {
  'that does not load': [`await import('./nowhere.mjs')`, /^not ok 1 - x\.test/m],
  'that runs no test': [`t.jobs = 2`, /^not ok 2 - x\.test\.mjs: no test ran/m],
  'that crashes after a test': [
    `t.test('a', async t => { t.pass(); process.kill(process.pid, 'SIGKILL') })`,
    /^ {2}signal: SIGKILL/m,
  ],
  'that leaves before its end': [`t.test('a', async t => { t.pass(); process.exit(0) })`, /^not ok 1 - x/m],
  'with a failed assertion': [`t.test('a', async t => { t.equal(1, 2) })`, /^ {8}not ok 1/m],
  'with a rejection that nobody awaits': [
    `t.test('a', async t => { t.pass(); Promise.reject(new Error('lost')); await new Promise(r => setTimeout(r, 50)) })`,
    /lost/,
  ],
}
for (const [what, [text, pattern]] of Object.entries(failing)) {
  t.test(`test run: a file ${what} fails the run`, async t => {
    const { code, output } = await run(t, { x: text })
    t.equal(code, 1)
    t.match(output, pattern)
  })
}

t.test('test run: a file that does not end is ended, and fails the run', async t => {
  const text = `setInterval(() => {}, 1000); t.test('a', { timeout: 0 }, () => new Promise(() => {}))`
  const { code, output } = await run(t, { x: text }, { TAP_TIMEOUT: '3' })
  t.equal(code, 1)
  t.match(output, /^not ok 1 - x\.test\.mjs/m)
})

t.test('test run: a file runs once, however often it is named, and what names none is refused', async t => {
  const all = await testFiles(root, {})
  const here = 'test/scripts/test-run.test.ts'
  t.same(await filesAt(root, []), all)
  t.same(await filesAt(root, [join(root, here)]), [here])
  t.same(
    await filesAt(root, [join(root, 'test/scripts'), join(root, here)]),
    all.filter(file => file.startsWith('test/scripts/')),
  )
  await t.rejects(filesAt(root, [join(root, 'test/support')]), /test\/support is no test file/)
})

t.test('test run: a compiled module finds what lies beside its source, and tap, in any folder', async t => {
  const name = 'a place, 100% #1?'
  const project = {
    protocol: {},
    src: { 'shared.ts': `export class Same {}\nexport const here: string = import.meta.url\n` },
    scripts: {},
    test: {
      'a.ts': `import { Same, here } from '../src/shared.ts'
        export const found = { Same, here, own: import.meta.url, text: 'import.meta.url' }`,
      'b.ts': `import type { Same } from '../src/shared.ts'
        export async function load(): Promise<typeof Same> { return (await import('../src/shared.ts')).Same }`,
      'c.ts': `export { t } from 'tap'`,
    },
  }
  const place = join(t.testdir({ [name]: project }), name)
  const compiled = await compile(place)
  const load = (name: string): Promise<unknown> => import(pathToFileURL(join(compiled.folder, name)).href)
  const { found } = (await load('test/a.js')) as { found: Record<string, unknown> }
  t.match(found, {
    here: pathToFileURL(join(place, 'src/shared.ts')).href,
    own: pathToFileURL(join(place, 'test/a.ts')).href,
    text: 'import.meta.url',
  })
  const other = (await load('test/b.js')) as { load(): Promise<unknown> }
  t.equal(await other.load(), found.Same, 'one module for all that import it')
  t.match(
    await readFile(join(compiled.folder, 'test/c.js'), 'utf8'),
    /%20.*tap\.mjs/,
    'an address, not a path',
  )
  await compiled[Symbol.asyncDispose]()
  t.same(await readdir(join(place, '.cache/tests')), [])
})

t.test('test run: what a killed run left goes with the next, what a running one has stays', async t => {
  const living = String(process.ppid)
  const place = t.testdir({
    ...{ protocol: {}, src: {}, scripts: {}, test: { 'a.ts': '' } },
    '.cache': { tests: { 99999999: { 'a.js': '' }, [living]: { 'a.js': '' } } },
  })
  await using compiled = await compile(place)
  t.same(new Set(await readdir(join(place, '.cache/tests'))), new Set([living, String(process.pid)]))
  t.match(await readFile(join(compiled.folder, 'node_modules/@tapjs/tap.mjs'), 'utf8'), /as t\b/)
})
