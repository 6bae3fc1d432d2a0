// Runs ndsr without a process: arguments and streams in, exit code out.
import { digestMd5, ZooKeeperError } from '../../protocol/index.ts'
import { parseConnectString } from '../../protocol/net/connect-string.ts'
import { onAbort } from '../../protocol/support/abort.ts'
import type { ServiceRegistryOptions } from '../index.ts'
import { NoConnectionError, ServiceRegistry } from '../index.ts'
import type { ExitCode } from './exit-codes.ts'
import { describeError, exitCodeOf, exitCodes } from './exit-codes.ts'
import { format } from './format/format.ts'
import type { Reading } from './get.ts'
import { readTree } from './get.ts'
import { Log } from './log.ts'
import type { GetOptions, Surroundings } from './program.ts'
import { parseArguments } from './program.ts'

export interface RunOptions extends Surroundings {
  /** Ends the run with the exit code 130, after the session is closed. */
  readonly signal?: AbortSignal
}

/** `argv` without the interpreter and the script. Never rejects. */
export async function run(argv: readonly string[], io: RunOptions): Promise<ExitCode> {
  try {
    const invocation = parseArguments(argv, io)
    if (invocation.kind === 'done') return invocation.exitCode
    if (invocation.kind === 'dev') {
      // Here, as all else does without the embedded server.
      const { runDev } = await import('./dev/dev.ts')
      return await runDev(invocation.options, io)
    }
    return await get(invocation.options, io)
  } catch (error) {
    if (io.signal?.aborted) return exitCodes.interrupted
    io.stderr.write(`ndsr: ${describeError(error)}\n`)
    return exitCodeOf(error)
  }
}

async function get(options: GetOptions, { stdout, stderr, signal }: RunOptions): Promise<ExitCode> {
  const log = new Log(stderr, options.loglevel)
  const { path, outputformat, allowMissing } = options
  if (options.username !== null && options.password === null) {
    log.warning('a username without a password is not used')
  }
  const { branch, denied } = await read(options, log, signal)
  // The session is closed by now: a reader that takes its time, or leaves, does not hold it up.
  stdout.write(format(outputformat, path, branch))
  for (const each of denied) log.warning(`no permission to read ${each}`)
  if (denied.length > 0) return exitCodes.noAuth
  if (branch !== null) return exitCodes.ok
  log.warning(`there is no node at ${path}`)
  return allowMissing ? exitCodes.ok : exitCodes.noNode
}

async function read(options: GetOptions, log: Log, signal: AbortSignal | undefined): Promise<Reading> {
  const { server, tls, timeout, path } = options
  // A connect string that is none may hold credentials, and is refused before it is shown.
  parseConnectString(server)
  // Lazy and without patience: the handle comes at once, so that an interrupt has something to close.
  const patience = { lazy: true, connectTimeout: 1 }
  log.info(`connecting to ${server}`)
  await using registry = await ServiceRegistry.connect({
    servers: server,
    tls,
    ...credentialsOf(options),
    ...patience,
  })
  const { client } = registry
  client.on('attemptFailed', error => log.debug(`attempt to connect failed: ${describeError(error)}`))
  // A stop that fails is told by the one at the end.
  const off = onAbort(signal, () => void registry.stop().catch(() => {}))
  try {
    await client.connect({ timeout, ...(signal !== undefined && { signal }) }).catch(error => {
      if (!ZooKeeperError.is(error, 'REQUEST_TIMEOUT')) throw error
      // What the last attempt failed with says more than that time was up.
      throw new NoConnectionError(`no connection to ${server} within ${timeout / 1000} s`, error.cause)
    })
    log.info(`connected to ${client.remote ?? server}, reading ${path}`)
    const reading = await readTree(client, path, options)
    signal?.throwIfAborted()
    return reading
  } finally {
    off()
  }
}

function credentialsOf({ username, password, sasl }: GetOptions): ServiceRegistryOptions {
  if (!sasl || username === null || password === null) return { username, password }
  return { sasl: digestMd5({ username, password }) }
}
