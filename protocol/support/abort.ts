// Small helpers over AbortSignal that leave no listener behind.
import type { Clock } from './clock.ts'

/** Runs `task` when the signal aborts (at once if it has); the returned function takes it back. */
export function onAbort(signal: AbortSignal | undefined, task: (reason: unknown) => void): () => void {
  if (signal === undefined) return () => {}
  if (signal.aborted) {
    task(signal.reason)
    return () => {}
  }
  const listener = (): void => task(signal.reason)
  signal.addEventListener('abort', listener, { once: true })
  return () => signal.removeEventListener('abort', listener)
}

/** The promise, or the signal's reason, whichever comes first. */
export function abortable<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise
  return new Promise((resolve, reject) => {
    const off = onAbort(signal, reject)
    promise.then(resolve, reject).finally(off)
  })
}

/** Resolves after `ms` milliseconds, or rejects with the signal's reason. */
export function delay(clock: Clock, ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    let off = (): void => {}
    const timer = clock.schedule(ms, () => {
      off()
      resolve()
    })
    off = onAbort(signal, reason => {
      timer.cancel()
      reject(reason)
    })
  })
}

/** Runs `task` with a signal that aborts with `reason()` after `ms` milliseconds, or with `outer`. */
export async function withDeadline<T>(
  clock: Clock,
  ms: number,
  reason: () => unknown,
  outer: AbortSignal | undefined,
  task: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController()
  const off = onAbort(outer, cause => controller.abort(cause))
  const timer = Number.isFinite(ms) ? clock.schedule(ms, () => controller.abort(reason())) : undefined
  try {
    return await abortable(task(controller.signal), controller.signal)
  } finally {
    timer?.cancel()
    off()
  }
}
