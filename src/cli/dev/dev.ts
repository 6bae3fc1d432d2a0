// ndsr dev: the embedded server from the command line.
import { readFile } from 'node:fs/promises'
import { ZooKeeper } from '../../../protocol/index.ts'
import { onAbort } from '../../../protocol/support/abort.ts'
import { EmbeddedZooKeeper } from '../../embedded/index.ts'
import type { ExitCode } from '../exit-codes.ts'
import { exitCodes } from '../exit-codes.ts'
import { Log, levels } from '../log.ts'
import type { Streams } from '../usage.ts'
import type { DevOptions } from './options.ts'
import type { SeedNode } from './seed.ts'
import { parseSeed, plant } from './seed.ts'

export interface DevSurroundings extends Streams {
  /** Ends the server; without it, it runs for ever. */
  readonly signal?: AbortSignal
}

/** Prints the connect string when clients can connect and find the seed. Rejects for a bad file and a port that is taken. */
export async function runDev(options: DevOptions, io: DevSurroundings): Promise<ExitCode> {
  const log = new Log(io.stderr, options.quiet ? Number.POSITIVE_INFINITY : levels.info)
  const nodes = options.seed === null ? [] : await readSeed(options.seed)
  await using server = await EmbeddedZooKeeper.start({ port: options.port, host: options.host })
  const planted = await seed(server.connectString, nodes)
  if (planted > 0) log.info(`${planted} znodes from ${options.seed}`)
  log.info('for development and tests: all is gone when this process ends')
  io.stdout.write(`${server.connectString}\n`)
  await new Promise<void>(resolve => onAbort(io.signal, () => resolve()))
  log.info('closing')
  return exitCodes.ok
}

async function readSeed(file: string): Promise<SeedNode[]> {
  const text = await readFile(file, 'utf8')
  try {
    return parseSeed(text)
  } catch (cause) {
    throw new Error(`${file}: ${(cause as Error).message}`, { cause })
  }
}

async function seed(servers: string, nodes: readonly SeedNode[]): Promise<number> {
  if (nodes.length === 0) return 0
  await using zk = new ZooKeeper(servers)
  return await plant(zk, nodes)
}
