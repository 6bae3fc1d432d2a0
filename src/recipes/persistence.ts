// Going on in the face of a broken connection: what to repeat, and for how long.
import type { ZooKeeperView } from '../../protocol/index.ts'
import { ZooKeeperError } from '../../protocol/index.ts'
import { delay } from '../../protocol/support/abort.ts'
import { Backoff } from '../../protocol/support/backoff.ts'
import { systemClock } from '../../protocol/support/clock.ts'

/** The connection broke or was too slow: the same request may succeed later in the same session. */
export function isPassing(error: unknown): error is ZooKeeperError {
  return (
    ZooKeeperError.is(error, 'CONNECTION_LOSS') ||
    ZooKeeperError.is(error, 'REQUEST_TIMEOUT') ||
    ZooKeeperError.is(error, 'OPERATION_TIMEOUT') ||
    ZooKeeperError.is(error, 'SESSION_MOVED') ||
    ZooKeeperError.is(error, 'THROTTLED_OP') ||
    ZooKeeperError.is(error, 'QUEUE_FULL')
  )
}

/** The session is over, and with it every ephemeral znode that it owned. */
export function isSessionOver(error: unknown): boolean {
  return (
    ZooKeeperError.is(error, 'SESSION_EXPIRED') ||
    ZooKeeperError.is(error, 'CLOSED') ||
    ZooKeeperError.is(error, 'AUTH_FAILED')
  )
}

/** Repeats an idempotent task while its failures are passing, with growing pauses. */
export async function persistently<T>(task: () => Promise<T>, signal?: AbortSignal): Promise<T> {
  const backoff = new Backoff({ base: 50, cap: 5000 })
  for (;;) {
    try {
      return await task()
    } catch (error) {
      if (!isPassing(error)) throw error
    }
    await delay(systemClock, backoff.next(), signal)
  }
}

/**
 * Deletes an ephemeral znode of ours and does not give up before it is gone or its session is over:
 * left behind, it would block everybody until the session ends.
 */
export async function deleteForCertain(zk: ZooKeeperView, path: string, sessionId: bigint): Promise<void> {
  try {
    await persistently(async () => {
      if (zk.sessionId === sessionId) await zk.delete(path)
    })
  } catch (error) {
    if (!ZooKeeperError.is(error, 'NO_NODE') && !isSessionOver(error)) throw error
  }
}

/** Somebody was faster: look again. */
export function isRace(error: unknown): boolean {
  return (
    ZooKeeperError.is(error, 'BAD_VERSION') ||
    ZooKeeperError.is(error, 'NODE_EXISTS') ||
    ZooKeeperError.is(error, 'NO_NODE')
  )
}
