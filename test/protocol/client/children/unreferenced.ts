// A process whose clients are open and unreferenced: it ends by itself when nothing else is left to do.
import { ZooKeeper } from '../../../../protocol/client/zookeeper.ts'
import { unreferencedClock } from '../../../../protocol/support/clock.ts'

const [sound = '', silent = '', refusing = ''] = process.argv.slice(2)
const options = { ref: false, sessionTimeout: 30_000 }
const busy = setInterval(() => {}, 1000)

const zk = new ZooKeeper(sound, options)
await zk.connect()
zk.get('/never-answered').catch(() => {})
zk.get('/nor-this', { timeout: 60_000 }).catch(() => {})
for (const servers of [silent, refusing]) {
  const other = new ZooKeeper(servers, options)
  const tried = new Promise<void>(resolve => other.on('attemptFailed', () => resolve()))
  other.connect().catch(() => {})
  if (servers === refusing) await tried
}
unreferencedClock.schedule(60_000, () => {})

clearInterval(busy)
process.stdout.write(`${zk.state}\n`)
