// The row of watches: many are armed, the connection is cut, and the server is asked until it has them all again.
import { setTimeout as sleep } from 'node:timers/promises'
import type { Client } from './clients.ts'
import { Gate } from './gate.ts'
import type { Answer } from './programs/task.ts'
import type { Result } from './results.ts'
import type { Row } from './rows.ts'
import type { Target } from './targets.ts'
import { taskOf } from './turns.ts'
import { Worker } from './worker.ts'

const LOOK_MS = 10

export interface WatchTurns {
  readonly rounds: number
  /** Watches of each client. */
  readonly total: number
  /** How long a client may take to come back and to re-arm. */
  readonly patience: number
}

/** A fresh process for each round and client, because its heap is looked at. */
export async function runWatches(
  row: Row,
  target: Target,
  clients: readonly Client[],
  { rounds, total, patience }: WatchTurns,
): Promise<Result[]> {
  const results = new Map<string, Result>()
  for (let round = 0; round < rounds; round++) {
    for (const client of clients.filter(one => one.ops.includes(row.op))) {
      const base = { row: row.id, target: target.name, client: client.id }
      const before = results.get(client.id) ?? { ...base, rounds: [], rearm: [], error: null }
      if (before.error !== null) continue
      const { answer, rearm, error } = await oneRound(row, target, client, total, patience)
      results.set(client.id, {
        ...base,
        rounds: answer === null ? before.rounds : [...before.rounds, answer],
        rearm: rearm === null ? before.rearm : [...before.rearm, rearm],
        error,
      })
    }
  }
  return [...results.values()]
}

interface Round {
  readonly answer: Answer | null
  readonly rearm: number | null
  readonly error: string | null
}

async function oneRound(
  row: Row,
  target: Target,
  client: Client,
  total: number,
  patience: number,
): Promise<Round> {
  let answer: Answer | null = null
  try {
    await using gate = await Gate.before(target.connect)
    await using worker = new Worker(client)
    await worker.ready()
    answer = await worker.ask(taskOf(row, gate.connect, total, client.id))
    await until(target, count => count >= total, 'the watches were not armed', patience)
    const rearm = await reconnect(gate, target, total, patience)
    return { answer, rearm, error: null }
  } catch (error) {
    return { answer, rearm: null, error: error instanceof Error ? error.message : String(error) }
  } finally {
    await until(target, count => count === 0, 'the server keeps watches', patience).catch(() => {})
  }
}

/** Milliseconds from the new connection until the server has all watches; the client's back-off is not in it. */
async function reconnect(gate: Gate, target: Target, total: number, patience: number): Promise<number> {
  gate.cut()
  await until(target, count => count === 0, 'the server kept watches of a connection that was cut', patience)
  const late = sleep(patience, 'late' as const, { ref: false })
  if ((await Promise.race([gate.open(), late])) === 'late') throw new Error('it did not reconnect')
  const began = performance.now()
  await until(target, count => count >= total, 'it does not re-arm', patience)
  return performance.now() - began
}

/** Asks the server itself: what a client believes it has re-armed proves nothing. */
async function until(
  target: Target,
  reached: (count: number) => boolean,
  otherwise: string,
  patience: number,
): Promise<void> {
  const deadline = performance.now() + patience
  for (;;) {
    const count = await target.watches()
    if (reached(count)) return
    if (performance.now() > deadline)
      throw new Error(`${otherwise}: ${count} watches after ${patience / 1000} s`)
    await sleep(LOOK_MS)
  }
}
