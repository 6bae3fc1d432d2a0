// The command line of ndsr dev.
import { Command, InvalidArgumentError, Option } from 'commander'
import type { Done, Streams } from '../usage.ts'
import { doneWith, outputTo } from '../usage.ts'

export interface DevOptions {
  /** 0: a free one. */
  readonly port: number
  readonly host: string
  /** A file with znodes to begin with, or null. */
  readonly seed: string | null
  readonly quiet: boolean
}

export interface DevInvocation {
  readonly kind: 'dev'
  readonly options: DevOptions
}

const USAGE = 'dev [options]'

/** `argv` without the word `dev`. */
export function parseDev(argv: readonly string[], streams: Streams): DevInvocation | Done {
  const program = new Command('ndsr')
    .usage(USAGE)
    .description(
      'Starts a ZooKeeper-compatible server in this process, for development and tests: memory only, no quorum.\n' +
        'Prints its connect string, and runs until SIGINT or SIGTERM.',
    )
    .configureOutput(outputTo(streams))
    .showHelpAfterError(`Usage: ndsr ${USAGE}\nndsr dev --help says more.`)
    .exitOverride()
    .helpOption('-h, --help', 'show this help')
    .option('-q, --quiet', 'no log lines; errors are told all the same', false)
    .option('--host <address>', 'the address to listen on; whoever reaches it may do everything', '127.0.0.1')
    .option('--seed <file>', 'znodes to begin with, in the form that ndsr get -d -r prints, as YAML or JSON')
    .addOption(new Option('--port <number>', '0 for a free one').argParser(portOf).default(2181))
    .allowExcessArguments(false)
  try {
    program.parse([...argv], { from: 'user' })
  } catch (error) {
    return doneWith(error)
  }
  const { port, host, seed = null, quiet } = program.opts<Omit<DevOptions, 'seed'> & { seed?: string }>()
  return { kind: 'dev', options: { port, host, seed, quiet } }
}

function portOf(text: string): number {
  if (/^\d{1,5}$/.test(text) && Number(text) <= 65_535) return Number(text)
  throw new InvalidArgumentError('It must be a whole number from 0 to 65535.')
}
