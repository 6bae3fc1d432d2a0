// npm run demo: the main job, step by step, on a server in this process or a real one. Exits 0 only if every step was seen.
import { randomUUID } from 'node:crypto'
import { parseArgs } from 'node:util'
import { ZooKeeper } from '../../protocol/index.ts'
import { formatEndpoint, parseConnectString } from '../../protocol/net/connect-string.ts'
import { EmbeddedZooKeeper } from '../../src/embedded/index.ts'
import { startServer } from '../zookeeper/server.ts'
import { play } from './play.ts'

const HELP = `npm run demo [-- --servers HOST:PORT | --zookeeper]

Shows the registry at work on the embedded server, which needs nothing but Node.

  --servers HOST:PORT   on the ensemble that you name: below a path of its own, which it removes at the end
  --zookeeper           on a real ZooKeeper that it gets and starts`

const { values } = parseArgs({
  options: {
    servers: { type: 'string' },
    zookeeper: { type: 'boolean' },
    help: { type: 'boolean', short: 'h' },
  },
})

if (values.help) process.stdout.write(`${HELP}\n`)
else await run()

async function run(): Promise<void> {
  const began = performance.now()
  try {
    if (values.servers !== undefined) {
      await playBelowOwnPath(values.servers)
    } else if (values.zookeeper) {
      process.stdout.write('Starting a real ZooKeeper (the first time, it is fetched)...\n')
      await using server = await startServer()
      process.stdout.write(`ZooKeeper ${server.version} at ${server.connectString}\n`)
      await playBelowOwnPath(server.connectString)
    } else {
      await using server = await EmbeddedZooKeeper.start()
      process.stdout.write(`The embedded server at ${server.connectString}\n`)
      await playBelowOwnPath(server.connectString)
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
  const { servers: list, srv, chroot } = parseConnectString(connectString)
  const servers = srv === null ? list.map(formatEndpoint).join() : `dns-srv://${srv}`
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
