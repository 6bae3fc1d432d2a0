// The arithmetic of the bench: medians, and ratios that a change of the machine's speed between rounds cannot bend.
import type { Answer } from './programs/task.ts'

/** A number that every round of a client gives. */
export type Metric = 'perSecond' | 'cpu' | 'p50' | 'p99' | 'heap'

/** The middle value; of an even number of values, the mean of the two in the middle. */
export function median(values: readonly number[]): number | null {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length / 2
  const upper = sorted[Math.floor(middle)]
  const lower = sorted[Math.ceil(middle) - 1]
  return upper === undefined || lower === undefined ? null : (upper + lower) / 2
}

/** Median over the rounds; null when the rounds do not have the metric. */
export function medianOf(rounds: readonly Answer[], metric: Metric): number | null {
  return median(rounds.map(round => round[metric]).filter(value => value !== null))
}

/**
 * How many times `mine` is of `theirs`. Rounds with the same number ran one after the other, so each is compared with
 * its neighbour, and the median of these ratios counts.
 */
export function ratioOf(mine: readonly Answer[], theirs: readonly Answer[], metric: Metric): number | null {
  const ratios: number[] = []
  for (let i = 0; i < Math.min(mine.length, theirs.length); i++) {
    const [above, below] = [mine[i]?.[metric], theirs[i]?.[metric]]
    if (above != null && below != null && below > 0) ratios.push(above / below)
  }
  return median(ratios)
}

/** How many requests make a round of `seconds`, judged by the round before. */
export function nextTotal(perSecond: number, seconds: number, least: number, most: number): number {
  return Math.max(least, Math.min(most, Math.round(perSecond * seconds)))
}
