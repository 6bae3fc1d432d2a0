// The server list: shuffled once, then in turn, and every name resolved anew at each visit.
import { parseConnectString } from '../../../protocol/net/connect-string.ts'
import type { ServerListOptions } from '../../../protocol/net/server-list.ts'
import { ServerList } from '../../../protocol/net/server-list.ts'
import { t } from '../../tap.ts'

const asItIs = (): number => 1 - 2 ** -40

function listOf(text: string, options: ServerListOptions = {}): ServerList {
  const lookup = async (host: string): Promise<string[]> => [`ip-of-${host}`]
  return new ServerList(parseConnectString(text), { lookup, random: asItIs, ...options })
}

async function visits(list: ServerList, count: number): Promise<string[]> {
  const found: string[] = []
  for (let i = 0; i < count; i++) {
    const { signal } = new AbortController()
    const next = list.next(signal).then(
      ({ host, ip, port }) => `${host}=${ip}:${port}`,
      error => `${error.message}`,
    )
    found.push(await next)
  }
  return found
}

t.test('server list: one after the other, then again from the first', async t => {
  const wanted = ['a=ip-of-a:1', 'b=ip-of-b:2', 'a=ip-of-a:1', 'b=ip-of-b:2', 'a=ip-of-a:1']
  t.strictSame(await visits(listOf('a:1,b:2'), 5), wanted)
})

t.test('server list: the order is that of the given random numbers, and does not change', async t => {
  const hosts = (list: ServerList): string => list.servers.map(({ host }) => host).join('')
  t.equal(hosts(listOf('a,b,c,d', { random: asItIs })), 'abcd')
  t.equal(hosts(listOf('a,b,c,d', { random: () => 0 })), 'bcda')
  const orders = new Set<string>()
  for (let i = 0; i < 200; i++) orders.add(hosts(listOf('a,b,c', { random: Math.random })))
  t.equal(orders.size, 6, 'every order comes up')
})

t.test('server list: the list that was given is left alone', async t => {
  const servers = parseConnectString('a,b,c').servers
  new ServerList({ servers, srv: null }, { random: () => 0 })
  t.strictSame(
    servers.map(({ host }) => host),
    ['a', 'b', 'c'],
  )
})

t.test('H8: server list: a name is resolved at every visit, an address never', async t => {
  const asked: string[] = []
  const lookup = async (host: string): Promise<string[]> => {
    asked.push(host)
    return [`10.0.0.${asked.length}`]
  }
  const list = listOf('zk,192.168.0.1,[::1]', { lookup })
  const wanted = ['zk=10.0.0.1:2181', '192.168.0.1=192.168.0.1:2181', '::1=::1:2181', 'zk=10.0.0.2:2181']
  t.strictSame(await visits(list, 4), wanted)
  t.strictSame(asked, ['zk', 'zk'])
})

t.test('H8: server list: every address of a name is tried before the next name', async t => {
  const lookup = async (host: string): Promise<string[]> => (host === 'many' ? ['1', '2', '3'] : ['9'])
  const list = listOf('many,one', { lookup })
  t.equal(list.size, 2, 'what was never resolved counts as one')
  t.strictSame(await visits(list, 5), [
    'many=1:2181',
    'many=2:2181',
    'many=3:2181',
    'one=9:2181',
    'many=1:2181',
  ])
  t.equal(list.size, 4)
})

t.test('H8: server list: the addresses of a name come in an order by chance, as servers do', async t => {
  const lookup = async (): Promise<string[]> => ['1', '2', '3']
  const list = listOf('many', { lookup, random: () => 0 })
  t.strictSame(await visits(list, 3), ['many=2:2181', 'many=3:2181', 'many=1:2181'])
})

t.test('H8: server list: a name that does not resolve is skipped the next time', async t => {
  const lookup = async (host: string): Promise<string[]> => {
    if (host === 'gone') throw new Error('ENOTFOUND gone')
    return host === 'empty' ? [] : ['1']
  }
  const list = listOf('gone,empty,here', { lookup })
  const wanted = ['ENOTFOUND gone', 'empty has no address', 'here=1:2181', 'ENOTFOUND gone']
  t.strictSame(await visits(list, 4), wanted)
})

t.test('server list: an abort ends the wait for a resolver that hangs', async t => {
  const list = listOf('a', { lookup: () => new Promise(() => {}) })
  const controller = new AbortController()
  const next = list.next(controller.signal)
  controller.abort(new Error('enough'))
  await t.rejects(next, { message: 'enough' })
})

t.test('server list: a lap ends with the last address of the last server, found or not', async t => {
  const lookup = async (host: string): Promise<string[]> => {
    if (host === 'gone') throw new Error('ENOTFOUND')
    return ['1', '2']
  }
  const list = listOf('a,b', { lookup })
  const laps: number[] = []
  for (let i = 0; i < 5; i++) {
    await visits(list, 1)
    laps.push(list.laps)
  }
  t.strictSame(laps, [0, 0, 0, 1, 1])
  const broken = listOf('a,gone', { lookup })
  await visits(broken, 3)
  t.equal(broken.laps, 1)
})

t.test('H8: server list: no address is lost to one who asks at the same time', async t => {
  const lookup = async (host: string): Promise<string[]> => [`${host}1`, `${host}2`]
  const list = listOf('a,b', { lookup })
  const together = await Promise.all([visits(list, 1), visits(list, 1)])
  const rest = await visits(list, 2)
  const found = [...together.flat(), ...rest]
  t.strictSame(found.sort(), ['a=a1:2181', 'a=a2:2181', 'b=b1:2181', 'b=b2:2181'])
})

t.test('server list: an address that is preferred while a name is resolved comes next', async t => {
  let resolve: (ips: string[]) => void = () => {}
  const list = listOf('a', { lookup: () => new Promise(found => (resolve = found)) })
  const next = visits(list, 1)
  list.prefer({ host: 'b', ip: '9', port: 1 })
  resolve(['1'])
  t.strictSame([...(await next), ...(await visits(list, 1))], ['b=9:1', 'a=1:2181'])
})

t.test(
  'server list: a new one begins with those that come first, each part in an order by chance',
  async t => {
    const list = listOf('x,y', { lookup: async host => [`${host}1`, `${host}2`], random: () => 0 })
    await visits(list, 1)
    const [a, b, c, d] = parseConnectString('a,b,c,d').servers
    list.update([a!, b!, c!, d!], [c!, d!])
    t.equal(list.servers.map(({ host }) => host).join(''), 'dcba')
    t.equal(list.size, 4)
    t.strictSame(
      await visits(list, 2),
      ['d=d2:2181', 'd=d1:2181'],
      'and not with what was left of the old one',
    )
  },
)

t.test(
  'server list: a server is in it by its name and its port, and all are while it is not known',
  async t => {
    const list = listOf('a:1,b:2')
    const isListed = (host: string, port: number): boolean => list.lists({ host, port, ip: '10.0.0.1' })
    t.strictSame(
      [isListed('a', 1), isListed('b', 2), isListed('a', 2), isListed('c', 1)],
      [true, true, false, false],
    )
    list.updateSrv('named')
    t.equal(isListed('c', 1), true)
  },
)

t.test('server list: who only asks which address is next takes nobody’s turn', async t => {
  const list = listOf('a:1,b:2')
  const { signal } = new AbortController()
  for (const host of ['a', 'b', 'a']) {
    const { laps } = list
    t.strictSame(
      [await list.peek(signal), await list.peek(signal)].map(found => found.host),
      [host, host],
    )
    t.equal(list.laps, laps)
    t.equal((await list.next(signal)).host, host)
  }
  t.equal(list.laps, 1)
})

t.test('server list: a question that is given up takes nobody’s turn either', async t => {
  const lookup = (): Promise<string[]> => new Promise(() => {})
  const list = listOf('a,10.0.0.1,10.0.0.2', { lookup })
  const asking = new AbortController()
  const asked = list.peek(asking.signal)
  asking.abort(new Error('too late'))
  await t.rejects(asked, { message: 'too late' })
  const trying = new AbortController()
  const tried = list.next(trying.signal)
  trying.abort(new Error('no address of a'))
  await t.rejects(tried, { message: 'no address of a' })
  t.strictSame(await visits(list, 1), ['10.0.0.1=10.0.0.1:2181'])
})
