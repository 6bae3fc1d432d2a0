// One after the other, in the order of their ids, also while instances come and go.
import type { Instance } from '../../formats/instance.ts'
import type { PickStrategy } from './strategy.ts'

export class RoundRobin implements PickStrategy {
  #last: string | null = null

  /** The next id after the last one, so that a change of the list neither skips nor repeats anybody. */
  pick(candidates: readonly Instance[]): Instance | null {
    let first: Instance | null = null
    let next: Instance | null = null
    for (const candidate of candidates) {
      if (first === null || candidate.id < first.id) first = candidate
      const later = this.#last !== null && candidate.id > this.#last
      if (later && (next === null || candidate.id < next.id)) next = candidate
    }
    const picked = next ?? first
    this.#last = picked?.id ?? this.#last
    return picked
  }
}
