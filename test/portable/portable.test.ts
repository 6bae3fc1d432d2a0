// The runner for runtimes without tap: what fails there must be seen, and what passes must be counted.
import { spawn } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { summarise } from '../../scripts/test/summary.ts'
import { sourceArgs } from '../support/child.ts'
import type { Test } from '../tap.ts'
import { t } from '../tap.ts'

const main = fileURLToPath(new URL('main.ts', import.meta.url))
const tap = new URL('../tap.ts', import.meta.url).href

/** Runs a file of tests under the portable runner. */
async function run(t: Test, text: string): Promise<{ code: number | null; output: string }> {
  const file = join(t.testdir(), 'some.test.mjs')
  await writeFile(file, `import { t } from ${JSON.stringify(tap)}\n${text}`)
  const child = spawn(process.execPath, sourceArgs(main, [file]), {
    env: { ...process.env, NDSR_PORTABLE: '1' },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let output = ''
  child.stdout.setEncoding('utf8').on('data', part => {
    output += part
  })
  const code = await new Promise<number | null>(resolve => child.once('close', resolve))
  return { code, output }
}

t.jobs = 4
const test = (name: string, body: (t: Test) => Promise<void>): void => {
  t.test(`portable runner: ${name}`, { buffered: true, timeout: 150_000 }, body)
}

test('what passes is counted, teardowns run backwards, nested tests too', async t => {
  const { code, output } = await run(
    t,
    `t.test('outer', async t => {
      t.teardown(() => console.log('second'))
      t.teardown(() => console.log('first'))
      t.match({ a: 1, b: 2 }, { a: Number })
      await t.test('inner', async t => { t.same([1], [1]); await t.rejects(Promise.reject(new Error('x')), /x/) })
    })
    t.test('skipped', { skip: 'for a reason' }, t => t.fail())
    t.test('partly', t => { t.pass('x', { skip: 'not applicable: here' }) })`,
  )
  t.equal(code, 0)
  t.match(output, /first\nsecond/)
  t.match(output, /outer > inner > /)
  t.match(summarise(output), {
    passed: 3,
    failed: 0,
    skips: ['skipped: for a reason'],
    notApplicable: ['partly > x: not applicable: here'],
  })
})

const failing: [string, string, RegExp][] = [
  ['an assertion', `t.test('a', t => { t.equal(1, 2) })`, /not ok 1 - a > equal/],
  ['what a test throws', `t.test('a', () => { throw new Error('thrown') })`, /not ok 1 - a\n[\s\S]*thrown/],
  [
    'what nobody awaits',
    `t.test('a', t => { Promise.reject(new Error('lost')); return new Promise(r => setTimeout(r, 50)) })`,
    /unhandled rejection/,
  ],
  ['a test that hangs', `t.test('a', { timeout: 50 }, () => new Promise(() => {}))`, /timed out after 50 ms/],
  [
    'a teardown that throws',
    `t.test('a', t => { t.pass(); t.teardown(() => { throw new Error('down') }) })`,
    /not ok 2 - a: teardown/,
  ],
  ['a file without a test', ``, /a file without a test/],
  [
    'what is thrown while the file loads',
    `t.test('a', t => { t.pass() }); throw new Error('early')`,
    /could not be loaded[\s\S]*early/,
  ],
  [
    'a pattern of the name',
    `t.test('a', t => t.throws(() => { throw new Error('x') }, /^Error: x/))`,
    /not ok 1/,
  ],
  ['a rejection that does not come', `t.test('a', t => t.rejects(Promise.resolve()))`, /did not reject/],
]
for (const [what, text, pattern] of failing) {
  test(`${what} fails the file`, async t => {
    const { code, output } = await run(t, text)
    t.equal(code, 1)
    t.match(output, pattern)
    t.ok(summarise(output).failed > 0)
  })
}

test('a run whose output nobody reads any more ends', async t => {
  const file = join(t.testdir(), 'some.test.mjs')
  const endless = `t.test('a', async t => { for (;;) { t.pass(); await new Promise(r => setImmediate(r)) } })`
  await writeFile(file, `import { t } from ${JSON.stringify(tap)}\n${endless}`)
  const child = spawn(process.execPath, sourceArgs(main, [file]), {
    env: { ...process.env, NDSR_PORTABLE: '1' },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  child.stdout.once('data', () => child.stdout.destroy())
  t.equal(await new Promise<number | null>(resolve => child.once('close', resolve)), 1)
})

test('buffered tests run side by side, as many as jobs says; others alone', async t => {
  const { code, output } = await run(
    t,
    `t.jobs = 2
    let running = 0
    let most = 0
    const body = async t => {
      most = Math.max(most, ++running)
      await new Promise(r => setTimeout(r, 20))
      running--
      t.pass()
    }
    for (const name of 'abcd') t.test(name, { buffered: true }, body)
    t.test('alone', async t => { t.equal(running, 0); t.equal(most, 2) })`,
  )
  t.equal(code, 0)
  t.match(output, /1\.\.6\n$/)
})
