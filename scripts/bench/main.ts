// npm run bench: this client beside others, row by row, against a canned and a real server; prints and writes a report.
import { mkdir, writeFile } from 'node:fs/promises'
import { availableParallelism, cpus, loadavg, release, totalmem, type } from 'node:os'
import { join } from 'node:path'
import type { BenchOptions } from './args.ts'
import { parseCommand, USAGE } from './args.ts'
import type { Client } from './clients.ts'
import { findClients } from './clients.ts'
import { judge } from './goals.ts'
import { installPeers } from './install.ts'
import { cache } from './places.ts'
import { markdown } from './report/markdown.ts'
import { panelsOf } from './report/panels.ts'
import { chart } from './report/svg.ts'
import type { BenchResults, Result } from './results.ts'
import { rows } from './rows.ts'
import { endWorkers, runRow, startWorkers } from './run-row.ts'
import type { Target } from './targets.ts'
import { startReal } from './targets.ts'

const load = (): number => loadavg()[0] as number

async function bench(options: BenchOptions): Promise<void> {
  const before = load()
  const { clients, missing } = await findClients(options.clients, await installPeers())
  const chosen = rows.filter(row => options.only === null || options.only.includes(row.id))
  const real = chosen.some(row => row.targets.includes('real')) ? await realOrReason() : 'not asked for'
  const shared = options.quick ? await startWorkers(clients) : null
  const results: Result[] = []
  try {
    for (const row of chosen) {
      process.stderr.write(`bench: ${row.title}\n`)
      results.push(
        ...(await runRow(row, typeof real === 'string' ? null : real.target, clients, shared, options)),
      )
    }
  } finally {
    await endWorkers(shared ?? [])
    if (typeof real !== 'string') await real.target[Symbol.asyncDispose]()
  }
  const server = typeof real === 'string' ? null : `ZooKeeper ${real.version}`
  if (typeof real === 'string') process.stderr.write(`bench: no real server: ${real}\n`)
  await report(options, {
    ...{ quick: options.quick, rounds: options.rounds, seconds: options.seconds },
    machine: { ...machine(), server, load: [before, load()] },
    clients: clients.map(({ id, name, version }: Client) => ({ id, name, version })),
    missing,
    results,
  })
}

/** Without a real server, the rows against the canned one are still worth something. */
async function realOrReason(): Promise<{ target: Target; version: string } | string> {
  try {
    return await startReal()
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

function machine(): Omit<BenchResults['machine'], 'server' | 'load'> {
  return {
    cpu: cpus()[0]?.model ?? 'unknown processor',
    cores: availableParallelism(),
    memory: totalmem(),
    system: `${type()} ${release()}`,
    node: process.version,
  }
}

async function report({ out }: BenchOptions, results: BenchResults): Promise<void> {
  const goals = judge(results.results)
  const text = markdown(results, goals)
  process.stdout.write(text)
  await mkdir(out, { recursive: true })
  await writeFile(join(out, 'bench.md'), text)
  await writeFile(join(out, 'results.json'), `${JSON.stringify({ ...results, goals }, null, 2)}\n`)
  const { cpu, cores, node } = results.machine
  await writeFile(join(out, 'chart.svg'), chart(`${cpu}, ${cores} cores, Node ${node}`, panelsOf(results)))
  process.stderr.write(`bench: bench.md, results.json and chart.svg are in ${out}\n`)
}

async function main(): Promise<void> {
  const command = parseCommand(process.argv.slice(2), cache)
  if (command.kind === 'help') process.stdout.write(USAGE)
  else await bench(command.options)
}

main().catch(error => {
  process.stderr.write(`bench: ${error instanceof Error ? error.message : error}\n`)
  process.exitCode = 1
})
