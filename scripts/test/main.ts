// npm test: starts one real ZooKeeper for all files, runs tap, and ends with the counts.
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { startServer } from '../zookeeper/server.ts'
import { summarise } from './summary.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const tap = fileURLToPath(new URL('../../node_modules/tap/dist/esm/run.mjs', import.meta.url))
const files = process.argv.slice(2)

/** Runs a command in the project; its standard output is shown and kept. */
async function run(command: string, args: string[], env: NodeJS.ProcessEnv): Promise<[number, string]> {
  const child = spawn(command, args, { cwd: root, env, stdio: ['ignore', 'pipe', 'inherit'] })
  let output = ''
  child.stdout.setEncoding('utf8').on('data', text => {
    output += text
    process.stdout.write(text)
  })
  const code = await new Promise<number>(resolve => child.once('close', code => resolve(code ?? 1)))
  return [code, output]
}

await using server = await startServer()
process.stdout.write(`real server: ZooKeeper ${server.version} at ${server.connectString}\n`)
const env = { ...process.env, NDSR_TEST_SERVERS: server.connectString }

// tap keeps its plugins as generated code, which a fresh clone has not.
const [built] = await run(process.execPath, [tap, 'build'], env)
if (built !== 0) process.exit(built)

const targets = files.length > 0 ? files : ['test/**/*.test.ts']
const [code, output] = await run(
  process.execPath,
  [tap, 'run', '--reporter=tap', '--jobs=2', ...targets],
  env,
)
const summary = summarise(output)
for (const test of summary.notApplicable) process.stdout.write(`NOT APPLICABLE: ${test}\n`)
for (const skipped of summary.skips) process.stdout.write(`SKIPPED: ${skipped}\n`)
if (summary.skips.length > 0 && process.env.CI === 'true')
  process.stdout.write('With CI=true a skip is a failure.\n')
const failed = code !== 0 || summary.failed > 0 || (summary.skips.length > 0 && process.env.CI === 'true')
process.exitCode = failed ? 1 : 0
process.stdout.write(
  `tests: ${summary.passed} passed, ${Math.max(summary.failed, failed ? 1 : 0)} failed, ${summary.skips.length} skipped, ` +
    `${summary.notApplicable.length} not applicable\n`,
)
