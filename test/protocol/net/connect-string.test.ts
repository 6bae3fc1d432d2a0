// Connect strings: as Java's ConnectStringParser reads them, with an error that says what is wrong.
import { inspect } from 'node:util'
import { formatEndpoint, parseConnectString } from '../../../protocol/net/connect-string.ts'
import { t } from '../../tap.ts'

const good: readonly [text: string, servers: string[], chroot: string][] = [
  ['localhost', ['localhost:2181'], ''],
  ['localhost:2182', ['localhost:2182'], ''],
  ['localhost:', ['localhost:2181'], ''],
  ['a:1,b:65535', ['a:1', 'b:65535'], ''],
  ['a, b:3 ,,c', ['a:2181', 'b:3', 'c:2181'], ''],
  ['a:1,b:2/app', ['a:1', 'b:2'], '/app'],
  ['a/app/web', ['a:2181'], '/app/web'],
  ['a/', ['a:2181'], ''],
  ['10.0.0.1:2181', ['10.0.0.1:2181'], ''],
  ['[::1]', ['[::1]:2181'], ''],
  ['[::1]:', ['[::1]:2181'], ''],
  ['[fe80::1%eth0]:2182,b', ['[fe80::1%eth0]:2182', 'b:2181'], ''],
  ['zk_1.example-net.org', ['zk_1.example-net.org:2181'], ''],
  ['a/app,with,commas', ['a:2181'], '/app,with,commas'],
]

t.test('H29: connect string: what is understood', async t => {
  for (const [text, servers, chroot] of good) {
    const parsed = parseConnectString(text)
    t.strictSame(parsed.servers.map(formatEndpoint), servers, text)
    t.equal(parsed.chroot, chroot, text)
  }
  t.strictSame(parseConnectString('[::1]:5').servers, [{ host: '::1', port: 5 }], 'brackets are not the host')
})

const bad: readonly [text: string, reason: RegExp][] = [
  ['', /no server/],
  [' , ', /no server/],
  ['/app', /no server/],
  [':2181', /host is missing/],
  ['[]:2181', /host is missing/],
  ['a b', /no host name/],
  ['a:0', /port is a number from 1 to 65535/],
  ['a:65536', /port/],
  ['a:x', /port/],
  ['a:-1', /port/],
  ['a:1e3', /port/],
  ['a:123456', /port/],
  ['::1', /IPv6 address stands in brackets/],
  ['[::1', /brackets/],
  ['[::1]x', /brackets/],
  ['a/app/', /chroot is no path.*slash/],
  ['a//app', /chroot is no path/],
  ['a/../b', /relative/],
  ['a:1/app,b:2/', /chroot is no path.*\(the chroot comes once, after the last server\)/],
  ['a:1/app,b:2', /chroot comes once, after the last server/],
  ['a:1/app,b:2/app', /chroot comes once, after the last server/],
  ['a:1/app/,b:2', /chroot comes once, after the last server/],
]

t.test('connect string: what is refused, and why', async t => {
  for (const [text, message] of bad) {
    t.throws(() => parseConnectString(text), { code: 'INVALID_CONNECT_STRING', message })
  }
})

t.test('connect string: something else than a string is an InvalidArgumentError', async t => {
  for (const text of [undefined, null, 5, ['a']]) {
    t.throws(() => parseConnectString(text as unknown as string), { code: 'INVALID_ARGUMENT' })
  }
})

t.test('H33: connect string: credentials in one are neither understood nor shown', async t => {
  const secret = 'sesame'
  for (const text of [
    'joe:sesame@a:1',
    'zk://joe:sesame@a',
    'joe:ses/sesame@a',
    'b,j:x@sesame@a',
    'a/sesame//@b',
  ]) {
    const error = thrownBy(() => parseConnectString(text))
    t.match(error, {
      code: 'INVALID_CONNECT_STRING',
      message: /"\*{3}@[ab]\S*": what stands before the @ is not shown/,
    })
    t.notMatch(inspect(error, { depth: 9, showHidden: true }), secret, text)
  }
  t.equal(parseConnectString('a/b@c').chroot, '/b@c', 'in a chroot it is a character like others')
})

function thrownBy(call: () => unknown): unknown {
  try {
    return call()
  } catch (error) {
    return error
  }
}
