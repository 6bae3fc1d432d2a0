// The chosen figures as panels of the chart.
import type { BenchResults } from '../results.ts'
import { medianOf } from '../statistics.ts'
import { choices, written } from './choices.ts'
import type { Panel } from './svg.ts'

/** Panels whose row was not measured are left out. */
export function panelsOf({ results, clients }: BenchResults): Panel[] {
  const names = new Map(clients.map(({ id, name }) => [id, name]))
  const panels = choices.map(choice => ({
    title: choice.title,
    bars: results
      .filter(result => result.row === choice.row && result.target === choice.target)
      .flatMap(({ client, rounds }) => {
        const value = medianOf(rounds, choice.metric)
        if (value === null) return []
        const text = written(choice, value)
        return [{ label: names.get(client) ?? client, value, text, ours: client.startsWith('ours') }]
      }),
  }))
  return panels.filter(({ bars }) => bars.length > 0)
}
