// The end of a caller's patience: the call rejects, and what it began goes on.
import { withDeadline } from '../../protocol/support/abort.ts'
import { systemClock } from '../../protocol/support/clock.ts'
import { NoConnectionError } from './errors.ts'
import type { CallOptions } from './options.ts'

/** Errors: NoConnectionError when the time is up, the signal's reason, those of the work. */
export function withPatience<T>(
  { timeout = Number.POSITIVE_INFINITY, signal }: CallOptions,
  what: string,
  work: () => Promise<T>,
): Promise<T> {
  const late = (): Error => new NoConnectionError(`${what} is not done within ${timeout} ms, and goes on`)
  return withDeadline(systemClock, timeout, late, signal, work)
}
