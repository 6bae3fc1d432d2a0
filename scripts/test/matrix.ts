// npm run test:matrix: the integration suite on the pinned release of every supported line, one after the other.
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { PINNED } from '../zookeeper/versions.ts'
import type { Summary } from './summary.ts'
import { failuresIn, summarise } from './summary.ts'

const USAGE = `Runs the integration suite on each release line of ZooKeeper.

  npm run test:matrix -- [LINE...] [FILE...]

  LINE   such as 3.6; default: all of them
  FILE   a test file or a folder; default: the suites of the protocol, the recipes and the registry
`
const SUITES = ['protocol', 'recipes', 'registry'].map(name => `test/integration/${name}`)

interface Run {
  readonly version: string
  readonly summary: Summary
  readonly sound: boolean
  readonly seconds: number
}

/** Runs the files on one release; what is wrong is shown at once, the rest is counted. */
async function runOn(version: string, files: readonly string[]): Promise<Run> {
  const begun = performance.now()
  const script = fileURLToPath(new URL('main.ts', import.meta.url))
  // A server that all files would share must be of this release, so one from outside does not count.
  const env = { ...process.env, ZOOKEEPER_VERSION: version, ZOOKEEPER_HOME: '', NDSR_TEST_SERVERS: undefined }
  const child = spawn(process.execPath, ['--import=tsx', script, ...files], {
    cwd: fileURLToPath(new URL('../..', import.meta.url)),
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let output = ''
  child.stdout.setEncoding('utf8').on('data', text => {
    output += text
  })
  const code = await new Promise<number>(resolve => child.once('close', code => resolve(code ?? 1)))
  const summary = summarise(output)
  const sound = code === 0 && summary.passed > 0
  if (!sound) {
    const failures = failuresIn(output)
    process.stdout.write(failures.length > 0 ? `${failures.join('\n')}\n` : output)
  }
  return { version, summary, sound, seconds: Math.round((performance.now() - begun) / 1000) }
}

function report({ version, summary, sound, seconds }: Run): string {
  const { passed, failed, skips, notApplicable } = summary
  const counts = `${passed} passed, ${failed} failed, ${skips.length} skipped, ${notApplicable.length} not applicable`
  return `ZooKeeper ${version.padEnd(7)} ${sound ? 'ok    ' : 'FAILED'} ${counts} (${seconds} s)\n`
}

async function main(args: readonly string[]): Promise<void> {
  if (args.includes('--help')) {
    process.stdout.write(USAGE)
    return
  }
  const lines = args.filter(arg => /^\d+\.\d+$/.test(arg))
  const files = args.filter(arg => !lines.includes(arg))
  const versions = (lines.length > 0 ? lines : Object.keys(PINNED)).map(line => PINNED[line])
  const runs: Run[] = []
  for (const version of versions) {
    if (version === undefined) throw new RangeError(`the release lines are ${Object.keys(PINNED).join(', ')}`)
    const run = await runOn(version, files.length > 0 ? files : SUITES)
    runs.push(run)
    process.stdout.write(report(run))
    for (const test of run.summary.notApplicable) process.stdout.write(`  ${test}\n`)
    for (const test of run.summary.skips) process.stdout.write(`  SKIPPED: ${test}\n`)
  }
  const sum = (count: (run: Run) => number): number => runs.reduce((total, run) => total + count(run), 0)
  const broken = runs.filter(run => !run.sound)
  process.stdout.write(
    `matrix: ${runs.length} releases, ${sum(run => run.summary.passed)} passed, ` +
      `${sum(run => run.summary.failed)} failed, ${sum(run => run.summary.skips.length)} skipped` +
      `${broken.length === 0 ? '' : `; FAILED on ${broken.map(run => run.version).join(', ')}`}\n`,
  )
  process.exitCode = broken.length === 0 ? 0 : 1
}

main(process.argv.slice(2)).catch(error => {
  process.stderr.write(`${error instanceof Error ? error.message : error}\n`)
  process.exitCode = 1
})
