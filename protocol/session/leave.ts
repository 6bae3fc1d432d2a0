// The last request of a session: it ends there, and its ephemeral znodes go at once.
import { operations } from '../operations.ts'
import { withDeadline } from '../support/abort.ts'
import type { Clock } from '../support/clock.ts'
import { logger } from '../support/log.ts'
import type { Connection } from './connection.ts'
import { PendingRequest } from './pending-request.ts'

const log = logger('session')

/** Resolves with the answer, or without one after `patience` ms. */
export async function takeLeave(
  connection: Pick<Connection, 'send'>,
  clock: Clock,
  patience: number,
): Promise<void> {
  const request = PendingRequest.internal(operations.closeSession, undefined)
  connection.send(request)
  const late = (): unknown => new Error('no answer to closeSession')
  await withDeadline(clock, patience, late, undefined, () => request.promise).catch(error =>
    log('close: %s', error),
  )
}
