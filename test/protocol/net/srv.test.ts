// SRV records as the source of servers: their order, their changes, and names that have none.

import { createSocket } from 'node:dgram'
import dns from 'node:dns'
import { once } from 'node:events'
import { parseConnectString } from '../../../protocol/net/connect-string.ts'
import { ServerList } from '../../../protocol/net/server-list.ts'
import type { SrvRecord } from '../../../protocol/net/srv.ts'
import { orderSrv, systemLookupSrv } from '../../../protocol/net/srv.ts'
import { outcomeOf } from '../../support/outcome.ts'
import { randomOf } from '../../support/random.ts'
import { newWorld, reconnect } from '../../support/scripted-client.ts'
import { t } from '../../tap.ts'

const record = (name: string, port = 2181, priority = 0, weight = 0): SrvRecord => ({
  name,
  port,
  priority,
  weight,
})

const hosts = (records: readonly SrvRecord[], random: () => number): string =>
  orderSrv(records, random)
    .map(({ host }) => host)
    .join(' ')

t.test('H8: srv: by priority first, then each host once', async t => {
  const records = [record('c', 1, 20), record('a', 1, 5), record('b', 1, 10)]
  t.equal(hosts(records, Math.random), 'a b c')
  t.strictSame(orderSrv([record('x.example.', 2281)], Math.random), [{ host: 'x.example', port: 2281 }])
  t.strictSame(orderSrv([record('.', 0)], Math.random), [], 'a dot says that there is no service')
  t.strictSame(orderSrv([record('', 0)], Math.random), [], 'which resolvers show without its dot')
})

t.test('H8: srv: among equals, by chance in proportion to the weight', async t => {
  const random = randomOf(7)
  const first: Record<string, number> = { light: 0, heavy: 0, none: 0 }
  const records = [record('light', 1, 0, 10), record('heavy', 1, 0, 30), record('none', 1, 0, 0)]
  for (let i = 0; i < 4000; i++) {
    const order = hosts(records, random)
    first[order.split(' ')[0]!]!++
  }
  t.ok(
    first.heavy! > 2700 && first.heavy! < 3200,
    `${first.heavy} of 4,000 go to three quarters of the weight`,
  )
  t.ok(first.light! > 800 && first.light! < 1200, `${first.light}`)
  t.ok(first.none! > 60, `${first.none}: without weight, a small chance`)
})

t.test(
  'H8: srv: among equals, each is first as often as any other, with the same weight or none',
  async t => {
    const random = randomOf(7)
    for (const weight of [0, 1, 10]) {
      const orders: Record<string, number> = {}
      const records = ['a', 'b', 'c'].map(name => record(name, 1, 0, weight))
      for (let i = 0; i < 6000; i++) {
        const order = hosts(records, random)
        orders[order] = (orders[order] ?? 0) + 1
      }
      t.equal(Object.keys(orders).length, 6)
      const counts = Object.values(orders)
      t.ok(
        counts.every(count => count > 850 && count < 1150),
        `weight ${weight}: ${JSON.stringify(orders)}`,
      )
    }
  },
)

t.test('H8: connect string: dns-srv, as Java 3.10 writes it', async t => {
  const parsed = parseConnectString('dns-srv://_zookeeper._tcp.example.com/app')
  t.strictSame(parsed, { servers: [], srv: '_zookeeper._tcp.example.com', chroot: '/app' })
  t.equal(parseConnectString('dns-srv://zk.example/').chroot, '')
  t.equal(parseConnectString('dns-srv:// zk.example \n').srv, 'zk.example')
  for (const wrong of [
    'dns-srv://',
    'dns-srv:///app',
    'dns-srv://zk:2181',
    'dns-srv://a,b',
    'dns-srv://zk/a/',
  ]) {
    t.throws(() => parseConnectString(wrong), { code: 'INVALID_CONNECT_STRING' }, wrong)
  }
})

t.test('H8: srv: looked up at each attempt; the same records keep their turn, others begin anew', async t => {
  let records = [record('a', 1), record('b', 2)]
  let asked = 0
  const lookupSrv = async (): Promise<readonly SrvRecord[]> => {
    asked++
    return [...records].reverse()
  }
  const list = new ServerList(parseConnectString('dns-srv://zk'), {
    lookup: async host => [`ip-${host}`],
    lookupSrv,
    random: () => 0,
  })
  const next = async (): Promise<string> => {
    const { ip, port } = await list.next(new AbortController().signal)
    return `${ip}:${port}`
  }
  const [one, two] = [await next(), await next()]
  t.strictSame([one, two].sort(), ['ip-a:1', 'ip-b:2'])
  t.equal(await next(), one)
  t.equal(asked, 3)
  const { laps } = list
  records = [record('c', 3)]
  t.equal(await next(), 'ip-c:3')
  t.ok(list.laps > laps, 'a name that answers otherwise each time does not keep pauses away')
  records = []
  t.equal(await next(), 'ip-c:3', 'what was found before is better than nothing')
})

t.test(
  'H8: srv: without records an attempt fails with a typed error, and the next one asks again',
  async t => {
    const answers: (Error | readonly SrvRecord[])[] = [
      new Error('querySrv ESERVFAIL'),
      [],
      [record('zk', 2281)],
    ]
    const lookupSrv = async (): Promise<readonly SrvRecord[]> => {
      const answer = answers.length > 1 ? answers.shift() : answers[0]
      if (answer instanceof Error) throw answer
      return answer!
    }
    const world = newWorld(t, { servers: 'dns-srv://zk.example/app', lookupSrv })
    const failures: unknown[] = []
    world.zk.on('attemptFailed', error => failures.push(error))
    const connecting = outcomeOf(world.zk.connect())
    await world.clock.advance(5000)
    t.equal(connecting.state, 'resolved')
    const failure = { name: 'ConnectError', code: 'CONNECTION_LOSS', reason: 'unresolved', server: null }
    t.match(failures, [
      { ...failure, message: 'querySrv ESERVFAIL' },
      { ...failure, message: 'zk.example has no SRV records' },
    ])
    t.strictSame(world.ensemble.tried, ['10.0.0.1:2281'])
    outcomeOf(world.zk.get('/a'))
    await world.clock.settle()
    t.match(world.ensemble.link.requests, [{ body: { path: '/app/a' } }])
  },
)

t.test('H8: srv: a DNS that falls silent costs one attempt, and the session is saved', async t => {
  const answers: ((records: readonly SrvRecord[]) => void)[] = []
  let isSilent = false
  const lookupSrv = (): Promise<readonly SrvRecord[]> =>
    isSilent ? new Promise(resolve => answers.push(resolve)) : Promise.resolve([record('zk', 1)])
  const world = newWorld(t, { servers: 'dns-srv://zk', lookupSrv })
  const connecting = outcomeOf(world.zk.connect())
  await world.clock.settle()
  t.equal(connecting.state, 'resolved')
  const { sessionId } = world.zk
  isSilent = true
  world.ensemble.link.close()
  await world.clock.advance(5500)
  t.equal(world.zk.state, 'connected')
  t.equal(world.zk.sessionId, sessionId)
  t.equal(answers.length, 1)
  isSilent = false
  answers[0]?.([])
  await reconnect(world)
  t.equal(world.zk.sessionId, sessionId, 'after the answer, it is asked again')
})

t.test('H8: srv: updateServers changes between a list and a name, and the session goes on', async t => {
  const lookupSrv = async (name: string): Promise<readonly SrvRecord[]> => [record(name, 7)]
  const world = newWorld(t, { servers: 'a:1', lookupSrv })
  const connecting = outcomeOf(world.zk.connect())
  await world.clock.settle()
  t.equal(connecting.state, 'resolved')
  const { sessionId } = world.zk
  world.zk.updateServers('dns-srv://named')
  await reconnect(world)
  t.equal(world.ensemble.tried.at(-1), '10.0.0.1:7')
  world.zk.updateServers('b:2')
  await world.clock.advance(500)
  t.equal(world.ensemble.tried.at(-1), '10.0.0.1:2')
  t.equal(world.zk.sessionId, sessionId)
  t.throws(() => world.zk.updateServers('dns-srv://named/elsewhere'), { code: 'INVALID_CONNECT_STRING' })
})

t.test('H8: srv: the default asks the DNS', async t => {
  const server = createSocket('udp4')
  server.on('message', (query, from) => server.send(answerTo(query), from.port))
  server.bind(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close())
  dns.setServers([`127.0.0.1:${server.address().port}`])
  t.match(await systemLookupSrv('_zookeeper._tcp.zk.test'), [
    { name: 'zk1.test', port: 2281, priority: 1, weight: 2 },
  ])
})

/** One SRV record, whatever is asked. */
function answerTo(query: Buffer): Buffer {
  const end = query.indexOf(0, 12) + 5
  const head = Buffer.from(query.subarray(0, end))
  head.writeUInt16BE(0x8180, 2)
  // One question, one answer, and none of the others that the query may have had.
  for (const [at, count] of [
    [4, 1],
    [6, 1],
    [8, 0],
    [10, 0],
  ] as const)
    head.writeUInt16BE(count, at)
  const target = Buffer.from('\x03zk1\x04test\0', 'latin1')
  const answer = Buffer.alloc(18)
  ;[0xc00c, 33, 1, 0, 60, 6 + target.length, 1, 2, 2281].forEach((word, i) => {
    answer.writeUInt16BE(word, i * 2)
  })
  return Buffer.concat([head, answer, target])
}
