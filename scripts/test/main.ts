// npm test [-- FILE | FOLDER...]: starts one real ZooKeeper for all files, runs them under tap, and ends with what failed and the counts.
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { findFormatPeer, findJavaPeers } from '../peers/java.ts'
import { findPython } from '../peers/python.ts'
import { startServer } from '../zookeeper/server.ts'
import { compile } from './compile.ts'
import { filesAt } from './suites.ts'
import { failuresIn, summarise } from './summary.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const runner = fileURLToPath(new URL('files.ts', import.meta.url))

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

/** What the interop tests need is fetched before the time of a file runs; they say what could not be had. */
async function fetchPeers(files: readonly string[]): Promise<void> {
  if (!files.some(file => file.startsWith('test/interop/'))) return
  const java = async (): Promise<void> => {
    await findJavaPeers()
    for (const format of ['dubbo', 'finagle'] as const) await findFormatPeer(format)
  }
  await Promise.all([findPython(), java()])
}

const files = await filesAt(root, process.argv.slice(2))
await fetchPeers(files)
await using compiled = await compile(root)
await using server = await startServer()
process.stdout.write(`real server: ZooKeeper ${server.version} at ${server.connectString}\n`)
const env = { ...process.env, NDSR_TEST_SERVERS: server.connectString }
const [code, output] = await run(process.execPath, ['--import=tsx', runner, compiled.folder, ...files], env)
const summary = summarise(output)
for (const failure of failuresIn(output)) process.stdout.write(`FAILED: ${failure}\n`)
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
