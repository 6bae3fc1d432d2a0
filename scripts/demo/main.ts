// npm run demo: the main job, step by step, on a real ZooKeeper. Exits 0 only if every step was seen to work.
import { randomUUID } from 'node:crypto'
import { parseArgs } from 'node:util'
import { ZooKeeper } from '../../protocol/index.ts'
import { formatEndpoint, parseConnectString } from '../../protocol/net/connect-string.ts'
import { startServer } from '../zookeeper/server.ts'
import { play } from './play.ts'

const HELP = `npm run demo [-- --servers HOST:PORT]

Shows the registry at work on a ZooKeeper server that it gets and starts, or on the one that you name.
It works below a path of its own and removes that at the end.`

const { values } = parseArgs({
  options: { servers: { type: 'string' }, help: { type: 'boolean', short: 'h' } },
})

if (values.help) process.stdout.write(`${HELP}\n`)
else await run()

async function run(): Promise<void> {
  const began = performance.now()
  try {
    if (values.servers === undefined) {
      process.stdout.write('Starting a real ZooKeeper (the first time, it is fetched)...\n')
      await using server = await startServer()
      process.stdout.write(`ZooKeeper ${server.version} at ${server.connectString}\n`)
      await playBelowOwnPath(server.connectString)
    } else {
      await playBelowOwnPath(values.servers)
    }
    process.stdout.write(
      `\nEvery step was observed, in ${((performance.now() - began) / 1000).toFixed(1)} s.\n`,
    )
  } catch (error) {
    process.stderr.write(`\nThe demo failed: ${error instanceof Error ? error.stack : error}\n`)
    process.exitCode = 1
  }
}

async function playBelowOwnPath(connectString: string): Promise<void> {
  const { servers: list, chroot } = parseConnectString(connectString)
  const servers = list.map(formatEndpoint).join()
  const path = `${chroot}/nd-service-registry-demo-${randomUUID()}`
  await using admin = new ZooKeeper(servers)
  await admin.connect({ timeout: 10_000 })
  await admin.create(path, '', { parents: true })
  try {
    await play(servers, path)
  } finally {
    await admin.delete(path, { recursive: true })
  }
}
