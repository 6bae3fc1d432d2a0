// One row against one server: all clients in turns, round after round, so that a change of the machine hits them all.
import type { Task } from './programs/task.ts'
import type { Result } from './results.ts'
import type { Row, TargetName } from './rows.ts'
import { nextTotal } from './statistics.ts'
import type { Worker } from './worker.ts'

export interface Turns {
  readonly rounds: number
  readonly seconds: number
  /** Requests of the first round, which tells how many fit into the next. */
  readonly first: number
  /** Whether a full round goes before those that count: compilers have to see the work first. */
  readonly warmUp: boolean
}

type Draft = { -readonly [Key in keyof Result]: Result[Key] }

export async function runTurns(
  row: Row,
  target: { name: TargetName; connect: string },
  workers: readonly Worker[],
  { rounds, seconds, first, warmUp }: Turns,
): Promise<Result[]> {
  const able = workers.filter(({ client }) => client.ops.includes(row.op))
  const drafts = able.map(worker => ({ worker, result: draft(row, target.name, worker), total: first }))
  const discarded = warmUp ? 2 : 1
  for (let round = 0; round < rounds + discarded; round++) {
    for (const entry of drafts) {
      const { worker, result, total } = entry
      if (result.error !== null) continue
      try {
        const answer = await worker.ask(taskOf(row, target.connect, total, `${worker.client.id}-${round}`))
        entry.total = nextTotal(answer.perSecond, seconds, row.inFlight, row.most)
        if (round >= discarded) result.rounds = [...result.rounds, answer]
      } catch (error) {
        result.error = error instanceof Error ? error.message : String(error)
      }
    }
  }
  return drafts.map(({ result }) => result)
}

function draft(row: Row, target: TargetName, { client }: Worker): Draft {
  return { row: row.id, target, client: client.id, rounds: [], rearm: [], error: null }
}

export function taskOf(row: Row, connect: string, total: number, tag: string): Task {
  const { op, path, inFlight, size } = row
  return { op, connect, path, total, inFlight, size, tag }
}
