// The same instance for the same key, by weighted rendezvous hashing: one that leaves moves only its own keys.
import type { Instance } from '../../formats/instance.ts'
import { RoundRobin } from './round-robin.ts'
import type { PickContext, PickStrategy } from './strategy.ts'

export class Sticky implements PickStrategy {
  readonly #withoutKey: PickStrategy

  /** `withoutKey` decides for calls that bring no key. */
  constructor(withoutKey: PickStrategy = new RoundRobin()) {
    this.#withoutKey = withoutKey
  }

  pick(candidates: readonly Instance[], context: PickContext): Instance | null {
    const { key } = context
    if (key === undefined) return this.#withoutKey.pick(candidates, context)
    let best: Instance | null = null
    let highest = Number.NEGATIVE_INFINITY
    for (const candidate of candidates) {
      if (candidate.weight === 0) continue
      const score = -candidate.weight / Math.log(unit(`${candidate.id}\n${key}`))
      if (score > highest || (score === highest && best !== null && candidate.id < best.id)) {
        best = candidate
        highest = score
      }
    }
    return best
  }
}

/** A number between 0 and 1, both excluded, that is the same in every process. */
function unit(text: string): number {
  return (hash(text) + 0.5) / 2 ** 32
}

/** FNV-1a over UTF-16 code units, with the finish of MurmurHash3: texts that differ little land far apart. */
function hash(text: string): number {
  let h = 0x811c9dc5
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193)
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return (h ^ (h >>> 16)) >>> 0
}
