// Which of the results become panels of the chart.
import type { BenchResults } from '../results.ts'
import type { TargetName } from '../rows.ts'
import type { Metric } from '../statistics.ts'
import { medianOf } from '../statistics.ts'
import { count, microseconds } from './numbers.ts'
import type { Panel } from './svg.ts'

interface Choice {
  readonly title: string
  readonly row: string
  readonly target: TargetName
  readonly metric: Metric
}

const RATE = 'a second against a server that answers from memory'

const choices: readonly Choice[] = [
  { title: `Gets ${RATE}, 500 in flight`, row: 'get', target: 'canned', metric: 'perSecond' },
  { title: `Sets ${RATE}, 500 in flight`, row: 'set', target: 'canned', metric: 'perSecond' },
  { title: `Creates ${RATE}, 500 in flight`, row: 'create', target: 'canned', metric: 'perSecond' },
  { title: 'CPU per get, real server: less is better', row: 'get', target: 'real', metric: 'cpu' },
  { title: 'CPU per create, real server: less is better', row: 'create', target: 'real', metric: 'cpu' },
  {
    title: 'Half of the gets take at most, one at a time, real server',
    row: 'serial',
    target: 'real',
    metric: 'p50',
  },
]

/** Panels whose row was not measured are left out. */
export function panelsOf({ results, clients }: BenchResults): Panel[] {
  const names = new Map(clients.map(({ id, name }) => [id, name]))
  const panels = choices.map(({ title, row, target, metric }) => ({
    title,
    bars: results
      .filter(result => result.row === row && result.target === target)
      .flatMap(({ client, rounds }) => {
        const value = medianOf(rounds, metric)
        if (value === null) return []
        const text = metric === 'perSecond' ? count(value) : microseconds(value)
        return [{ label: names.get(client) ?? client, value, text, ours: client.startsWith('ours') }]
      }),
  }))
  return panels.filter(({ bars }) => bars.length > 0)
}
