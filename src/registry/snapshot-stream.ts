// The snapshots of a path as a stream: a slow reader gets the newest, not the history.
import { onAbort } from '../../protocol/support/abort.ts'
import { Bell } from '../../protocol/support/stream.ts'
import type { Callback } from './snapshot.ts'

/** Calls back now and on every change; the function it returns ends that. */
type Subscribe<Seen> = (callback: Callback<Seen>) => Promise<() => void>

/** Ends with any of the signals. */
export async function* snapshotStream<Seen>(
  subscribe: Subscribe<Seen>,
  signals: readonly (AbortSignal | undefined)[],
): AsyncGenerator<Seen, void, void> {
  const bell = new Bell()
  let newest: Seen | null = null
  const over = (): boolean => signals.some(signal => signal?.aborted)
  const offs = signals.map(signal => onAbort(signal, bell.ring))
  const subscription = subscribe(snapshot => {
    newest = snapshot
    bell.ring()
  })
  let failure: unknown
  let failed = false
  subscription.catch(error => {
    failure = error
    failed = true
    bell.ring()
  })
  try {
    while (!over()) {
      if (failed) throw failure
      const snapshot: Seen | null = newest
      newest = null
      if (snapshot !== null) yield snapshot
      if (newest === null && !failed && !over()) await bell.rung()
    }
  } finally {
    for (const off of offs) off()
    subscription.then(unsubscribe => unsubscribe()).catch(() => {})
  }
}
