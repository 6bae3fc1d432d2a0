// All checks of a history.
import type { History, Violation } from '../history.ts'
import { checkLiveness } from './liveness.ts'
import { checkLocks } from './locks.ts'
import { checkOneShots } from './one-shots.ts'
import { checkOrder } from './order.ts'
import { checkRegisters } from './registers.ts'
import { checkSessions } from './sessions.ts'
import { checkStreams } from './streams.ts'
import { checkTransactions } from './transactions.ts'

export function check(history: History): Violation[] {
  return [
    ...checkRegisters(history),
    ...checkOrder(history),
    ...checkTransactions(history),
    ...checkOneShots(history),
    ...checkStreams(history),
    ...checkSessions(history),
    ...checkLocks(history),
    ...checkLiveness(history),
  ]
}
