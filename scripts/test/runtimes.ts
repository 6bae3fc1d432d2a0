// npm run test:runtimes: the library's suite on Deno and Bun, from the sources, on one real ZooKeeper.
import { spawn } from 'node:child_process'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Runtime, RuntimeName } from '../peers/runtimes.ts'
import { findRuntime } from '../peers/runtimes.ts'
import { startServer } from '../zookeeper/server.ts'
import type { Summary } from './summary.ts'
import { summarise } from './summary.ts'

const USAGE = `Runs the library's suite on other runtimes than Node, from the sources.

  npm run test:runtimes -- [RUNTIME...] [FILE...]

  RUNTIME   deno or bun; default: both
  FILE      a test file; default: the suites of the library
`
const NAMES: readonly RuntimeName[] = ['deno', 'bun']
const SUITES = [
  ...['protocol', 'registry', 'cache', 'embedded', 'testing', 'conformance', 'runtimes'],
  ...['protocol', 'recipes', 'registry', 'cache'].map(name => `integration/${name}`),
].map(name => `test/${name}`)
const AT_ONCE = 2
const FILE_MS = 240_000
const root = fileURLToPath(new URL('../..', import.meta.url))

/** Runs one file. Without the plan at its end it did not get to its end, whatever its exit code says. */
async function runFile(
  runtime: Runtime,
  file: string,
  servers: string,
): Promise<Summary & { sound: boolean }> {
  const child = spawn(runtime.command, [...runtime.args, 'test/portable/main.ts', file], {
    cwd: root,
    env: { ...process.env, ...runtime.env, NDSR_TEST_SERVERS: servers },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: FILE_MS,
    killSignal: 'SIGKILL',
  })
  let output = ''
  let errors = ''
  child.stdout.setEncoding('utf8').on('data', text => {
    output += text
  })
  child.stderr.setEncoding('utf8').on('data', text => {
    errors += text
  })
  const code = await new Promise<number>(resolve => child.once('close', code => resolve(code ?? 1)))
  const summary = summarise(output)
  const sound = code === 0 && summary.failed === 0 && /^1\.\.\d+$/m.test(output)
  if (!sound) {
    const failures = output.match(/^not ok .*\n(?: {2}---\n(?:.*\n)*? {2}\.\.\.\n)?/gm)?.join('')
    process.stdout.write(
      `${runtime.name}: FAILED ${file} (exit code ${code})\n${failures ?? output}${errors}\n`,
    )
  }
  return { ...summary, failed: Math.max(summary.failed, sound ? 0 : 1), sound }
}

/** Runs all files, some at once. */
async function runSuite(runtime: Runtime, files: readonly string[], servers: string): Promise<Summary> {
  const queue = [...files]
  const total = { passed: 0, failed: 0, skips: [] as string[], notApplicable: [] as string[] }
  const worker = async (): Promise<void> => {
    for (let file = queue.shift(); file !== undefined; file = queue.shift()) {
      const result = await runFile(runtime, file, servers)
      total.passed += result.passed
      total.failed += result.failed
      total.skips.push(...result.skips)
      total.notApplicable.push(...result.notApplicable)
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, worker))
  return total
}

async function testsIn(folder: string): Promise<string[]> {
  const names = await readdir(join(root, folder), { recursive: true })
  return names
    .filter(name => name.endsWith('.test.ts'))
    .sort()
    .map(name => join(folder, name))
}

async function main(args: readonly string[]): Promise<void> {
  if (args.includes('--help')) {
    process.stdout.write(USAGE)
    return
  }
  const asked = NAMES.filter(name => args.includes(name))
  const named = args.filter(arg => !asked.includes(arg as RuntimeName))
  const files = named.length > 0 ? named : (await Promise.all(SUITES.map(testsIn))).flat()
  await using server = await startServer()
  let failed = false
  for (const name of asked.length > 0 ? asked : NAMES) {
    const begun = performance.now()
    const runtime = await findRuntime(name)
    const total = await runSuite(runtime, files, server.connectString)
    for (const test of total.notApplicable) process.stdout.write(`  ${test}\n`)
    for (const test of total.skips) process.stdout.write(`  SKIPPED: ${test}\n`)
    const counts = `${total.passed} passed, ${total.failed} failed, ${total.skips.length} skipped`
    const seconds = Math.round((performance.now() - begun) / 1000)
    process.stdout.write(
      `${name} ${runtime.version}: ${files.length} files, ${counts}, ` +
        `${total.notApplicable.length} not applicable (${seconds} s, ZooKeeper ${server.version})\n`,
    )
    failed ||= total.failed > 0 || total.passed === 0
  }
  process.exitCode = failed ? 1 : 0
}

main(process.argv.slice(2)).catch(error => {
  process.stderr.write(`${error instanceof Error ? error.message : error}\n`)
  process.exitCode = 1
})
