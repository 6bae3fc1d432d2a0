// Asks again and again until there is an answer or the time is up.
import { performance } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'

export interface PollOptions {
  // Milliseconds.
  readonly within: number
  readonly every?: number
  readonly signal?: AbortSignal | undefined
}

// `probe` gives null for "not yet"; an error from it ends the wait. `what` is for the message when the time is up.
export const poll = async <T>(
  what: () => string,
  probe: () => Promise<T | null>,
  { within, every = 20, signal }: PollOptions,
): Promise<T> => {
  const end = performance.now() + within
  for (;;) {
    signal?.throwIfAborted()
    const answer = await probe()
    if (answer !== null) return answer
    if (performance.now() >= end) throw new Error(`${what()} within ${within} ms`)
    await sleep(every, undefined, { signal })
  }
}
