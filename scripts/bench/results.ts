// What a run of the bench leaves behind: the shape of results.json.
import type { Answer } from './programs/task.ts'
import type { TargetName } from './rows.ts'

/** One client in one row against one server: its rounds, or why there are none. */
export interface Result {
  readonly row: string
  readonly target: TargetName
  readonly client: string
  readonly rounds: readonly Answer[]
  /** Only of watches: milliseconds from a reconnect until the server has them all again, by round. */
  readonly rearm: readonly number[]
  readonly error: string | null
}

export interface ClientInfo {
  readonly id: string
  readonly name: string
  readonly version: string
}

export interface MissingClient {
  readonly id: string
  readonly name: string
  readonly reason: string
}

export interface Machine {
  readonly cpu: string
  readonly cores: number
  readonly memory: number
  readonly system: string
  readonly node: string
  /** ZooKeeper release and Java of the real server; null when there was none. */
  readonly server: string | null
  /** Load average over a minute, before and after. */
  readonly load: readonly [number, number]
}

export interface BenchResults {
  readonly quick: boolean
  readonly rounds: number
  readonly seconds: number
  readonly machine: Machine
  readonly clients: readonly ClientInfo[]
  readonly missing: readonly MissingClient[]
  readonly results: readonly Result[]
}

export function find(
  results: readonly Result[],
  row: string,
  target: TargetName,
  client: string,
): Result | undefined {
  return results.find(one => one.row === row && one.target === target && one.client === client)
}
