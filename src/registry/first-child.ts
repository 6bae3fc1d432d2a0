// Waiting for a path to have children: what a framework does before it can use a service.
import { withDeadline } from '../../protocol/support/abort.ts'
import { systemClock } from '../../protocol/support/clock.ts'
import { deferred } from '../../protocol/support/deferred.ts'
import type { Source } from './snapshot.ts'

const TIME_IS_UP = Symbol('time is up')

/** Resolves when there is at least one child, or after `ms` milliseconds. Rejects with the signal's reason. */
export async function firstChild(source: Source, ms: number, signal: AbortSignal): Promise<void> {
  const there = deferred<void>()
  const look = (): void => {
    if (source.snapshot.children.length > 0) there.resolve()
  }
  const unlisten = source.listen(look)
  look()
  const late = (): unknown => TIME_IS_UP
  try {
    await withDeadline(systemClock, ms, late, signal, () => there.promise)
  } catch (error) {
    if (error !== TIME_IS_UP) throw error
  } finally {
    unlisten()
  }
}
