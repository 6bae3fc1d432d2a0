// Smooth weighted round robin: in proportion to the weights, and never the same one in bursts.
import type { Instance } from '../../formats/instance.ts'
import type { PickStrategy } from './strategy.ts'

export class Weighted implements PickStrategy {
  /** What each instance is owed. */
  #credit = new Map<string, number>()

  /** Everybody earns his weight; the richest is picked and pays the sum. Without any weight there is nobody. */
  pick(candidates: readonly Instance[]): Instance | null {
    const credit = new Map<string, number>()
    let sum = 0
    let richest: Instance | null = null
    for (const candidate of candidates) {
      if (candidate.weight === 0) continue
      sum += candidate.weight
      const owed = (this.#credit.get(candidate.id) ?? 0) + candidate.weight
      credit.set(candidate.id, owed)
      if (richest === null || owed > credit.get(richest.id)!) richest = candidate
    }
    if (richest !== null) credit.set(richest.id, credit.get(richest.id)! - sum)
    // Who has left is forgotten, so that it does not come back with a debt.
    this.#credit = credit
    return richest
  }
}
