// Clients under random faults, on the embedded server and on a real ensemble: nothing they tell is a lie, nothing hangs.
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { onNode, programArgs } from '../support/child.ts'
import type { Test } from '../tap.ts'
import { t } from '../tap.ts'
import { missingIn } from './counts.ts'
import type { RunOptions } from './run.ts'
import { run } from './run.ts'
import { summaryOf } from './summary.ts'
import { embeddedTarget } from './targets/embedded.ts'
import { ensembleTarget } from './targets/ensemble.ts'

const CHANCE = Math.floor(Math.random() * 2 ** 31)
const TIMEOUT = 110_000

/** So much has to happen, or nothing is proved. */
const LEAST = { acknowledgedWrites: 20, faults: 3, reconnects: 2, locks: 1, fired: 10, told: 50 }

async function isSound(t: Test, options: RunOptions): Promise<void> {
  const result = await run({ ...options, least: LEAST })
  const again = `npm run test:chaos -- --target ${options.target.name.split(' ')[0]} --seed ${options.seed}`
  t.comment(`${again}: ${summaryOf(result)}`)
  t.same(result.violations, [], again)
  t.same(missingIn(result, LEAST), [], again)
}

t.test(`chaos: the embedded server, seed ${CHANCE}`, { timeout: TIMEOUT }, async t => {
  const target = await embeddedTarget()
  t.teardown(() => target[Symbol.asyncDispose]())
  await isSound(t, { target, seed: CHANCE, seconds: 3, clients: 3, processes: 0 })
})

// The processes that clients run in are compared by the machine's clock, which other runtimes do not show.
const processes = onNode ? 1 : 0

t.test(`chaos: a real ensemble, seed ${CHANCE}`, { timeout: TIMEOUT }, async t => {
  const target = await ensembleTarget()
  t.teardown(() => target[Symbol.asyncDispose]())
  await isSound(t, { target, seed: CHANCE, seconds: 6, clients: 3, processes })
})

t.test('chaos: of a run that breaks off nobody plays on', { timeout: TIMEOUT }, async t => {
  const at = (file: string): string => JSON.stringify(new URL(file, import.meta.url).href)
  const program = `
    import { run } from ${at('run.ts')}
    import { embeddedTarget } from ${at('targets/embedded.ts')}
    const target = await embeddedTarget()
    const broken = { ...target, ready: () => Promise.reject(new Error('broken off')) }
    const options = { target: broken, seed: 1, seconds: 1, clients: 3, processes: ${processes} }
    await run(options).catch(error => console.log(error.message))
    await target[Symbol.asyncDispose]()`
  // It ends by itself, or is killed, which is an error.
  const { stdout } = await promisify(execFile)(process.execPath, programArgs(program), { timeout: 100_000 })
  t.equal(stdout.trim(), 'broken off')
})
