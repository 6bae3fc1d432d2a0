// Registers: each acknowledged write is there once, each refused one never, and one of unknown fate at most once.
import type { History, Violation } from '../history.ts'
import type { Observation, Written } from './observations.ts'
import { describe, observationsOf, writesOf } from './observations.ts'

/** What is there before anybody has written. */
export const INITIAL = 'initial'

export function checkRegisters(history: History): Violation[] {
  return history.registers.flatMap(path => checkRegister(history, path))
}

function checkRegister(history: History, path: string): Violation[] {
  const observations = observationsOf(history, path)
  const writes = writesOf(history, path)
  const violations: Violation[] = []
  const report = (rule: string, detail: string): unknown =>
    violations.push({ rule, detail: `${path}: ${detail}` })
  for (const one of observations) checkObservation(one, writes, report)
  const versions = byVersion(observations, report)
  checkOnce(versions, report)
  checkOrder(versions, report)
  checkWrites({ observations, versions, writes, report })
  return violations
}

type Report = (rule: string, detail: string) => unknown

/** What was seen was written, by a write that was under way and was not refused. */
function checkObservation(one: Observation, writes: Map<string, Written>, report: Report): void {
  if (one.value === INITIAL) {
    if (one.version !== 0) report('initial value', `at version ${one.version}, ${describe(one.operation)}`)
    return
  }
  const written = writes.get(String(one.value))
  if (written === undefined)
    return void report('value out of nowhere', `${one.value}, ${describe(one.operation)}`)
  const { operation, write } = written
  if (one.when.at < operation.invoked.at) report('seen before it was written', describe(operation))
  if (write.expected !== null && one.version !== write.expected + 1) {
    report('written over another version', `${one.version}, ${describe(operation)}`)
  }
  const { outcome } = operation
  if (outcome.kind === 'failed' && !outcome.maybe) {
    report('refused and yet there', `${describe(operation)}, seen by ${describe(one.operation)}`)
  }
}

function byVersion(observations: readonly Observation[], report: Report): Map<number, Observation> {
  const versions = new Map<number, Observation>()
  for (const one of observations) {
    const known = versions.get(one.version)
    if (known === undefined) versions.set(one.version, one)
    else if (known.value !== one.value || known.mzxid !== one.mzxid) {
      const both = `${describe(known.operation)} and ${describe(one.operation)}`
      report('one version, two truths', `version ${one.version}: ${both}`)
    }
  }
  return versions
}

function checkOnce(versions: Map<number, Observation>, report: Report): void {
  const places = new Map<string | null, number>()
  for (const [version, { value, operation }] of versions) {
    const other = places.get(value)
    if (other !== undefined)
      report('written twice', `${value} at ${other} and ${version}, ${describe(operation)}`)
    places.set(value, version)
  }
}

function checkOrder(versions: Map<number, Observation>, report: Report): void {
  let before: Observation | null = null
  for (const [version, one] of [...versions].sort(([a], [b]) => a - b)) {
    if (before !== null && one.mzxid <= before.mzxid) {
      report('mzxid against version', `${before.version} and ${version}: ${describe(one.operation)}`)
    }
    before = one
  }
}

interface WritesInput {
  readonly observations: readonly Observation[]
  readonly versions: Map<number, Observation>
  readonly writes: Map<string, Written>
  readonly report: Report
}

/** Every version is somebody's write; the last one is that of the reader who came when all was quiet. */
function checkWrites({ observations, versions, writes, report }: WritesInput): void {
  const seen = new Set([...versions.values()].map(({ value }) => value))
  let unknown = 0
  for (const [value, { operation }] of writes) {
    const { outcome } = operation
    if (seen.has(value)) continue
    if (outcome.kind === 'ok') report('acknowledged and not there', describe(operation))
    else if (outcome.kind === 'pending' || outcome.maybe) unknown++
  }
  const last = observations.at(-1)?.version ?? 0
  const highest = Math.max(0, ...versions.keys())
  if (last < highest) report('acknowledged and gone', `version ${highest}, and ${last} in the end`)
  const gaps = highest + 1 - versions.size - (versions.has(0) ? 0 : 1)
  if (gaps > unknown)
    report('executed more than once', `${gaps} versions of nobody, ${unknown} writes of unknown fate`)
}
