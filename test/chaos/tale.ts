// Histories made by hand, for the tests of the checks.
import { check } from './checks/all.ts'
import type { History, Operation, Outcome, Plan, Seen } from './history.ts'
import { emptyHistory } from './history.ts'

export const A = '/w/a'

/** Made by hand: each operation takes from `at` to `at + 5`. */
export class Tale {
  readonly history: History = emptyHistory()
  #ids = 0

  constructor() {
    this.history.registers.push(A)
    for (const client of ['one', 'two'])
      this.history.lives.push({ client, process: 'p', closed: { at: 9000, seq: 9000, took: 1 } })
  }

  add(at: number, client: string, plan: Partial<Plan>, outcome: Partial<Outcome>): Operation {
    const end = { at: at + 5, seq: at + 5 }
    const none: object = { generation: 1, seen: [], maybe: false, code: 'CONNECTION_LOSS' }
    const defaults = { writes: [], barrier: 'none', doomed: false, composite: false, impossible: [] } as const
    const operation: Operation = {
      name: 'op',
      limit: 1000,
      ...defaults,
      ...plan,
      id: `${this.#ids++}`,
      client,
      invoked: { at, seq: at },
      generation: 1,
      outcome: { ...none, ...end, ...outcome } as Outcome,
    }
    this.history.operations.push(operation)
    return operation
  }

  write(at: number, value: string, version: number, more: { client?: string; expected?: number } = {}): this {
    const { client = 'one', expected = null } = more
    const plan = { writes: [{ path: A, value, expected }] }
    this.add(at, client, plan, { kind: 'ok', seen: [seen(value, version)] })
    return this
  }

  fail(
    at: number,
    value: string,
    maybe: boolean,
    code = 'CONNECTION_LOSS',
    expected: number | null = null,
  ): this {
    this.add(at, 'one', { writes: [{ path: A, value, expected }] }, { kind: 'failed', code, maybe })
    return this
  }

  read(at: number, value: string, version: number, barrier: Plan['barrier'] = 'none', client = 'two'): this {
    this.add(at, client, { barrier }, { kind: 'ok', seen: [seen(value, version)] })
    return this
  }
}

export function seen(value: string | null, version: number, path: string = A): Seen {
  return { path, value, version, mzxid: BigInt(100 + version) }
}

export function rules(history: History): string[] {
  return [...new Set(check(history).map(({ rule }) => rule))].sort()
}

/** Nothing in it is wrong. */
export function sound(): Tale {
  return new Tale()
    .read(0, 'initial', 0)
    .write(10, 'x', 1)
    .fail(20, 'y', true)
    .read(30, 'y', 2)
    .write(40, 'z', 3)
}
