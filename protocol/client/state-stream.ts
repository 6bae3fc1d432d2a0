// The states of a client as they follow each other: events for listeners, and a stream for loops.
import type { SessionState } from '../session/states.ts'
import { onAbort } from '../support/abort.ts'
import { Fifo } from '../support/fifo.ts'
import { Bell, endableStream } from '../support/stream.ts'

export interface StateChange {
  readonly state: SessionState
  /** The state before; the same as `state` for the first item of a stream. */
  readonly previous: SessionState
  /** Counts the sessions of the client: 0 before the first, 1 with it, one more after each expiry. */
  readonly generation: number
  /** 0n before the first session. */
  readonly sessionId: bigint
}

export interface StateStreamInput {
  readonly signal: AbortSignal | undefined
  now(): StateChange
  /** Returns the unsubscription. */
  subscribe(listener: (change: StateChange) => void): () => void
  /** True for a state that no other follows. */
  isLast(state: SessionState): boolean
}

/**
 * Yields the state at the time when it is first read, and then every change, in order and without a gap, until the client
 * closes or the signal aborts; `return()` ends it at once. Changes wait for a slow reader: they are few.
 */
export function stateStream({ signal, ...port }: StateStreamInput): AsyncGenerator<StateChange, void, void> {
  return endableStream(async function* (ended) {
    const waiting = new Fifo<StateChange>()
    const bell = new Bell()
    const offs = [
      port.subscribe(change => {
        waiting.push(change)
        bell.ring()
      }),
      onAbort(signal, () => ended.abort()),
      onAbort(ended.signal, bell.ring),
    ]
    try {
      let change: StateChange | undefined = port.now()
      while (!ended.signal.aborted) {
        if (change === undefined) await bell.rung()
        else {
          yield change
          if (port.isLast(change.state)) return
        }
        change = waiting.shift()
      }
    } finally {
      for (const off of offs) off()
    }
  })
}
