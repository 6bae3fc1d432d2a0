// Deadlines in the time for which this process runs: a machine that stands still takes nothing of them.

const TICK = 10

/** Rejects when the promise is not settled after so many milliseconds for which this process ran. */
export async function within<T>(ms: number, promise: Promise<T>): Promise<T> {
  let left = Math.ceil(ms / TICK)
  let timer: ReturnType<typeof setInterval> | undefined
  const late = new Promise<never>((_, reject) => {
    // However late a tick comes, it counts as one.
    timer = setInterval(() => {
      if (left-- <= 0) reject(new Error(`not within ${ms} ms`))
    }, TICK)
  })
  return await Promise.race([promise, late]).finally(() => clearInterval(timer))
}
