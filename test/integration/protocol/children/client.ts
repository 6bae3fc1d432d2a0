// A process with one client: prints every state as a line of JSON, until its standard input ends.
import { ZooKeeper } from '../../../../protocol/index.ts'

const [connectString = '', sessionTimeout = '', ephemeral = ''] = process.argv.slice(2)
const zk = new ZooKeeper(connectString, { sessionTimeout: Number(sessionTimeout) })

function report(event: string): void {
  const line = { event, generation: zk.generation, sessionId: String(zk.sessionId) }
  process.stdout.write(`${JSON.stringify(line)}\n`)
}

await zk.connect()
await zk.create(ephemeral, null, { mode: 'ephemeral' })
report('ready')
zk.on('state', ({ state }) => report(state))
zk.on('stalled', () => report('stalled'))
// The test looks for the znode afterwards: however slow the server is, it has ended the session by then.
process.stdin.on('end', () => zk.close({ timeout: 20_000 })).resume()
