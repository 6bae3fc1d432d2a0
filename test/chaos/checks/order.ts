// Order: what one client sees never goes back, and what was acknowledged before a barrier is seen behind it.
import type { History, Operation, Violation } from '../history.ts'
import type { Observation } from './observations.ts'
import { describe, observationsOf, writesOf } from './observations.ts'

export function checkOrder(history: History): Violation[] {
  const paths = [...history.registers, ...childLists(history)]
  return paths.flatMap(path => {
    const observations = observationsOf(history, path)
    return [
      ...checkClients(path, observations),
      ...checkBarriers(history, path, observations),
      ...checkWriteOrder(path, observations),
      ...checkLateWrites(history, path, observations),
      ...checkRefusals(history, path, observations),
    ]
  })
}

function childLists({ operations }: History): string[] {
  const paths = operations.flatMap(({ outcome }) => (outcome.kind === 'ok' ? outcome.seen : []))
  return [...new Set(paths.map(({ path }) => path).filter(path => path.endsWith('#children')))]
}

/** One session of a client, in the order in which the client heard. */
function checkClients(path: string, observations: readonly Observation[]): Violation[] {
  const violations: Violation[] = []
  const newest = new Map<string, Observation>()
  const inOrder = [...observations].sort((a, b) => a.when.seq - b.when.seq)
  for (const one of inOrder) {
    if (one.operation.composite) continue
    const key = `${one.operation.client} ${one.when.generation}`
    const before = newest.get(key)
    if (before !== undefined && (one.version < before.version || one.mzxid < before.mzxid)) {
      const detail = `${path}: ${before.version} by ${describe(before.operation)}, then ${one.version} by ${describe(one.operation)}`
      violations.push({ rule: 'back in time', detail })
    } else newest.set(key, one)
  }
  return violations
}

/** A blind spot excuses a sync: ZooKeeper's leader answers it without asking the others whether it still leads. */
function checkBarriers(history: History, path: string, observations: readonly Observation[]): Violation[] {
  const violations: Violation[] = []
  const newest = newestUpTo(observations)
  for (const one of observations) {
    const { barrier, invoked } = one.operation
    if (barrier === 'none') continue
    if (barrier === 'sync' && history.blindSpots.some(s => s.from < one.when.at && invoked.at < s.to))
      continue
    const before = newest(invoked.at)
    if (before === null || one.version >= before.version) continue
    const detail = `${path}: ${one.version} by ${describe(one.operation)}, after ${before.version} by ${describe(before.operation)}`
    violations.push({ rule: `stale after a ${barrier}`, detail })
  }
  return violations
}

/** The newest version that was known to anybody at a time. */
function newestUpTo(observations: readonly Observation[]): (at: number) => Observation | null {
  const steps: Observation[] = []
  for (const one of observations) if (one.version > (steps.at(-1)?.version ?? -1)) steps.push(one)
  return at => {
    let low = 0
    let high = steps.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (steps[middle]!.when.at < at) low = middle + 1
      else high = middle
    }
    return steps[low - 1] ?? null
  }
}

/** A write that was asked for after another one was known comes behind it. */
function checkWriteOrder(path: string, observations: readonly Observation[]): Violation[] {
  const violations: Violation[] = []
  const newest = newestUpTo(observations)
  for (const one of observations) {
    if (!one.operation.writes.some(write => write.path === path && write.value === one.value)) continue
    const before = newest(one.operation.invoked.at)
    if (before === null || one.version > before.version) continue
    const detail = `${path}: ${describe(one.operation)} made ${one.version}, after ${describe(before.operation)} saw ${before.version}`
    violations.push({ rule: 'a write in the past', detail })
  }
  return violations
}

/** A write of unknown fate does not come after a later one of the same session. */
function checkLateWrites(history: History, path: string, observations: readonly Observation[]): Violation[] {
  const violations: Violation[] = []
  const versions = new Map(observations.map(one => [one.value, one.version]))
  const acked = observations.filter(one => one.operation.writes.some(write => write.value === one.value))
  for (const [value, { operation }] of writesOf(history, path)) {
    const version = versions.get(value)
    const { outcome } = operation
    if (version === undefined || outcome.kind !== 'failed') continue
    const overtaken = acked.find(later => isNext(later, operation, outcome.seq) && later.version < version)
    if (overtaken === undefined) continue
    const detail = `${path}: ${describe(operation)} came after ${describe(overtaken.operation)}`
    violations.push({ rule: 'a late write', detail })
  }
  return violations
}

function isNext(later: Observation, { client, generation }: Operation, seq: number): boolean {
  if (later.operation.client !== client || later.operation.invoked.seq < seq) return false
  return later.operation.generation === generation && later.when.generation === generation
}

/** BAD_VERSION for the version that was there all the time. */
function checkRefusals(history: History, path: string, observations: readonly Observation[]): Violation[] {
  const violations: Violation[] = []
  const writers = new Map<number, Operation>()
  for (const one of observations) {
    if (one.operation.writes.some(write => write.value === one.value)) writers.set(one.version, one.operation)
  }
  for (const { operation, write } of writesOf(history, path).values()) {
    const { outcome } = operation
    if (outcome.kind !== 'failed' || outcome.code !== 'BAD_VERSION' || write.expected === null) continue
    const next = writers.get(write.expected + 1)
    if (next === undefined || next.invoked.at <= outcome.at) continue
    const detail = `${path}: ${describe(operation)}, and only then ${describe(next)} replaced version ${write.expected}`
    violations.push({ rule: 'refused without reason', detail })
  }
  return violations
}
