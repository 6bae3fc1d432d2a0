// Liveness: every promise settles within its time, and a close within two seconds, whatever is broken.
import type { History, Life, Span, Violation } from '../history.ts'
import { describe } from './observations.ts'

/** Beyond the time that was given, in milliseconds. */
const GRACE = 500
const CLOSE = 2000

export function checkLiveness(history: History): Violation[] {
  const violations: Violation[] = []
  const processes = new Map(history.lives.map(({ client, process }) => [client, process]))
  for (const operation of history.operations) {
    const { outcome, limit, invoked, client } = operation
    if (outcome.kind === 'pending') violations.push({ rule: 'never settled', detail: describe(operation) })
    else {
      const span = { from: invoked.at, to: outcome.at }
      if (outlasts(history, processes.get(client), span, limit + GRACE))
        violations.push({ rule: 'settled too late', detail: `${describe(operation)}, limit ${limit}` })
    }
  }
  return [...violations, ...history.lives.flatMap(life => checkClose(history, life))]
}

function checkClose(history: History, { client, process, closed }: Life): Violation[] {
  if (closed === null) return [{ rule: 'never closed', detail: client }]
  const span = { from: closed.at - closed.took, to: closed.at }
  if (!outlasts(history, process, span, CLOSE)) return []
  return [{ rule: 'closed too late', detail: `${client}: ${Math.round(closed.took)} ms` }]
}

/** Whether a process ran for longer than `limit` milliseconds in a span of time. */
function outlasts(
  { stalls }: History,
  process: string | undefined,
  { from, to }: Span,
  limit: number,
): boolean {
  if (to - from <= limit) return false
  let stalled = 0
  for (const stall of stalls) {
    if (stall.process !== process) continue
    stalled += Math.max(0, Math.min(to, stall.to) - Math.max(from, stall.from))
  }
  return to - from - stalled > limit
}
