// The events of a persistent watch as a stream with a bounded buffer.
import type { WatchedEvent, Watcher } from '../session/watch-table.ts'
import { onAbort } from '../support/abort.ts'
import { Fifo } from '../support/fifo.ts'

export interface WatchOptions {
  /** Also everything below the path. Default false. */
  recursive?: boolean
  /** Ends the stream and removes the watch. */
  signal?: AbortSignal
  /** Events that wait for a slow reader; more become one `resync`. Default 1,024. */
  capacity?: number
}

export interface WatchStreamInput {
  /** As the reader writes it. */
  readonly path: string
  readonly capacity: number
  readonly signal: AbortSignal | undefined
  /** Arms the watch; resolves when it is armed. */
  arm(watcher: Watcher): Promise<void>
  disarm(watcher: Watcher): void
  /** Runs `task` when no event can come any more; returns what takes it back. */
  onClosed(task: () => void): () => void
}

/**
 * The first event is `resync`, once the watch is armed: read now. Another one follows each gap, which may be a broken
 * connection or a full buffer. Ends with the signal and with the client.
 */
export async function* watchStream(input: WatchStreamInput): AsyncGenerator<WatchedEvent, void, void> {
  const { path, capacity, signal } = input
  const events = new Fifo<WatchedEvent>()
  let ended = false
  let wake = (): void => {}
  const resync: WatchedEvent = { type: 'resync', path, zxid: null }
  const watcher: Watcher = event => {
    // What a resync makes the reader read again need not be told before it.
    if (event.type === 'resync' || events.size >= capacity) {
      events.drain()
      events.push(resync)
    } else {
      events.push(event)
    }
    wake()
  }
  const end = (): void => {
    ended = true
    wake()
  }
  const offSignal = onAbort(signal, end)
  const offClosed = input.onClosed(end)
  try {
    if (signal?.aborted) return
    await input.arm(watcher)
    yield resync
    for (;;) {
      const event = events.shift()
      if (event !== undefined) yield event
      if (ended && (signal?.aborted || events.size === 0)) return
      if (events.size === 0) {
        await new Promise<void>(resolve => {
          wake = resolve
        })
      }
    }
  } finally {
    offSignal()
    offClosed()
    input.disarm(watcher)
  }
}
