// Four-letter words: the shape of each answer, on the way that clients read it. Section 8.9.
import { Buffer } from 'node:buffer'
import { OpCode } from '../../protocol/opcodes.ts'
import { t } from '../tap.ts'
import { ask } from './ask.ts'
import { create, onBoth, tryRead } from './both.ts'

t.jobs = 8
const test = onBoth()

test('8.9.2, 8.9.3, 8.9.12, 8.9.13: short answers', async (t, { at }) => {
  t.equal(await ask(at, 'ruok'), 'imok')
  t.equal(await ask(at, 'isro'), 'rw')
  t.equal(await ask(at, 'crst'), 'Connection stats reset.\n')
  t.equal(await ask(at, 'srst'), 'Server stats reset.\n')
  t.match(await ask(at, 'dirs'), /^datadir_size: \d+\nlogdir_size: \d+\n$/)
  t.equal(await ask(at, 'nope'), '')
})

test('8.9.4, 8.9.5: srvr and stat', async (t, { at }) => {
  const shape =
    /^Zookeeper version: 3\.\d.*\n(?:Clients:\n(?: \/.*\[\d+\]\(queued=\d+,recved=\d+,sent=\d+\)\n)+\n)?Latency min\/avg\/max: \d+\/[\d.]+(?:E-\d+)?\/\d+\nReceived: \d+\nSent: \d+\nConnections: \d+\nOutstanding: \d+\nZxid: 0x[0-9a-f]+\nMode: standalone\nNode count: \d+\n$/
  t.match(await ask(at, 'srvr'), shape)
  const stat = await ask(at, 'stat')
  t.match(stat, shape)
  t.match(stat, 'Clients:\n /')
})

test('8.9.7, 8.9.8, 8.9.9: conf, envi and mntr', async (t, { at }) => {
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

test('8.9.6, 8.9.10, 8.9.11: sessions, ephemerals and watches', async (t, { at, open, root }) => {
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

test('8.9.14: the trace mask', async (t, { at }) => {
  const stmk = (mask: bigint): Buffer => {
    const bytes = Buffer.from('stmk\0\0\0\0\0\0\0\0')
    bytes.writeBigInt64BE(mask, 4)
    return bytes
  }
  t.equal(await ask(at, stmk(-7n)), '-7')
  t.equal(await ask(at, 'gtmk'), '-7')
  t.equal(await ask(at, stmk(306n)), '306')
  t.equal(await ask(at, 'gtmk'), '306')
  t.equal(await ask(at, stmk(7n).subarray(0, 11)), '', 'a mask cut short')
  t.equal(await ask(at, 'gtmk'), '306')
})

test('8.9.2: a word may come a byte at a time', async (t, { at }) => {
  t.equal(await ask(at, 'ruok', 1), 'imok')
})

const listed = onBoth({
  embedded: { fourLetterWords: 'srvr, conf' },
  real: { fourLetterWords: 'srvr, conf' },
})

listed('8.9.1: a word that is not listed is refused by name', async (t, { at }) => {
  t.match(await ask(at, 'srvr'), /^Zookeeper version/)
  const all = 'cons crst dirs dump envi gtmk ruok srst stat wchc wchp wchs mntr isro hash'.split(' ')
  for (const word of [...all, 'stmk\0\0\0\0\0\0\0\0']) {
    const name = word.slice(0, 4)
    t.equal(await ask(at, word), `${name} is not executed because it is not in the whitelist.\n`)
  }
})
