// Small helpers over AbortSignal that leave no listener behind.
import type { Clock } from './clock.ts'

type Task = (reason: unknown) => void

interface Hub {
  readonly tasks: Map<object, Task>
  readonly listener: () => void
}

/** One listener for each signal, whatever hangs on it: Node warns of a leak when there are more than ten. */
const hubs = new WeakMap<AbortSignal, Hub>()

/** Runs `task` when the signal aborts (at once if it has); the returned function takes it back. */
export function onAbort(signal: AbortSignal | undefined, task: Task): () => void {
  if (signal === undefined) return () => {}
  if (signal.aborted) {
    task(signal.reason)
    return () => {}
  }
  const { tasks, listener } = hubs.get(signal) ?? listen(signal)
  const key = {}
  tasks.set(key, task)
  return () => {
    if (!tasks.delete(key) || tasks.size > 0) return
    signal.removeEventListener('abort', listener)
    hubs.delete(signal)
  }
}

function listen(signal: AbortSignal): Hub {
  const tasks = new Map<object, Task>()
  const listener = (): void => {
    for (const [key, task] of [...tasks]) {
      if (tasks.delete(key)) task(signal.reason)
    }
  }
  const hub = { tasks, listener }
  hubs.set(signal, hub)
  signal.addEventListener('abort', listener, { once: true })
  return hub
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

/**
 * Runs the task with a signal that aborts as the first of the signals does. `AbortSignal.any` does the same, but keeps some
 * memory for each call as long as the signals live (Node 20).
 */
export async function withEither<T>(
  signals: readonly (AbortSignal | undefined)[],
  task: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const either = new AbortController()
  const offs = signals.map(signal => onAbort(signal, reason => either.abort(reason)))
  try {
    return await task(either.signal)
  } finally {
    for (const off of offs) off()
  }
}
