// Waiting for a znode to change: the watch, the end of the session, or the caller's signal.
import type { Watcher, ZooKeeperView } from '../../protocol/index.ts'
import { isLinked, isTerminal, ZooKeeperError } from '../../protocol/index.ts'
import { abortable, onAbort } from '../../protocol/support/abort.ts'
import { deferred } from '../../protocol/support/deferred.ts'

/**
 * `arm` reads the path with the watcher given and tells whether there is anything to wait for. Resolves when the watch
 * fires or the session changes: the caller looks again in any case. Rejects with the signal's reason.
 */
export async function changed(
  zk: ZooKeeperView,
  path: string,
  signal: AbortSignal | undefined,
  arm: (watch: Watcher) => Promise<boolean>,
): Promise<void> {
  const fired = deferred<void>()
  const watch: Watcher = () => fired.resolve()
  const { generation } = zk
  const off = zk.on('state', change => {
    if (change.generation !== generation || isTerminal(change.state)) fired.resolve()
  })
  try {
    if (await arm(watch)) await abortable(fired.promise, signal)
  } finally {
    off()
    // Whoever polls a lock that is held for long must not pile up watches.
    zk.removeWatch(path, watch)
  }
}

/** A signal that aborts with CONNECTION_LOSS as soon as there is no link, with `outer`, and after `off` no more. */
export function linkedOnly(
  zk: ZooKeeperView,
  outer: AbortSignal | undefined,
): { signal: AbortSignal; off: () => void } {
  const controller = new AbortController()
  const check = (): void => {
    if (!isLinked(zk.state))
      controller.abort(new ZooKeeperError('CONNECTION_LOSS', { mayHaveApplied: false }))
  }
  check()
  const offs = [onAbort(outer, reason => controller.abort(reason)), zk.on('state', check)]
  return {
    signal: controller.signal,
    off: () => {
      for (const off of offs) off()
    },
  }
}
