// The command line of `npm run bench`. Pure: arguments in, options out.
import { parseArgs } from 'node:util'
import { rowIds } from './rows.ts'

export const USAGE: string = `Measures this client beside others, against a server that answers from memory and a real one.

  npm run bench -- [options]

  --quick            small counts, one round each, about a minute: to see that it works, not for figures
  --only ROWS        ${rowIds.join(',')}
  --clients CLIENTS  as the result file names them, such as ours,floor; default: all that can be had
  --rounds N         rounds per client, of which the median counts; default 5
  --seconds N        length of a round; default 1
  --out FOLDER       where bench.md, results.json and chart.svg go; default .cache/bench
  --help
`

export interface BenchOptions {
  readonly quick: boolean
  /** null: all. */
  readonly only: readonly string[] | null
  readonly clients: readonly string[] | null
  readonly rounds: number
  readonly seconds: number
  readonly out: string
}

export type Command = { readonly kind: 'help' } | { readonly kind: 'bench'; readonly options: BenchOptions }

export function parseCommand(args: readonly string[], defaultOut: string): Command {
  const { values } = parseArgs({
    args: [...args],
    strict: true,
    options: {
      quick: { type: 'boolean', default: false },
      only: { type: 'string' },
      clients: { type: 'string' },
      rounds: { type: 'string' },
      seconds: { type: 'string' },
      out: { type: 'string', default: defaultOut },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) return { kind: 'help' }
  const { quick, out } = values
  const only = list(values.only)
  for (const row of only ?? []) {
    if (!rowIds.includes(row)) throw new RangeError(`--only takes ${rowIds.join(', ')}, not ${row}`)
  }
  const rounds = positive('--rounds', values.rounds, quick ? 1 : 5)
  if (!Number.isInteger(rounds)) throw new RangeError('--rounds takes a whole number')
  const seconds = positive('--seconds', values.seconds, quick ? 0.05 : 1)
  return { kind: 'bench', options: { quick, only, clients: list(values.clients), rounds, seconds, out } }
}

function list(text: string | undefined): string[] | null {
  return text === undefined ? null : text.split(',').filter(word => word !== '')
}

function positive(name: string, text: string | undefined, otherwise: number): number {
  if (text === undefined) return otherwise
  const number = Number(text)
  if (number > 0 && Number.isFinite(number)) return number
  throw new RangeError(`${name} takes a number above 0, not ${JSON.stringify(text)}`)
}
