// The snapshots of a path as a stream: a slow reader gets the newest, not the history.
import { onAbort } from '../../protocol/support/abort.ts'
import type { Callback } from './snapshot.ts'

/** `subscribe` calls back now and on every change; the function it returns ends that. Ends with any of the signals. */
export async function* snapshotStream<Seen>(
  subscribe: (callback: Callback<Seen>) => Promise<() => void>,
  signals: readonly (AbortSignal | undefined)[],
): AsyncGenerator<Seen, void, void> {
  let newest: Seen | null = null
  let wake = (): void => {}
  const over = (): boolean => signals.some(signal => signal?.aborted)
  const offs = signals.map(signal => onAbort(signal, () => wake()))
  const subscription = subscribe(snapshot => {
    newest = snapshot
    wake()
  })
  let failure: unknown
  let failed = false
  subscription.catch(error => {
    failure = error
    failed = true
    wake()
  })
  try {
    while (!over()) {
      if (failed) throw failure
      const snapshot: Seen | null = newest
      newest = null
      if (snapshot !== null) yield snapshot
      if (newest === null && !failed && !over()) {
        await new Promise<void>(resolve => {
          wake = resolve
        })
      }
    }
  } finally {
    for (const off of offs) off()
    subscription.then(unsubscribe => unsubscribe()).catch(() => {})
  }
}
