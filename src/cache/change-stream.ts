// The changes of a cache as a stream: a slow reader gets the net difference of each znode, not the history.
import { onAbort } from '../../protocol/support/abort.ts'
import type { CacheChange, CacheNode } from './node.ts'
import { changeOf } from './node.ts'
import type { Picture } from './picture.ts'

/** What one reader was not told yet: for each path, the znode as that reader knows it. */
class Backlog {
  readonly #picture: Picture
  readonly #known = new Map<string, CacheNode | null>()
  wake = (): void => {}

  /** A reader begins with nothing, so that everything that is there is news. */
  constructor(picture: Picture) {
    this.#picture = picture
    for (const { path } of picture.nodes()) this.#known.set(path, null)
  }

  readonly add = (changes: readonly CacheChange[]): void => {
    for (const { path, old } of changes) {
      if (!this.#known.has(path)) this.#known.set(path, old)
    }
    this.wake()
  }

  /** The difference at the path that waits longest. */
  take(): CacheChange | undefined {
    for (const [path, known] of this.#known) {
      this.#known.delete(path)
      const change = changeOf(path, known, this.#picture.get(path))
      if (change !== null) return Object.freeze(change)
    }
    return undefined
  }

  changed(): Promise<void> {
    return new Promise(resolve => {
      this.wake = resolve
    })
  }
}

export interface ChangeStreamInput {
  readonly picture: Picture
  readonly signals: readonly (AbortSignal | undefined)[]
  subscribe(listener: (changes: readonly CacheChange[]) => void): () => void
}

/** Ends with any of the signals, and with `return()` at any time. */
export function changeStream(input: ChangeStreamInput): AsyncGenerator<CacheChange, void, void> {
  const ended = new AbortController()
  const stream = read(input, ended.signal)
  const give = stream.return.bind(stream)
  // A generator hears of `return` only when it has given what it was asked for, and here that may take for ever.
  stream.return = value => {
    ended.abort()
    return give(value)
  }
  return stream
}

async function* read(
  { picture, signals, subscribe }: ChangeStreamInput,
  returned: AbortSignal,
): AsyncGenerator<CacheChange, void, void> {
  const all = [...signals, returned]
  const over = (): boolean => all.some(signal => signal?.aborted)
  if (over()) return
  const backlog = new Backlog(picture)
  const offs = [subscribe(backlog.add), ...all.map(signal => onAbort(signal, () => backlog.wake()))]
  try {
    for (;;) {
      const change = over() ? undefined : backlog.take()
      if (change !== undefined) yield change
      else if (over()) return
      else await backlog.changed()
    }
  } finally {
    for (const off of offs) off()
  }
}
