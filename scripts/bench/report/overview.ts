// The chosen figures in one table, a line for each client: how much, and how many times better ours is.
import type { BenchResults, ClientInfo, Result } from '../results.ts'
import { find } from '../results.ts'
import { medianOf, ratioOf } from '../statistics.ts'
import type { Choice } from './choices.ts'
import { choices, isRate, written } from './choices.ts'
import { ratio } from './numbers.ts'
import { table } from './table.ts'

/** Empty when nothing of it was measured. */
export function overview({ results, clients }: BenchResults): string {
  const chosen = choices.filter(({ row, target }) =>
    results.some(result => result.row === row && result.target === target),
  )
  if (chosen.length === 0) return ''
  const body = clients.map(client => [client.name, ...chosen.map(choice => cell(choice, client, results))])
  const words = 'In brackets: how many times better ours is, in neighbouring rounds.'
  return `## Overview\n\n${words}\n\n${table(['client', ...chosen.map(({ short }) => short)], body)}`
}

function cell(choice: Choice, { id }: ClientInfo, results: readonly Result[]): string {
  const { row, target, metric } = choice
  const theirs = find(results, row, target, id)?.rounds ?? []
  const value = medianOf(theirs, metric)
  if (value === null) return ''
  const ours = find(results, row, target, 'ours')?.rounds ?? []
  const times = isRate(choice) ? ratioOf(ours, theirs, metric) : ratioOf(theirs, ours, metric)
  const behind = id === 'ours' || times === null ? '' : ` (${ratio(times)})`
  return written(choice, value) + behind
}
