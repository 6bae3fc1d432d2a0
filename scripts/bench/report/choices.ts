// The figures that stand for the whole: what the overview and the chart show.
import type { TargetName } from '../rows.ts'
import type { Metric } from '../statistics.ts'
import { count, microseconds } from './numbers.ts'

export interface Choice {
  /** Over a panel of the chart. */
  readonly title: string
  /** Over a column of the overview. */
  readonly short: string
  readonly row: string
  readonly target: TargetName
  readonly metric: Metric
}

const RATE = 'a second against a server that answers from memory'

export const choices: readonly Choice[] = [
  {
    ...{ row: 'get', target: 'canned', metric: 'perSecond' },
    title: `Gets ${RATE}, 500 in flight`,
    short: 'gets a second, canned server',
  },
  {
    ...{ row: 'set', target: 'canned', metric: 'perSecond' },
    title: `Sets ${RATE}, 500 in flight`,
    short: 'sets a second, canned',
  },
  {
    ...{ row: 'create', target: 'canned', metric: 'perSecond' },
    title: `Creates ${RATE}, 500 in flight`,
    short: 'creates a second, canned',
  },
  {
    ...{ row: 'get', target: 'real', metric: 'cpu' },
    title: 'CPU per get, real server: less is better',
    short: 'CPU per get, real server',
  },
  {
    ...{ row: 'create', target: 'real', metric: 'cpu' },
    title: 'CPU per create, real server: less is better',
    short: 'CPU per create, real',
  },
  {
    ...{ row: 'serial', target: 'real', metric: 'p50' },
    title: 'Half of the gets take at most, one at a time, real server',
    short: 'p50 of a get, one at a time, real',
  },
  {
    ...{ row: 'list', target: 'real', metric: 'perSecond' },
    title: 'Lists of 10,000 children a second, 4 in flight, real server',
    short: 'lists of 10,000 children a second, real',
  },
]

/** More is better of a rate only. */
export function isRate({ metric }: Choice): boolean {
  return metric === 'perSecond'
}

export function written(choice: Choice, value: number): string {
  return isRate(choice) ? count(value) : microseconds(value)
}
