// `npm run bench:embedded`: what the embedded server costs, and its speed beside a real server, in one run.
import { execFile, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { ZooKeeper } from '../../protocol/index.ts'
import { startServer } from '../zookeeper/server.ts'
import type { Cycles, Idle, Memory, Times } from './programs/embedded-cost.ts'
import { measure, withPromises } from './programs/load.ts'
import { median } from './statistics.ts'

const PROGRAM = fileURLToPath(new URL('programs/embedded-cost.ts', import.meta.url))
const FLAGS = ['--import=tsx', '--expose-gc', PROGRAM]
const CYCLES = 1000
const ZNODES = 100_000
const ROUNDS = 5
const ROUND = { total: 20_000, inFlight: 500 }
const PATH = '/bench'

interface Line {
  readonly what: string
  readonly measured: string
  readonly wanted: string
  readonly reached: boolean | null
}

/** Runs a task of the program and reads what it found. */
export async function cost(task: 'cycles', count: number): Promise<Cycles>
export async function cost(task: 'memory', count: number): Promise<Memory>
export async function cost(task: 'idle'): Promise<Idle>
export async function cost(task: string, count = 0): Promise<unknown> {
  const { stdout } = await promisify(execFile)(process.execPath, [...FLAGS, task, String(count)])
  return JSON.parse(stdout)
}

async function main(): Promise<void> {
  const cycles = await cost('cycles', CYCLES)
  const memory = await cost('memory', ZNODES)
  const idle = await cost('idle')
  const [ours, real] = await gets()
  const lines: Line[] = [
    time('start', cycles.start, 20),
    time('close', cycles.close, 50),
    time('a bare node:net server, start', cycles.bareStart, null),
    time('a bare node:net server, close', cycles.bareClose, null),
    amount(`heap added by ${CYCLES / 2} cycles`, cycles.growth / 1024, 'KiB', 1024),
    amount(`${ZNODES} znodes of 100 bytes`, memory.bytes / 1e6, 'MB', 100),
    amount('CPU in an idle second', idle.cpu, 'ms', null),
    amount('timers without a client', idle.timers[0], '', 0),
    { what: 'pipelined gets a second', measured: ours.toFixed(0), wanted: '', reached: null },
    { what: 'the same, real server', measured: real.toFixed(0), wanted: '', reached: null },
    { what: 'ratio', measured: (ours / real).toFixed(1), wanted: '>= 5', reached: ours / real >= 5 },
  ]
  const row = ({ what, measured, wanted, reached }: Line): string =>
    `| ${what} | ${measured} | ${wanted} | ${reached === null ? '' : reached ? 'yes' : 'no'} |\n`
  process.stdout.write('| what | measured | wanted | reached |\n| --- | --- | --- | --- |\n')
  process.stdout.write(lines.map(row).join(''))
}

/** The 99th of a hundred decides: the slowest of a thousand tells more of the machine, as its CPU time shows. */
function time(what: string, { median: middle, p99, slowest, mostCpu }: Times, most: number | null): Line {
  const measured = `median ${middle.toFixed(2)}, p99 ${p99.toFixed(2)}, slowest ${slowest.toFixed(1)} ms; most CPU ${mostCpu.toFixed(1)} ms`
  if (most === null) return { what, measured, wanted: '', reached: null }
  return { what, measured, wanted: `< ${most} ms`, reached: p99 < most }
}

function amount(what: string, value: number, unit: string, most: number | null): Line {
  const measured = `${value.toFixed(1)} ${unit}`.trim()
  if (most === null) return { what, measured, wanted: '', reached: null }
  return { what, measured, wanted: `<= ${most} ${unit}`.trim(), reached: value <= most }
}

/** Medians of rounds that take turns, each server in a process of its own. */
async function gets(): Promise<[number, number]> {
  await using real = await startServer({ flags: [], heap: '1g' })
  const child = spawn(process.execPath, [...FLAGS, 'serve'], { stdio: ['pipe', 'pipe', 'inherit'] })
  const [port] = await new Promise<string[]>(resolve =>
    createInterface({ input: child.stdout }).once('line', line => resolve([line])),
  )
  await using ours = new ZooKeeper(`127.0.0.1:${port}`)
  await using theirs = new ZooKeeper(real.connectString)
  const found: [number[], number[]] = [[], []]
  for (const zk of [ours, theirs]) await zk.create(PATH, Buffer.alloc(100, 'x'))
  for (let round = 0; round <= ROUNDS; round++) {
    for (const [index, zk] of [ours, theirs].entries()) {
      const { perSecond } = await measure(ROUND, latencies =>
        withPromises(ROUND, latencies, () => zk.get(PATH)),
      )
      // The first round warms up.
      if (round > 0) found[index]!.push(perSecond)
    }
  }
  child.stdin.end()
  return [median(found[0])!, median(found[1])!]
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main()
