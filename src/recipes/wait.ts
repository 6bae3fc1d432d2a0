// Waiting for a znode to change: the watch, the end of the session, or the caller's signal.
import type { Watcher, ZooKeeperView } from '../../protocol/index.ts'
import { isTerminal } from '../../protocol/index.ts'
import { abortable } from '../../protocol/support/abort.ts'
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
