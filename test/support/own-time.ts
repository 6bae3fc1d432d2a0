// Deadlines in the time for which this process runs: a machine that stands still takes little of them.
import { clearInterval, setInterval } from 'node:timers'

const TICK = 10
/** What one tick counts at most, in milliseconds, however late it comes. */
const MOST = 50

/** Tells again and again for how many milliseconds the process has run; without `ref`, it does not keep it running. */
export function watchOwnTime(ref: boolean, heard: (ran: number) => void): () => void {
  let ran = 0
  let before = performance.now()
  const timer = setInterval(() => {
    const now = performance.now()
    ran += Math.min(now - before, MOST)
    before = now
    heard(ran)
  }, TICK)
  if (!ref) timer.unref()
  return () => clearInterval(timer)
}

/** Rejects when the promise is not settled after so many milliseconds for which this process ran. */
export async function within<T>(ms: number, promise: Promise<T>): Promise<T> {
  let stop = (): void => {}
  const late = new Promise<never>((_, reject) => {
    stop = watchOwnTime(true, ran => {
      if (ran > ms) reject(new Error(`not within ${ms} ms`))
    })
  })
  return await Promise.race([promise, late]).finally(() => stop())
}
