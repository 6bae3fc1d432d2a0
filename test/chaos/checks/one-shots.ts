// One-shot watches: each fires once, for what it was asked, and before any reply that shows the change.
import type { History, OneShot, Operation, Violation } from '../history.ts'
import { describe } from './observations.ts'

export function checkOneShots(history: History): Violation[] {
  const replies = repliesByClient(history)
  const closed = new Set(history.lives.filter(life => life.closed !== null).map(life => life.client))
  return history.oneShots.flatMap(watch => [
    ...checkCalls(watch),
    ...checkFirst(watch, replies.get(`${watch.client} ${watch.path}`) ?? []),
    ...checkFired(watch, closed),
  ])
}

interface Reply {
  readonly seq: number
  readonly version: number
  readonly operation: Operation
}

/** What a client heard of a path, in its order. Replies that are known late only say nothing. */
function repliesByClient({ operations }: History): Map<string, Reply[]> {
  const replies = new Map<string, Reply[]>()
  for (const operation of operations) {
    if (operation.outcome.kind !== 'ok' || operation.composite) continue
    const { seen, seq } = operation.outcome
    for (const { path, version } of seen) {
      const key = `${operation.client} ${path}`
      const list = replies.get(key) ?? []
      list.push({ seq, version, operation })
      replies.set(key, list)
    }
  }
  for (const list of replies.values()) list.sort((a, b) => a.seq - b.seq)
  return replies
}

function named({ id, client, path }: OneShot): string {
  return `watch ${id} of ${client} on ${path}`
}

function checkCalls(watch: OneShot): Violation[] {
  const { fired, armed, removed } = watch
  const violations: Violation[] = []
  if (fired.length > 1) violations.push({ rule: 'fired twice', detail: named(watch) })
  for (const call of fired) {
    const path = watch.path.replace(/#children$/, '')
    if (call.path !== path)
      violations.push({ rule: 'fired for another path', detail: `${named(watch)}: ${call.path}` })
    if (armed === null || call.seq < armed.seq)
      violations.push({ rule: 'fired unarmed', detail: named(watch) })
    if (removed !== null && call.seq > removed.seq)
      violations.push({ rule: 'fired after its removal', detail: named(watch) })
  }
  return violations
}

function checkFirst(watch: OneShot, replies: readonly Reply[]): Violation[] {
  const { armed, fired, removed } = watch
  if (armed === null) return []
  const until = Math.min(fired[0]?.seq ?? Number.POSITIVE_INFINITY, removed?.seq ?? Number.POSITIVE_INFINITY)
  const early = firstAbove(replies, armed, until)
  if (early === undefined) return []
  return [{ rule: 'shown before the watch fired', detail: `${named(watch)}: ${describe(early.operation)}` }]
}

/** Replies are in order, and a watch that fired soon has few of them to be held against. */
function firstAbove(
  replies: readonly Reply[],
  { seq: from, version: known }: { readonly seq: number; readonly version: number },
  until: number,
): Reply | undefined {
  let low = 0
  let high = replies.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (replies[middle]!.seq > from) high = middle
    else low = middle + 1
  }
  for (let i = low; i < replies.length && replies[i]!.seq < until; i++) {
    if (replies[i]!.version > known) return replies[i]
  }
  return undefined
}

/** Every watched path is changed once more after the last fault. */
function checkFired(watch: OneShot, closed: ReadonlySet<string>): Violation[] {
  const { armed, fired, removed, client } = watch
  if (armed === null || removed !== null || fired.length > 0 || closed.has(client)) return []
  return [{ rule: 'never fired', detail: `${named(watch)}, armed at ${Math.round(armed.at)}` }]
}
