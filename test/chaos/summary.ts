// What a run did and found, for people.
import { countsOf } from './counts.ts'
import type { RunResult } from './run.ts'

/** A line for the counts, one for the faults, and up to `most` lines for each rule that was broken. */
export function summaryOf(result: RunResult, most = 5): string {
  const counts = Object.entries(countsOf(result)).map(([name, count]) => `${name} ${count}`)
  const faults = new Map<string, number>()
  for (const { name } of result.history.faults) faults.set(name, (faults.get(name) ?? 0) + 1)
  const lines = [counts.join(', '), [...faults].map(([name, count]) => `${name} ${count}`).join(', ')]
  for (const rule of new Set(result.violations.map(violation => violation.rule))) {
    const broken = result.violations.filter(violation => violation.rule === rule)
    lines.push(`${rule}: ${broken.length}`, ...broken.slice(0, most).map(({ detail }) => `  ${detail}`))
  }
  return lines.join('\n')
}
