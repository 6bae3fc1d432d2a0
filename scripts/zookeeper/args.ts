// The command line of `npm run zookeeper`. Pure: arguments in, what to do out.
import { parseArgs } from 'node:util'
import type { ServerOptions } from './run/options.ts'

export type Command =
  | { readonly kind: 'help' }
  | { readonly kind: 'fetch'; readonly version: string | undefined }
  | { readonly kind: 'run'; readonly members: number; readonly options: ServerOptions }

export const USAGE = `Runs a real ZooKeeper server on the loopback address until Ctrl-C.

  npm run zookeeper -- [options]

  --version VERSION        a line (3.6) or a full version (3.6.4); default: the newest line
  --ensemble N             N members instead of one server
  --port PORT              the client port; an ensemble takes this one and those after it
  --tick-time MS           default 2000
  --ttl                    TTL nodes
  --reconfig               dynamic reconfiguration
  --read-only-mode         members without a quorum answer reads
  --max-buffer BYTES       jute.maxbuffer
  --four-letter-words LIST the whitelist; default *
  --super-digest DIGEST    super:BASE64, the super user
  --config KEY=VALUE       a line of zoo.cfg; as often as needed
  --jvm ARGUMENT           an argument of the JVM, as --jvm=-Dname=value; as often as needed
  --heap SIZE              default 256m
  --fetch                  only get the server into the cache
  --help

The server comes from ZOOKEEPER_HOME, the cache, Maven, the Apache archive or Debian's packages, in this order.
ZOOKEEPER_VERSION is the default of --version, NDSR_CACHE (default: ~/.cache/nd-service-registry) the cache,
NDSR_ZOOKEEPER_ARCHIVE a mirror of the archive. Java is that of JAVA_HOME, or else the one on the PATH.
`

const OPTIONS = {
  version: { type: 'string' },
  ensemble: { type: 'string' },
  port: { type: 'string' },
  'tick-time': { type: 'string' },
  ttl: { type: 'boolean' },
  reconfig: { type: 'boolean' },
  'read-only-mode': { type: 'boolean' },
  'max-buffer': { type: 'string' },
  'four-letter-words': { type: 'string' },
  'super-digest': { type: 'string' },
  config: { type: 'string', multiple: true },
  jvm: { type: 'string', multiple: true },
  heap: { type: 'string' },
  fetch: { type: 'boolean' },
  help: { type: 'boolean' },
} as const

export const parseCommand = (args: readonly string[]): Command => {
  const { values } = parseArgs({ args: [...args], options: OPTIONS, strict: true })
  if (values.help === true) return { kind: 'help' }
  if (values.fetch === true) return { kind: 'fetch', version: values.version }
  const options = {
    version: values.version,
    port: wholeNumber('--port', values.port, 65_535),
    tickTime: wholeNumber('--tick-time', values['tick-time']),
    ttl: values.ttl,
    reconfig: values.reconfig,
    readOnlyMode: values['read-only-mode'],
    maxBuffer: wholeNumber('--max-buffer', values['max-buffer']),
    fourLetterWords: values['four-letter-words'],
    superDigest: values['super-digest'],
    config: Object.fromEntries((values.config ?? []).map(configLine)),
    jvm: values.jvm,
    heap: values.heap,
  }
  return { kind: 'run', members: wholeNumber('--ensemble', values.ensemble, 9) ?? 1, options: given(options) }
}

const wholeNumber = (name: string, text: string | undefined, most = 2 ** 31 - 1): number | undefined => {
  if (text === undefined) return undefined
  const number = Number(text)
  if (/^\d+$/.test(text) && number >= 1 && number <= most) return number
  throw new RangeError(`${name} takes a whole number from 1 to ${most}, not ${JSON.stringify(text)}`)
}

const configLine = (text: string): [string, string] => {
  const at = text.indexOf('=')
  if (at < 1) throw new RangeError(`--config takes KEY=VALUE, not ${JSON.stringify(text)}`)
  return [text.slice(0, at), text.slice(at + 1)]
}

// Options that were not given are left out, so that the defaults are the server's.
const given = (options: ServerOptions): ServerOptions =>
  Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined))
