// The figures to reach, each a ratio within one run, or an amount per watch: judged from the results.
import type { Answer } from './programs/task.ts'
import type { Result } from './results.ts'
import { find } from './results.ts'
import type { TargetName } from './rows.ts'
import type { Metric } from './statistics.ts'
import { median, medianOf, ratioOf } from './statistics.ts'

export interface Goal {
  readonly title: string
  /** The number to reach, in words. */
  readonly wanted: string
  /** null: this run did not measure it. */
  readonly measured: number | null
  readonly unit: string
  readonly reached: boolean | null
}

type Bound = { readonly atLeast: number } | { readonly atMost: number }

export function judge(results: readonly Result[]): Goal[] {
  const rounds = (row: string, target: TargetName, client: string): readonly Answer[] =>
    find(results, row, target, client)?.rounds ?? []
  const ratio = (
    row: string,
    target: TargetName,
    mine: string,
    theirs: string,
    metric: Metric,
  ): number | null => ratioOf(rounds(row, target, mine), rounds(row, target, theirs), metric)
  const canned = (mine: string, theirs: string): number | null =>
    ratio('get', 'canned', mine, theirs, 'perSecond')
  const times = (title: string, measured: number | null, bound: Bound): Goal =>
    goal(title, measured, 'times', bound)
  const watched = (target: TargetName): Goal[] => [
    goal(`heap per watch, ${target} server`, medianOf(rounds('watches', target, 'ours'), 'heap'), 'bytes', {
      atMost: 400,
    }),
    goal(
      `watches re-armed after a reconnect, ${target} server`,
      median(find(results, 'watches', target, 'ours')?.rearm ?? []),
      'ms',
      { atMost: 2000 },
    ),
  ]
  const nzc = 'node-zookeeper-client'
  return [
    times('gets a second, canned server: of node-zookeeper-client', canned('ours', nzc), { atLeast: 20 }),
    times('gets a second, canned server: of the Java client', canned('ours', 'java'), { atLeast: 15 }),
    times('gets a second, canned server: Node of Deno', canned('ours', 'ours-deno'), { atMost: 2 }),
    times('gets a second, canned server: Node of Bun', canned('ours', 'ours-bun'), { atMost: 2 }),
    times('CPU per get, real server: of the floor', ratio('get', 'real', 'ours', 'floor', 'cpu'), {
      atMost: 1.6,
    }),
    times('CPU per get, real server: of node-zookeeper-client', ratio('get', 'real', 'ours', nzc, 'cpu'), {
      atMost: 0.7,
    }),
    times('gets a second, real server: of the floor', ratio('get', 'real', 'ours', 'floor', 'perSecond'), {
      atLeast: 0.9,
    }),
    times('serial p50, real server: of the floor', ratio('serial', 'real', 'ours', 'floor', 'p50'), {
      atMost: 1.15,
    }),
    times('serial p50, canned server: of the floor', ratio('serial', 'canned', 'ours', 'floor', 'p50'), {
      atMost: 1.15,
    }),
    ...watched('canned'),
    ...watched('real'),
  ]
}

function goal(title: string, measured: number | null, unit: string, bound: Bound): Goal {
  const wanted = 'atLeast' in bound ? `>= ${bound.atLeast}` : `<= ${bound.atMost}`
  const reached =
    measured === null ? null : 'atLeast' in bound ? measured >= bound.atLeast : measured <= bound.atMost
  return { title, wanted, measured, unit, reached }
}
