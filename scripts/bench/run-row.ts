// One row of the bench, against each of its servers, with processes of its own for each client.
import type { BenchOptions } from './args.ts'
import type { Client } from './clients.ts'
import type { Result } from './results.ts'
import type { Row } from './rows.ts'
import type { Target } from './targets.ts'
import { startCanned } from './targets.ts'
import { runTurns } from './turns.ts'
import { runWatches } from './watches.ts'
import { Worker } from './worker.ts'

const QUICK_WATCHES = 2000
const MOST_WATCH_ROUNDS = 3

/**
 * `real`: null when there is no real server; the row then has the canned one alone. `shared`: processes that serve all
 * rows; null gives the row its own, so that no compiler has seen the work of another row.
 */
export async function runRow(
  row: Row,
  real: Target | null,
  clients: readonly Client[],
  shared: readonly Worker[] | null,
  options: BenchOptions,
): Promise<Result[]> {
  if (row.op === 'watch') return await watched(row, real, clients, options)
  if (shared !== null) return await requests(row, real, shared, options)
  const workers = await startWorkers(clients.filter(client => client.ops.includes(row.op)))
  try {
    return await requests(row, real, workers, options)
  } finally {
    await endWorkers(workers)
  }
}

/** All at once; one that does not start says so when it is asked. */
export async function startWorkers(clients: readonly Client[]): Promise<Worker[]> {
  const workers = clients.map(client => new Worker(client))
  await Promise.allSettled(workers.map(worker => worker.ready()))
  return workers
}

export async function endWorkers(workers: readonly Worker[]): Promise<void> {
  await Promise.all(workers.map(worker => worker[Symbol.asyncDispose]()))
}

async function requests(
  row: Row,
  real: Target | null,
  workers: readonly Worker[],
  { rounds, seconds, quick }: BenchOptions,
): Promise<Result[]> {
  const first = quick ? Math.max(row.inFlight, row.first / 5) : row.first
  const turns = { rounds, seconds, first, warmUp: !quick }
  const results: Result[] = []
  for (const target of row.targets) {
    if (target === 'none') {
      results.push(...(await runTurns(row, { name: 'none', connect: 'nowhere' }, workers, turns)))
    } else if (target === 'canned') {
      await using canned = await startCanned(row.size)
      results.push(...(await runTurns(row, canned, workers, turns)))
    } else if (real !== null) {
      results.push(...(await runTurns(row, real, workers, turns)))
    }
  }
  return results
}

async function watched(
  row: Row,
  real: Target | null,
  clients: readonly Client[],
  { quick, rounds }: BenchOptions,
): Promise<Result[]> {
  const turns = {
    rounds: Math.min(rounds, MOST_WATCH_ROUNDS),
    total: quick ? QUICK_WATCHES : row.most,
    patience: quick ? 1500 : 15_000,
  }
  await using canned = await startCanned(row.size)
  const results = await runWatches(row, canned, clients, turns)
  return real === null ? results : [...results, ...(await runWatches(row, real, clients, turns))]
}
