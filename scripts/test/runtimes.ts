// npm run test:runtimes: the library's suite on Deno, Bun and other releases of Node, from the sources, on one real ZooKeeper.
import { fileURLToPath } from 'node:url'
import type { Runtime, RuntimeName } from '../peers/runtimes.ts'
import { findRuntime, NODE_NAMES } from '../peers/runtimes.ts'
import { startServer } from '../zookeeper/server.ts'
import { runFile } from './runtime-file.ts'
import { NODE_ONLY, testFiles } from './suites.ts'
import { Tally } from './tally.ts'

const USAGE = `Runs the library's suite on other runtimes than the one at hand, from the sources.

  npm run test:runtimes -- [RUNTIME...] [FILE...]

  RUNTIME   deno, bun, ${NODE_NAMES.join(', ')}, or node for all of these; default: deno and bun
  FILE      a test file; default: all but the folders below

Exit code 1 if anything failed, and with CI=true also if anything was skipped. Not run:
${Object.entries(NODE_ONLY)
  .map(([folder, reason]) => `  ${folder}: ${reason}\n`)
  .join('')}`
const DEFAULT: readonly RuntimeName[] = ['deno', 'bun']
const NAMES: readonly RuntimeName[] = [...DEFAULT, ...NODE_NAMES]
const AT_ONCE = 2
const PATIENCE = 240_000
const root = fileURLToPath(new URL('../..', import.meta.url))

/** Runs all files, some at once, and says at once what failed. */
async function runAll(runtime: Runtime, files: readonly string[], servers: string): Promise<Tally> {
  const queue = [...files]
  const tally = new Tally(files)
  const options = { cwd: root, env: { ...process.env, NDSR_TEST_SERVERS: servers }, patience: PATIENCE }
  const worker = async (): Promise<void> => {
    for (let file = queue.shift(); file !== undefined; file = queue.shift()) {
      const result = await runFile(runtime, file, options)
      if (result.complaint !== null) process.stdout.write(result.complaint)
      const line = tally.add(file, result)
      if (line !== null) process.stdout.write(`  ${runtime.name}: ${line}\n`)
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, worker))
  return tally
}

async function main(args: readonly string[]): Promise<void> {
  if (args.includes('--help')) {
    process.stdout.write(USAGE)
    return
  }
  const asked = NAMES.filter(
    name => args.includes(name) || (args.includes('node') && NODE_NAMES.includes(name)),
  )
  const named = args.filter(arg => arg !== 'node' && !asked.includes(arg as RuntimeName))
  const files = named.length > 0 ? named : await testFiles(root)
  await using server = await startServer()
  const sums: string[] = []
  let failed = false
  for (const name of asked.length > 0 ? asked : DEFAULT) {
    const begun = performance.now()
    const runtime = await findRuntime(name)
    const tally = await runAll(runtime, files, server.connectString)
    for (const test of tally.notApplicable) process.stdout.write(`NOT APPLICABLE: ${test}\n`)
    for (const test of tally.skips) process.stdout.write(`SKIPPED: ${test}\n`)
    const seconds = Math.round((performance.now() - begun) / 1000)
    sums.push(`${name} ${runtime.version}: ${tally} (${seconds} s, ZooKeeper ${server.version})\n`)
    failed ||= tally.failed > 0 || tally.passed === 0
    failed ||= tally.skips.length > 0 && process.env.CI === 'true'
  }
  process.stdout.write(sums.join(''))
  process.exitCode = failed ? 1 : 0
}

main(process.argv.slice(2)).catch(error => {
  process.stderr.write(`${error instanceof Error ? error.message : error}\n`)
  process.exitCode = 1
})
