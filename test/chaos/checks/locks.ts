// Locks: one holder at a time, each told of its loss before the next one gets in, with tokens that only rise.
import type { Held, History, Operation, Violation } from '../history.ts'
import { observationsOf } from './observations.ts'

/** The znode that only holders write, with their tokens, behind the guard of the lock. */
export const GUARDED = '/w/guarded'

export function checkLocks(history: History): Violation[] {
  return [...checkHolders(history), ...checkGuarded(history)]
}

function named({ client, token }: Held): string {
  return `${client} with token 0x${token.toString(16)}`
}

/** Two neighbours in the order of tokens are enough: if no two of them overlap, none do. */
function checkHolders(history: History): Violation[] {
  const violations: Violation[] = []
  const helds = [...history.helds].sort((a, b) => (a.token < b.token ? -1 : a.token > b.token ? 1 : 0))
  for (const [index, next] of helds.entries()) {
    const held = helds[index - 1]
    if (held === undefined) continue
    const both = `${named(held)}, then ${named(next)}`
    if (held.token === next.token) violations.push({ rule: 'one token, two holders', detail: both })
    if (next.acquired.at < held.acquired.at) violations.push({ rule: 'a token that fell', detail: both })
    if (isCondemned(history, held, next.acquired.at)) continue
    // It had said that it was held when the other one was in.
    if (held.lastHeld > next.acquired.at) {
      const ms = held.lastHeld - next.acquired.at
      violations.push({ rule: 'two holders', detail: `${both}, ${ms.toFixed(1)} ms` })
    }
    const told = Math.min(
      held.lost?.at ?? Number.POSITIVE_INFINITY,
      held.ended?.at ?? Number.POSITIVE_INFINITY,
    )
    if (told > next.acquired.at && !isStalled(history, held, next.acquired.at)) {
      const ms = told - next.acquired.at
      violations.push({ rule: 'told too late of a loss', detail: `${both}, ${ms.toFixed(1)} ms` })
    }
  }
  return violations
}

/** Whose session the server ends before its time cannot know of it: the guard alone is left, and the token. */
function isCondemned({ condemned }: History, { sessionId }: Held, at: number): boolean {
  return condemned.some(one => one.sessionId === sessionId && one.from <= at)
}

/** A process that does not run hears of nothing; `held` is what it is to ask then. */
function isStalled({ lives, stalls }: History, { client }: Held, at: number): boolean {
  const process = lives.find(life => life.client === client)?.process
  return stalls.some(stall => stall.process === process && stall.from <= at && at <= stall.to)
}

/** A guarded write is executed while its lock is held, or not at all: in the order of versions tokens only rise. */
function checkGuarded(history: History): Violation[] {
  const violations: Violation[] = []
  let newest: { token: bigint; operation: Operation } | null = null
  const writes = observationsOf(history, GUARDED).sort((a, b) => a.version - b.version)
  for (const { value, version, operation } of writes) {
    if (value === null || !value.startsWith('0x')) continue
    const token = BigInt(value.split(' ')[0]!)
    if (newest !== null && token < newest.token) {
      const detail = `version ${version} has 0x${token.toString(16)}, behind 0x${newest.token.toString(16)}`
      violations.push({ rule: 'written by a former holder', detail })
    } else newest = { token, operation }
  }
  return violations
}
