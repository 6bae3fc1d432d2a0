// The command line of `npm run test:differential`. Pure: arguments in, what to do out.
import { parseArgs } from 'node:util'

export const USAGE = `Plays random programs on the embedded server and on a real ZooKeeper, and compares all they say.

  npm run test:differential -- [options]

  --programs N    how many; default 1000
  --seed N        default: by chance; the same seed gives the same programs
  --replay FILE   plays the programs of these files instead; as often as needed
  --help

A program on which the servers differ is made as short as it can be and printed, for --replay.
`

export type Command =
  | { readonly kind: 'help' }
  | { readonly kind: 'search'; readonly programs: number; readonly seed: number }
  | { readonly kind: 'replay'; readonly files: readonly string[] }

/** `chance` is the seed when none is given. */
export function parseCommand(args: readonly string[], chance: number): Command {
  const { values } = parseArgs({
    args: [...args],
    strict: true,
    options: {
      programs: { type: 'string' },
      seed: { type: 'string' },
      replay: { type: 'string', multiple: true },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) return { kind: 'help' }
  if (values.replay !== undefined) return { kind: 'replay', files: values.replay }
  const programs = whole('--programs', values.programs, 1000)
  if (programs < 1) throw new RangeError('--programs takes a number from 1')
  return { kind: 'search', programs, seed: whole('--seed', values.seed, chance) }
}

function whole(name: string, text: string | undefined, otherwise: number): number {
  const number = text === undefined ? otherwise : Number(text)
  if (text === '' || !Number.isInteger(number) || Math.abs(number) > 2 ** 31 - 1) {
    throw new RangeError(`${name} takes a whole number of 32 bits, not ${text}`)
  }
  return number
}
