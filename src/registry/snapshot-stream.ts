// The snapshots of a path as a stream: a slow reader gets the newest, not the history.
import { onAbort } from '../../protocol/support/abort.ts'
import type { Callback, Snapshot } from './snapshot.ts'

/** `subscribe` calls back now and on every change; the function it returns ends that. Ends with the signal. */
export async function* snapshotStream(
  subscribe: (callback: Callback) => Promise<() => void>,
  signal: AbortSignal | undefined,
): AsyncGenerator<Snapshot, void, void> {
  let newest: Snapshot | null = null
  let wake = (): void => {}
  const off = onAbort(signal, () => wake())
  const unsubscribe = await subscribe(snapshot => {
    newest = snapshot
    wake()
  })
  try {
    while (!signal?.aborted) {
      const snapshot: Snapshot | null = newest
      newest = null
      if (snapshot !== null) yield snapshot
      if (newest === null && !signal?.aborted) {
        await new Promise<void>(resolve => {
          wake = resolve
        })
      }
    }
  } finally {
    off()
    unsubscribe()
  }
}
