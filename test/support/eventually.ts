// Waiting for a condition with a deadline, instead of sleeping for a time that is always wrong.

const PAUSE = 10

/** Polls until `probe` returns something other than false, null or undefined, and returns it. */
export async function eventually<T>(
  what: string,
  probe: () => T | Promise<T>,
  within = 60_000,
): Promise<Exclude<T, false | null | undefined>> {
  const end = performance.now() + within
  let last: unknown
  for (;;) {
    try {
      const value = await probe()
      if (value !== false && value !== null && value !== undefined) {
        return value as Exclude<T, false | null | undefined>
      }
      last = value
    } catch (error) {
      last = error
    }
    if (performance.now() > end) throw new Error(`${what}: not within ${within} ms`, { cause: last })
    await new Promise(resolve => setTimeout(resolve, PAUSE))
  }
}
