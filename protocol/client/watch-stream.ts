// The events of a persistent watch as a stream with a bounded buffer.
import { InvalidArgumentError } from '../errors.ts'
import { validatePath } from '../paths.ts'
import type { WatchedEvent, Watcher } from '../session/watch-table.ts'
import { onAbort } from '../support/abort.ts'
import { Fifo } from '../support/fifo.ts'
import { Bell, endableStream } from '../support/stream.ts'

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
  /** Arms the watch; resolves when it is armed, rejects when the signal aborts. */
  arm(watcher: Watcher, signal: AbortSignal): Promise<void>
  disarm(watcher: Watcher): void
  /** Runs `task` when no event can come any more; returns what takes it back. */
  onClosed(task: () => void): () => void
}

/**
 * The first event is `resync`, once the watch is armed: read now. Another one follows each gap, which may be a broken
 * connection or a full buffer. Ends with the signal, with `return()` at any time, and with the client.
 */
export function watchStream(input: WatchStreamInput): AsyncGenerator<WatchedEvent, void, void> {
  return endableStream(ended => read(input, ended))
}

async function* read(
  { path, capacity, signal, ...port }: WatchStreamInput,
  ended: AbortController,
): AsyncGenerator<WatchedEvent, void, void> {
  validatePath(path)
  if (!Number.isInteger(capacity) || capacity < 1) {
    throw new InvalidArgumentError('capacity', 'a positive integer', capacity)
  }
  const buffer = new EventBuffer(path, capacity)
  const offs = [
    onAbort(signal, () => ended.abort()),
    onAbort(ended.signal, buffer.bell.ring),
    port.onClosed(() => buffer.finish()),
  ]
  try {
    if (!(await armed(ended.signal, () => port.arm(buffer.add, ended.signal)))) return
    // The first resync covers it.
    buffer.clear()
    yield buffer.resync
    for (;;) {
      const event = buffer.take()
      if (ended.signal.aborted) return
      if (event !== undefined) yield event
      else if (buffer.finished) return
      else await buffer.bell.rung()
    }
  } finally {
    for (const off of offs) off()
    port.disarm(buffer.add)
  }
}

/** False when the signal aborted: who ends a stream wants no error. */
async function armed(signal: AbortSignal, arm: () => Promise<void>): Promise<boolean> {
  if (signal.aborted) return false
  try {
    await arm()
  } catch (error) {
    if (!signal.aborted) throw error
  }
  return !signal.aborted
}

class EventBuffer {
  readonly resync: WatchedEvent
  readonly #events = new Fifo<WatchedEvent>()
  readonly #capacity: number
  readonly bell = new Bell()
  /** No event can come any more. */
  finished = false

  constructor(path: string, capacity: number) {
    this.resync = { type: 'resync', path, zxid: null }
    this.#capacity = capacity
  }

  readonly add: Watcher = event => {
    // What a resync makes the reader read again need not be told before it.
    if (event.type === 'resync' || this.#events.size >= this.#capacity) {
      this.#events.drain()
      this.#events.push(this.resync)
    } else {
      this.#events.push(event)
    }
    this.bell.ring()
  }

  clear(): void {
    this.#events.drain()
  }

  take(): WatchedEvent | undefined {
    return this.#events.shift()
  }

  finish(): void {
    this.finished = true
    this.bell.ring()
  }
}
