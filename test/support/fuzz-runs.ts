// How often the properties of the fuzz tests are tried, and a share of something to break it at.
import fc from 'fast-check'

/** FUZZ_RUNS multiplies the runs; a failure prints its seed, which FUZZ_SEED runs again. */
const TIMES = Number(process.env.FUZZ_RUNS ?? 1)
const seed = process.env.FUZZ_SEED === undefined ? {} : { seed: Number(process.env.FUZZ_SEED) }

export function runs(count: number): { numRuns: number; seed?: number } {
  return { numRuns: count * TIMES, ...seed }
}

/** Of 0 to just below 1. */
export const share: fc.Arbitrary<number> = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })
