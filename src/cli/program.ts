// The command line of ndsr: words and flags in, a plain object out.
import { createRequire } from 'node:module'
import { Command, InvalidArgumentError, Option } from 'commander'
import type { TlsOptions } from '../../protocol/index.ts'
import { validatePath, ZooKeeperError } from '../../protocol/index.ts'
import type { DevInvocation } from './dev/options.ts'
import { parseDev } from './dev/options.ts'
import { exitCodeHelp } from './exit-codes.ts'
import type { Format } from './format/format.ts'
import { formats } from './format/format.ts'
import type { SecurityFlags } from './security-flags.ts'
import { addSecurityFlags, tlsOf } from './security-flags.ts'
import type { Done, Streams } from './usage.ts'
import { doneWith, mayBePassword, outputTo } from './usage.ts'

export interface GetOptions {
  readonly path: string
  readonly server: string
  readonly username: string | null
  readonly password: string | null
  /** Name and password are those of SASL. */
  readonly sasl: boolean
  readonly tls: TlsOptions | null
  readonly data: boolean
  readonly recursive: boolean
  /** Lines of this level and above are shown; Infinity for none. */
  readonly loglevel: number
  readonly outputformat: Format
  readonly allowMissing: boolean
  /** Milliseconds to wait for the connection. */
  readonly timeout: number
}

export type Invocation = { readonly kind: 'get'; readonly options: GetOptions } | DevInvocation | Done

export interface Surroundings extends Streams {
  readonly env: Readonly<Record<string, string | undefined>>
}

interface Flags extends SecurityFlags {
  server: string
  username?: string
  password?: string
  data?: boolean
  recursive?: boolean
  quiet?: boolean
  loglevel: number
  outputformat: Format
  allowMissing?: boolean
  timeout: number
}

const USAGE = '[get] [PATH] [options]'

/** `argv` without the interpreter and the script. */
export function parseArguments(argv: readonly string[], surroundings: Surroundings): Invocation {
  const [first, ...rest] = argv
  const isDev = first !== undefined && /^dev$/i.test(first)
  return isDev ? parseDev(rest, surroundings) : parseGet(argv, surroundings)
}

function parseGet(argv: readonly string[], { env, ...streams }: Surroundings): Invocation {
  const program = programFor(streams)
  try {
    program.parse([...argv], { from: 'user' })
    const path = pathOf(program)
    const flags = program.opts<Flags>()
    const username = flags.username ?? null
    const password = flags.password ?? (env.NDSR_PASSWORD || null)
    const sasl = flags.sasl ?? false
    if (sasl && (username === null || password === null)) {
      program.error('error: --sasl needs a username and a password')
    }
    return {
      kind: 'get',
      options: {
        path,
        server: flags.server,
        username,
        password,
        sasl,
        tls: tlsOf(program, flags),
        data: flags.data ?? false,
        recursive: flags.recursive ?? false,
        loglevel: flags.quiet === true ? Number.POSITIVE_INFINITY : flags.loglevel,
        outputformat: flags.outputformat,
        allowMissing: flags.allowMissing ?? false,
        timeout: flags.timeout,
      },
    }
  } catch (error) {
    return doneWith(error)
  }
}

function programFor(streams: Streams): Command {
  const program = new Command('ndsr')
    .usage(USAGE)
    .description('Shows what is registered in ZooKeeper at PATH (default /).')
    .argument('[words...]')
    .configureOutput(outputTo(streams))
    .configureHelp({ visibleArguments: () => [] })
    .showHelpAfterError(`Usage: ndsr ${USAGE}\nndsr --help says more.`)
    .exitOverride()
    .version(version(), '--version', 'show the version')
    .helpOption('-h, --help', 'show this help')
    .addHelpText(
      'after',
      `\nndsr dev --help: a server for development and tests.\n\nBooleans have a --no form: --no-data or --nodata.\n\n${exitCodeHelp}`,
    )
    .option('-s, --server <hosts>', 'host:port,host:port/chroot', 'localhost:2181')
    .option('-u, --username <name>', 'with a password: digest credentials')
    .option(
      '-p, --password <password>',
      'other users may see it; better in the environment, as NDSR_PASSWORD',
    )
  flag(program, 'sasl', '--sasl', 'the credentials are for SASL DIGEST-MD5')
  flag(program, 'tls', '--tls', 'encrypt the connection')
  addSecurityFlags(program)
  flag(program, 'data', '-d, --data', 'show the data of the nodes')
  flag(program, 'recursive', '-r, --recursive', 'show everything below the path too')
  const format = new Option('--outputformat <format>', 'how the result is printed')
  program.addOption(format.choices(formats).default('yaml'))
  flag(program, 'allowMissing', '--allow-missing', 'exit with 0 when there is no node')
  const timeout = new Option('--timeout <seconds>', 'how long to wait for the connection')
  program.addOption(timeout.argParser(milliseconds).default(5000, '5'))
  flag(program, 'quiet', '-q, --quiet', 'no log lines; errors are told all the same')
  program.option('--loglevel <number>', 'log lines on stderr: 10 debug, 20 info, 30 warnings', integer, 20)
  return program
}

/** A boolean with its negations: `--no-data`, and `--nodata` as gflags had it. The last one given counts. */
function flag(program: Command, key: string, flags: string, description: string): void {
  const name = flags.slice(flags.indexOf('--') + 2)
  program.option(flags, description)
  program.addOption(new Option(`--no-${name}`).hideHelp())
  program.addOption(new Option(`--no${name}`).hideHelp())
  program.on(`option:no${name}`, () => program.setOptionValue(key, false))
}

function pathOf(program: Command): string {
  const [first, ...rest] = program.args
  const words = first !== undefined && /^get$/i.test(first) ? rest : program.args
  const stray = words.find(word => mayBePassword(program, word))
  if (stray !== undefined) program.error('error: a word is neither a command nor a path')
  if (first !== undefined && words !== rest && !first.startsWith('/')) {
    program.error(`error: unknown command '${first}'`)
  }
  if (words.length > 1) program.error(`error: one path is expected, not ${words.length}`)
  const path = normalized(words[0] ?? '/')
  try {
    validatePath(path)
  } catch (error) {
    if (!ZooKeeperError.is(error)) throw error
    program.error(`error: ${error.message}`)
  }
  return path
}

/** Doubled slashes and one at the end do no harm. */
function normalized(path: string): string {
  const single = path.replace(/\/{2,}/g, '/')
  return single.length > 1 && single.endsWith('/') ? single.slice(0, -1) : single
}

function integer(text: string): number {
  if (/^-?\d{1,9}$/.test(text)) return Number(text)
  throw new InvalidArgumentError('It must be a whole number.')
}

function milliseconds(text: string): number {
  const seconds = /^\d+(\.\d+)?$/.test(text) ? Number(text) : 0
  if (seconds > 0 && seconds <= 86_400) return Math.max(1, Math.round(seconds * 1000))
  throw new InvalidArgumentError('It must be a positive number of seconds.')
}

function version(): string {
  const load = createRequire(import.meta.url)
  return (load('nd-service-registry/package.json') as { version: string }).version
}
