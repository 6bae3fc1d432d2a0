// What a person reads: the program in JSON, ready for --replay, and the two answers.
import type { Difference } from './compare.ts'
import type { Program } from './program.ts'

export function printProgram({ sessions, commands }: Program): string {
  const lines = commands.map(command => `    ${JSON.stringify(command)}`)
  return `{\n  "sessions": ${sessions},\n  "commands": [\n${lines.join(',\n')}\n  ]\n}\n`
}

export function printDifference({ where, embedded, real }: Difference): string {
  return `${where}\n  embedded: ${JSON.stringify(embedded)}\n  real:     ${JSON.stringify(real)}\n`
}
