// What a run did and found, for people.
import type { RunResult } from './run.ts'

export interface Counts {
  readonly operations: number
  readonly acknowledgedWrites: number
  /** Writes of unknown fate. */
  readonly unknownWrites: number
  readonly faults: number
  /** Connections beyond the first of each client. */
  readonly reconnects: number
  readonly expirations: number
  readonly locks: number
  readonly fired: number
  readonly told: number
}

export function countsOf({ history, connections }: RunResult): Counts {
  const { operations, lives, states, helds, oneShots, streams, faults } = history
  const writes = operations.filter(({ writes }) => writes.length > 0)
  return {
    operations: operations.length,
    acknowledgedWrites: writes.filter(({ outcome }) => outcome.kind === 'ok').length,
    unknownWrites: writes.filter(({ outcome }) => outcome.kind === 'failed' && outcome.maybe).length,
    faults: faults.length,
    reconnects: Math.max(0, connections - lives.length),
    expirations: states.filter(({ state }) => state === 'expired').length,
    locks: helds.length,
    fired: oneShots.filter(({ fired }) => fired.length > 0).length,
    told: streams.reduce((sum, { events }) => sum + events.length, 0),
  }
}

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
