// Writes a history down: one recorder for each process, on the machine's monotonic clock.
import type { ZooKeeper } from '../../protocol/index.ts'
import { ZooKeeperError } from '../../protocol/index.ts'
import type { History, Moment, Operation, Plan, Seen } from './history.ts'
import { emptyHistory } from './history.ts'

/** How often a process looks whether it runs, and how late a look may come, in milliseconds. */
const LOOK = 20
const LATE = 20

export class Recorder {
  readonly process: string
  readonly history: History = emptyHistory()
  #seq = 0
  #ids = 0
  #pending = 0
  #timer: NodeJS.Timeout | undefined

  constructor(process: string) {
    this.process = process
  }

  /** The same for all processes of the machine. */
  static now(): number {
    return Number(process.hrtime.bigint()) / 1e6
  }

  /** How many operations have not settled. */
  get pending(): number {
    return this.#pending
  }

  moment(): Moment {
    return { at: Recorder.now(), seq: this.#seq++ }
  }

  /** Unique among all processes of a run. */
  id(): string {
    return `${this.process}.${this.#ids++}`
  }

  begin(client: string, zk: ZooKeeper, plan: Plan, id: string = this.id()): Operation {
    const defaults = { writes: [], barrier: 'none', doomed: false, composite: false, impossible: [] } as const
    const operation: Operation = {
      ...defaults,
      ...plan,
      id,
      client,
      invoked: this.moment(),
      generation: zk.generation,
      outcome: { kind: 'pending' },
    }
    this.history.operations.push(operation)
    this.#pending++
    return operation
  }

  succeed(operation: Operation, zk: ZooKeeper, seen: readonly Seen[]): void {
    this.#pending--
    operation.outcome = { kind: 'ok', ...this.moment(), generation: zk.generation, seen }
  }

  /** What is no error of the client, such as the reason of a signal, says nothing of what the server did. */
  fail(operation: Operation, error: unknown): void {
    this.#pending--
    const ours = ZooKeeperError.is(error)
    const code = ours ? error.code : error instanceof Error ? error.name : String(error)
    operation.outcome = { kind: 'failed', ...this.moment(), code, maybe: ours ? error.mayHaveApplied : true }
  }

  /** Notes from now on when the process did not run. */
  watchStalls(): void {
    let last = Recorder.now()
    this.#timer = setInterval(() => {
      const now = Recorder.now()
      if (now - last > LOOK + LATE) this.history.stalls.push({ process: this.process, from: last, to: now })
      last = now
    }, LOOK)
  }

  stop(): void {
    clearInterval(this.#timer)
  }
}
