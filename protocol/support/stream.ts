// Streams that wait for what comes next, and end at once when their reader says so.

/**
 * The stream that `read` yields, with a `return()` that ends it at any time. A generator hears of `return` only when it has
 * given what it was asked for, which may take for ever: so `ended` aborts first. It is a controller because what else ends
 * the stream is told to it by `read`, and only once somebody reads.
 */
export function endableStream<T>(
  read: (ended: AbortController) => AsyncGenerator<T, void, void>,
): AsyncGenerator<T, void, void> {
  const ended = new AbortController()
  const stream = read(ended)
  const give = stream.return.bind(stream)
  stream.return = value => {
    ended.abort()
    return give(value)
  }
  return stream
}

/** What the one reader of a stream waits for when there is nothing to yield: somebody rings when it is to look again. */
export class Bell {
  #wake = (): void => {}

  readonly ring = (): void => {
    this.#wake()
  }

  /** Resolves with the next ring. */
  rung(): Promise<void> {
    return new Promise(resolve => {
      this.#wake = resolve
    })
  }
}
