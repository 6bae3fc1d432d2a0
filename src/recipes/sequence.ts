// Sequential names: the word that says what a node is for, and the number that says whose turn it is.
import { RecipeError } from './errors.ts'

/** The parent's counter sticks here (ZOOKEEPER-4706), and order ends. */
const LARGEST = 2 ** 31 - 1
const DIGITS = /-?\d{10}$/

export interface Contender {
  readonly name: string
  readonly sequence: number
}

/** The number at the end of a sequential name, or undefined. */
export function sequenceOf(name: string): number | undefined {
  const match = DIGITS.exec(name)
  return match === null ? undefined : Number(match[0])
}

/**
 * The children whose names are anything, one of the words, and a number; in the order of their numbers,
 * compared as numbers. Other children are somebody else's business.
 */
export function contendersOf(children: readonly string[], words: readonly string[]): Contender[] {
  const contenders: Contender[] = []
  for (const name of children) {
    const match = DIGITS.exec(name)
    if (match === null) continue
    const stem = name.slice(0, match.index)
    if (words.some(word => stem.endsWith(word))) contenders.push({ name, sequence: Number(match[0]) })
  }
  return contenders.sort((a, b) => a.sequence - b.sequence || (a.name < b.name ? -1 : 1))
}

/** Throws where numbers do not order any more, instead of letting two holders in. */
export function checkSequence(path: string, sequence: number): void {
  if (sequence >= 0 && sequence < LARGEST) return
  throw new RecipeError('SEQUENCE_EXHAUSTED', path, `the sequence number ${sequence} does not order any more`)
}
