// The states of a client as they follow each other: events for listeners, and a stream for loops.
import type { SessionState } from '../session/states.ts'
import { onAbort } from '../support/abort.ts'
import { Fifo } from '../support/fifo.ts'

export interface StateChange {
  readonly state: SessionState
  /** The state before; the same as `state` for the first item of a stream. */
  readonly previous: SessionState
  /** Counts the sessions of the client: 0 before the first, 1 with it, one more after each expiry. */
  readonly generation: number
  /** 0n before the first session. */
  readonly sessionId: bigint
}

/** Subscribes to changes; returns the unsubscription. */
export type StateSource = (listener: (change: StateChange) => void) => () => void

/**
 * Yields the state at the time when it is first read, and then every change, in order and without a gap,
 * until the client closes or the signal aborts. Changes wait for a slow reader: they are few.
 */
export async function* stateStream(
  now: () => StateChange,
  source: StateSource,
  isLast: (state: SessionState) => boolean,
  signal: AbortSignal | undefined,
): AsyncGenerator<StateChange, void, void> {
  const waiting = new Fifo<StateChange>()
  let wake = (): void => {}
  const unsubscribe = source(change => {
    waiting.push(change)
    wake()
  })
  const off = onAbort(signal, () => wake())
  try {
    for (let change: StateChange | undefined = now(); ; change = waiting.shift()) {
      if (signal?.aborted) return
      if (change !== undefined) {
        yield change
        if (isLast(change.state)) return
      }
      if (waiting.size === 0 && !signal?.aborted) {
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
