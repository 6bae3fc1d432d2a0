// How much has happened in a run.
import type { History } from './history.ts'

export interface Played {
  readonly history: History
  /** Connections that clients made. */
  readonly connections: number
}

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

export function countsOf({ history, connections }: Played): Counts {
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

/** What there is less of than `least`, in words. */
export function missingIn(played: Played, least: Partial<Counts>): string[] {
  const counts = countsOf(played)
  const names = Object.keys(least) as (keyof Counts)[]
  return names
    .filter(name => counts[name] < (least[name] ?? 0))
    .map(name => `${name}: ${counts[name]} of ${least[name]}`)
}
