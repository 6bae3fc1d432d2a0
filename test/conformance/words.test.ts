// Four-letter words: the shape of each answer, on the way that clients read it. Section 8.9.
import { connect } from 'node:net'
import { OpCode } from '../../protocol/opcodes.ts'
import { t } from '../tap.ts'
import { create, onBoth, tryRead } from './both.ts'

t.jobs = 8
const test = onBoth()

/** What comes back, to a client that shuts its own side first, as Java's does. */
function ask(at: string, word: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const [host, port] = at.split(':')
    const socket = connect({ host: host!, port: Number(port) }, () => socket.end(word))
    let text = ''
    socket.setEncoding('utf8').on('data', chunk => {
      text += chunk
    })
    socket.on('error', reject)
    socket.on('close', () => resolve(text))
  })
}

test('short answers', async (t, { at }) => {
  t.equal(await ask(at, 'ruok'), 'imok')
  t.equal(await ask(at, 'isro'), 'rw')
  t.equal(await ask(at, 'crst'), 'Connection stats reset.\n')
  t.match(await ask(at, 'dirs'), /^datadir_size: \d+\nlogdir_size: \d+\n$/)
  t.equal(await ask(at, 'nope'), '')
})

test('srvr and stat', async (t, { at }) => {
  const shape =
    /^Zookeeper version: 3\.\d.*\n(?:Clients:\n(?: \/.*\[\d+\]\(queued=\d+,recved=\d+,sent=\d+\)\n)+\n)?Latency min\/avg\/max: \d+\/[\d.]+\/\d+\nReceived: \d+\nSent: \d+\nConnections: \d+\nOutstanding: \d+\nZxid: 0x[0-9a-f]+\nMode: standalone\nNode count: \d+\n$/
  t.match(await ask(at, 'srvr'), shape)
  const stat = await ask(at, 'stat')
  t.match(stat, shape)
  t.match(stat, 'Clients:\n /')
})

test('conf, envi and mntr', async (t, { at }) => {
  const keys = (text: string, between: string): string[] =>
    text
      .trim()
      .split('\n')
      .map(line => line.split(between)[0]!)
  const conf = await ask(at, 'conf')
  for (const key of [
    'clientPort',
    'tickTime',
    'maxClientCnxns',
    'minSessionTimeout',
    'maxSessionTimeout',
    'serverId',
  ]) {
    t.ok(keys(conf, '=').includes(key), key)
  }
  t.match(await ask(at, 'envi'), /^Environment:\nzookeeper\.version=3\.\d/)
  const mntr = keys(await ask(at, 'mntr'), '\t')
  for (const key of [
    'zk_version',
    'zk_server_state',
    'zk_znode_count',
    'zk_watch_count',
    'zk_ephemerals_count',
  ]) {
    t.ok(mntr.includes(key), key)
  }
})

test('sessions, ephemerals and watches', async (t, { at, open, root }) => {
  const client = await open()
  const session = `0x${client.welcome.sessionId.toString(16)}`
  await create(client, `${root}/e`, { flags: 1 })
  await tryRead(client, OpCode.getData, root, true)
  await tryRead(client, OpCode.getChildren, `${root}/e`, true)
  t.match(await ask(at, 'cons'), `sid=${session},`)
  const dump = await ask(at, 'dump')
  t.match(dump, `${session}:\n\t${root}/e\n`)
  t.match(await ask(at, 'wchs'), /^\d+ connections watching \d+ paths\nTotal watches:\d+\n$/)
  t.match(await ask(at, 'wchc'), `${session}\n\t${root}\n`)
  t.match(await ask(at, 'wchp'), `${root}\n\t${session}\n`)
  t.notMatch(await ask(at, 'wchp'), `${root}/e`, 'watches on children are not listed')
})
