// The tests of a file that run beside each other, which those that mostly wait for a server should.
import type { Test } from '../tap.ts'
import { t } from '../tap.ts'

export interface ConcurrentOptions {
  /** How many run at a time. */
  readonly jobs: number
  /** Milliseconds for each test. */
  readonly timeout: number
}

/** What a file calls in place of `t.test`. */
export function concurrently({
  jobs,
  timeout,
}: ConcurrentOptions): (name: string, body: (t: Test) => Promise<void>) => void {
  t.jobs = jobs
  return (name, body) => {
    t.test(name, { buffered: true, timeout }, body)
  }
}
