// Transactions: all of one is executed, or nothing; and other answers that would be lies.
import type { History, Violation } from '../history.ts'
import { describe, observationsOf } from './observations.ts'

export function checkTransactions(history: History): Violation[] {
  return [...history.pairs.flatMap(paths => checkPair(history, paths)), ...checkLies(history)]
}

/** Znodes that are written together only have the same history, zxid by zxid. */
function checkPair(history: History, [first, ...others]: readonly string[]): Violation[] {
  const violations: Violation[] = []
  const known = new Map(observationsOf(history, first!).map(one => [one.version, one]))
  for (const path of others) {
    for (const one of observationsOf(history, path)) {
      const twin = known.get(one.version)
      if (twin === undefined || (twin.value === one.value && twin.mzxid === one.mzxid) || one.version === 0)
        continue
      const detail = `version ${one.version}: ${first} by ${describe(twin.operation)}, ${path} by ${describe(one.operation)}`
      violations.push({ rule: 'half a transaction', detail })
    }
  }
  const ends = [first!, ...others].map(path => observationsOf(history, path).at(-1)?.version)
  if (new Set(ends).size > 1) violations.push({ rule: 'half a transaction', detail: `in the end ${ends}` })
  return violations
}

/** What the faults of a run explain; `impossible` of an operation comes on top. */
const EXPLAINED: ReadonlySet<string> = new Set([
  'CONNECTION_LOSS',
  'REQUEST_TIMEOUT',
  'SESSION_EXPIRED',
  'SESSION_MOVED',
  'CLOSED',
  'BAD_VERSION',
  'NO_NODE',
  'NODE_EXISTS',
  // The caller gave up, or `commitOnce` has no results to tell.
  'TimeoutError',
  'AbortError',
  'Error',
])

function checkLies({ operations }: History): Violation[] {
  const violations: Violation[] = []
  for (const operation of operations) {
    const { outcome, doomed, impossible } = operation
    if (doomed && outcome.kind === 'ok')
      violations.push({ rule: 'doomed and done', detail: describe(operation) })
    if (outcome.kind === 'failed' && !EXPLAINED.has(outcome.code)) {
      violations.push({ rule: 'an error that nothing explains', detail: describe(operation) })
    }
    if (outcome.kind === 'failed' && impossible.includes(outcome.code)) {
      violations.push({ rule: 'an impossible error', detail: describe(operation) })
    }
  }
  return violations
}
