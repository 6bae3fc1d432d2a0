// Looks for a program on which the servers differ, and makes it as short as it can be.
import fc from 'fast-check'
import type { Difference } from './compare.ts'
import type { Command, Program } from './program.ts'
import { programs } from './programs.ts'

export type Judge = (program: Program) => Promise<Difference | null>

export type Found =
  | { readonly type: 'agreement'; readonly programs: number; readonly commands: number }
  | {
      readonly type: 'difference'
      readonly after: number
      readonly program: Program
      readonly difference: Difference
    }

export interface SearchOptions {
  readonly seed: number
  readonly programs: number
  /** How many scenes a program has at most. Default: 30. */
  readonly longest?: number
  readonly onProgram?: (count: number) => void
}

/** The same seed gives the same programs. Ends with the first difference. */
export async function search(judge: Judge, options: SearchOptions): Promise<Found> {
  const { seed, programs: count, longest = 30, onProgram } = options
  let [played, commands, failed] = [0, 0, false]
  const agrees = async (program: Program): Promise<boolean> => {
    if (!failed) {
      played++
      commands += program.commands.length
      onProgram?.(played)
    }
    const agreed = (await judge(program)) === null
    if (!agreed) failed = true
    return agreed
  }
  const details = await fc.check(fc.asyncProperty(programs(longest), agrees), { seed, numRuns: count })
  if (!details.failed) return { type: 'agreement', programs: played, commands }
  if (details.counterexample === null) throw details.errorInstance
  const program = await shorten(judge, details.counterexample[0])
  const difference = await judge(program)
  if (difference === null)
    throw new Error('a difference was seen once and not again', { cause: details.errorInstance })
  return { type: 'difference', after: played, program, difference }
}

/** Leaves out whatever command is not needed: scenes come and go whole before. */
async function shorten(judge: Judge, program: Program): Promise<Program> {
  let best: readonly Command[] = program.commands
  for (let index = best.length - 1; index >= 0; index--) {
    const fewer = best.toSpliced(index, 1)
    if ((await judge({ ...program, commands: fewer })) !== null) best = fewer
  }
  return { ...program, commands: best }
}
