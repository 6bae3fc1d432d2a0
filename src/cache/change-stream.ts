// The changes of a cache as a stream: a slow reader gets the net difference of each znode, not the history.
import { onAbort } from '../../protocol/support/abort.ts'
import { Bell, endableStream } from '../../protocol/support/stream.ts'
import type { CacheChange, CacheNode } from './node.ts'
import { changeOf } from './node.ts'
import type { Picture } from './picture.ts'

/** What one reader was not told yet: for each path, the znode as that reader knows it. */
class Backlog {
  readonly #picture: Picture
  readonly #known = new Map<string, CacheNode | null>()
  /** Where `take` is: begun anew each time, it would step over all that was taken before. */
  #cursor = this.#known.entries()
  readonly bell = new Bell()

  /** A reader begins with nothing, so that everything that is there is news. */
  constructor(picture: Picture) {
    this.#picture = picture
    for (const { path } of picture.nodes()) this.#known.set(path, null)
  }

  readonly add = (changes: readonly CacheChange[]): void => {
    for (const { path, old } of changes) {
      if (!this.#known.has(path)) this.#known.set(path, old)
    }
    this.bell.ring()
  }

  /** The difference at the path that waits longest. */
  take(): CacheChange | undefined {
    while (this.#known.size > 0) {
      const { value, done } = this.#cursor.next()
      if (done === true) {
        this.#cursor = this.#known.entries()
        continue
      }
      const [path, known] = value
      this.#known.delete(path)
      const change = changeOf(path, known, this.#picture.get(path))
      if (change !== null) return Object.freeze(change)
    }
    return undefined
  }
}

export interface ChangeStreamInput {
  readonly picture: Picture
  readonly signals: readonly (AbortSignal | undefined)[]
  subscribe(listener: (changes: readonly CacheChange[]) => void): () => void
}

/** Ends with any of the signals, and with `return()` at any time. */
export function changeStream({
  picture,
  signals,
  subscribe,
}: ChangeStreamInput): AsyncGenerator<CacheChange, void, void> {
  return endableStream(async function* (ended) {
    const backlog = new Backlog(picture)
    const offs = [
      subscribe(backlog.add),
      ...signals.map(signal => onAbort(signal, () => ended.abort())),
      onAbort(ended.signal, backlog.bell.ring),
    ]
    try {
      while (!ended.signal.aborted) {
        const change = backlog.take()
        if (change !== undefined) yield change
        else await backlog.bell.rung()
      }
    } finally {
      for (const off of offs) off()
    }
  })
}
