// `npm run zookeeper`: gets a real ZooKeeper server, runs it until Ctrl-C, and leaves nothing behind.
import type { Command } from './args.ts'
import { parseCommand, USAGE } from './args.ts'
import { startEnsemble } from './ensemble.ts'
import { findRelease } from './find/find.ts'
import type { ServerOptions } from './run/options.ts'
import type { Server } from './server.ts'
import { startServer } from './server.ts'
import { requestVersion } from './versions.ts'

interface Running extends AsyncDisposable {
  readonly connectString: string
  readonly members: readonly Server[]
}

const main = async (): Promise<void> => {
  const command = parseCommand(process.argv.slice(2))
  if (command.kind === 'help') console.log(USAGE)
  else if (command.kind === 'fetch') await fetchRelease(command.version)
  else await run(command)
}

const fetchRelease = async (version: string | undefined): Promise<void> => {
  const release = await findRelease(requestVersion(version ?? process.env.ZOOKEEPER_VERSION))
  console.log(`ZooKeeper ${release.version} is there (${release.source})`)
}

// A signal ends the wait, or the start when it comes that early; a second one finds the default action again.
const run = async ({ members, options }: Command & { kind: 'run' }): Promise<void> => {
  const interrupt = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => interrupt.abort())
  const { signal } = interrupt
  try {
    await using running = await start(members, { ...options, signal })
    for (const member of running.members) await describe(member)
    console.log(`connect string: ${running.connectString}`)
    console.log('Ctrl-C stops it.')
    const ended = await anEnd(running.members, signal)
    if (ended !== null)
      throw new Error(`the server at port ${ended.port} ended; its log ends:\n${tail(ended.log())}`)
  } catch (error) {
    if (!signal.aborted) throw error
  }
}

const start = async (members: number, options: ServerOptions): Promise<Running> => {
  if (members > 1) return await startEnsemble(members, options)
  const server = await startServer(options)
  return {
    connectString: server.connectString,
    members: [server],
    [Symbol.asyncDispose]: () => server.stop(),
  }
}

const describe = async (member: Server): Promise<void> => {
  console.log(
    `ZooKeeper ${member.version}, ${await member.mode()}, port ${member.port}, process ${member.pid}`,
  )
}

// Resolves with a member whose process ended by itself, or with null when the signal came.
const anEnd = async (members: readonly Server[], signal: AbortSignal): Promise<Server | null> => {
  const aborted = new Promise<null>(resolve =>
    signal.addEventListener('abort', () => resolve(null), { once: true }),
  )
  if (signal.aborted) return null
  return await Promise.race([
    aborted,
    ...members.map(async member => await member.ended().then(() => member)),
  ])
}

const tail = (log: string): string => log.trimEnd().split('\n').slice(-20).join('\n')

main().catch(error => {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
})
