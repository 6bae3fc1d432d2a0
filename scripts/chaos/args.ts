// The command line of `npm run test:chaos`. Pure: arguments in, what to do out.
import { parseArgs } from 'node:util'

export const USAGE = `Clients under random faults for as long as one likes, and a check of all that they were told.

  npm run test:chaos -- [options]

  --target TARGET   embedded or ensemble (three real servers); default: both, one after the other
  --seconds N       how long each is tormented; default 60
  --seed N          default: by chance; the same seed makes the same plans, though not the same timing
  --clients N       clients at a time in this process; default 4
  --processes N     clients in processes that are stopped now and then; default 1
  --keep FILE       writes the history of the last run there, as JSON
  --help

Exit code 1 if a check failed.
`

const TARGETS = ['embedded', 'ensemble'] as const
export type TargetName = (typeof TARGETS)[number]

export type Command =
  | { readonly kind: 'help' }
  | {
      readonly kind: 'run'
      readonly targets: readonly TargetName[]
      readonly seconds: number
      readonly seed: number
      readonly clients: number
      readonly processes: number
      readonly keep: string | undefined
    }

/** `chance` is the seed when none is given. */
export function parseCommand(args: readonly string[], chance: number): Command {
  const { values } = parseArgs({
    args: [...args],
    strict: true,
    options: {
      target: { type: 'string' },
      seconds: { type: 'string' },
      seed: { type: 'string' },
      clients: { type: 'string' },
      processes: { type: 'string' },
      keep: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) return { kind: 'help' }
  const targets = TARGETS.filter(name => values.target === undefined || values.target === name)
  if (targets.length === 0)
    throw new RangeError(`--target takes ${TARGETS.join(' or ')}, not ${values.target}`)
  return {
    kind: 'run',
    targets,
    seconds: whole('--seconds', values.seconds ?? '60', 1),
    seed: whole('--seed', values.seed ?? String(chance), 0),
    clients: whole('--clients', values.clients ?? '4', 1),
    processes: whole('--processes', values.processes ?? '1', 0),
    keep: values.keep,
  }
}

function whole(name: string, text: string, least: number): number {
  const number = Number(text)
  if (/^\d+$/.test(text) && number >= least && number < 2 ** 31) return number
  throw new RangeError(`${name} takes a whole number from ${least}, not ${JSON.stringify(text)}`)
}
