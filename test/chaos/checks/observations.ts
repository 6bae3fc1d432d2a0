// What the checks look up in a history: which values were written by whom, and what was seen of a znode.
import type { History, Operation, Outcome, Seen, Write } from '../history.ts'

export type Ok = Extract<Outcome, { kind: 'ok' }>

export interface Observation extends Seen {
  readonly operation: Operation
  readonly when: Ok
}

export interface Written {
  readonly operation: Operation
  readonly write: Write
}

/** All that replies showed of a znode, in the order of time. */
export function observationsOf(history: History, path: string): Observation[] {
  const found: Observation[] = []
  for (const operation of history.operations) {
    const { outcome } = operation
    if (outcome.kind !== 'ok') continue
    for (const seen of outcome.seen) if (seen.path === path) found.push({ ...seen, operation, when: outcome })
  }
  return found.sort((a, b) => a.when.at - b.when.at)
}

/** The writes of a znode by their values. */
export function writesOf(history: History, path: string): Map<string, Written> {
  const found = new Map<string, Written>()
  for (const operation of history.operations) {
    for (const write of operation.writes)
      if (write.path === path) found.set(write.value, { operation, write })
  }
  return found
}

/** For people who read what went wrong. */
export function describe({ id, client, name, invoked, outcome }: Operation): string {
  const from = Math.round(invoked.at)
  if (outcome.kind === 'pending') return `${name} ${id} of ${client} (${from}..)`
  const how = outcome.kind === 'ok' ? 'ok' : `${outcome.code}${outcome.maybe ? ', maybe' : ''}`
  return `${name} ${id} of ${client} (${from}..${Math.round(outcome.at)}, ${how})`
}
