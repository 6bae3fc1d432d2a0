// DIGEST-MD5 against the formulas of RFC 2831, written down once more and proved with the example of the RFC.
import { Buffer } from 'node:buffer'
import { createHash } from 'node:crypto'
import { inspect } from 'node:util'
import { digestMd5, parseDirectives } from '../../../../protocol/session/sasl/digest-md5.ts'
import type { SaslExchange } from '../../../../protocol/session/sasl/mechanism.ts'
import { t } from '../../../tap.ts'

interface Facts {
  readonly username: string
  readonly realm: string
  readonly password: string
  readonly nonce: string
  readonly cnonce: string
  readonly uri: string
}

const hash = (...parts: readonly (string | Buffer)[]): Buffer =>
  createHash('md5')
    .update(Buffer.concat(parts.map(part => Buffer.from(part as string))))
    .digest()

/** Section 2.1.2.1 for `auth`, and 2.1.3 for the proof of the server. */
function expected({ username, realm, password, nonce, cnonce, uri }: Facts): {
  response: string
  rspauth: string
} {
  const a1 = Buffer.concat([hash(`${username}:${realm}:${password}`), Buffer.from(`:${nonce}:${cnonce}`)])
  const answer = (a2: string): string =>
    hash(`${hash(a1).toString('hex')}:${nonce}:00000001:${cnonce}:auth:${hash(a2).toString('hex')}`).toString(
      'hex',
    )
  return { response: answer(`AUTHENTICATE:${uri}`), rspauth: answer(`:${uri}`) }
}

/** What ZooKeeper's servers take for a name. */
const URI = 'zookeeper/zk-sasl-md5'

t.test('digest-md5: the formulas of these tests give the values of the RFC', async t => {
  const example = {
    username: 'chris',
    realm: 'elwood.innosoft.com',
    password: 'secret',
    nonce: 'OA6MG9tEQGm2hh',
    cnonce: 'OA6MHXh6VqTrRk',
    uri: 'imap/elwood.innosoft.com',
  }
  t.strictSame(expected(example), {
    response: 'd388dad90d4bbd760a152321f2143af7',
    rspauth: 'ea40f60335c427b5527b84dbabcdfffd',
  })
})

function begin(username = 'bob', password = 'pw', cnonce = 'c0'): SaslExchange {
  return digestMd5({ username, password, cnonce: () => cnonce }).begin('zk.example')
}

async function respond(exchange: SaslExchange, challenge: string): Promise<string | null> {
  const answer = await exchange.respond(Buffer.from(challenge))
  return answer === null ? null : Buffer.from(answer).toString()
}

const CHALLENGE = 'realm="zk-sasl-md5",nonce="n0",charset=utf-8,algorithm=md5-sess'

t.test('H32: digest-md5: the whole exchange', async t => {
  const exchange = begin()
  t.equal((await exchange.initial()).length, 0, 'the server speaks first')
  const facts = { username: 'bob', realm: 'zk-sasl-md5', password: 'pw', nonce: 'n0', cnonce: 'c0', uri: URI }
  const { response, rspauth } = expected(facts)
  const answer = parseDirectives((await respond(exchange, CHALLENGE)) ?? '')
  t.strictSame(Object.fromEntries(answer), {
    charset: 'utf-8',
    username: 'bob',
    realm: 'zk-sasl-md5',
    nonce: 'n0',
    nc: '00000001',
    cnonce: 'c0',
    'digest-uri': URI,
    maxbuf: '65536',
    response,
    qop: 'auth',
  })
  t.equal(await respond(exchange, `rspauth=${rspauth}`), null, 'the server has proved itself')
})

t.test('digest-md5: names and passwords of any characters', async t => {
  for (const [username, password] of [
    ['größe', 'пароль'],
    ['a"b\\c', 'with "quotes", commas and \\'],
    ['user@REALM', ''],
  ] as const) {
    const exchange = begin(username, password, 'c"1')
    const nonce = 'n,1="x"'
    const challenge = `nonce="n,1=\\"x\\"",realm="a \\\\ realm",qop="auth-int,auth"`
    const answer = parseDirectives((await respond(exchange, challenge)) ?? '')
    const realm = 'a \\ realm'
    const { response, rspauth } = expected({ username, realm, password, nonce, cnonce: 'c"1', uri: URI })
    t.match(Object.fromEntries(answer), { username, realm, nonce, cnonce: 'c"1', response })
    t.equal(await respond(exchange, `rspauth=${rspauth}`), null)
  }
})

t.test('digest-md5: without a realm it is that of ZooKeeper', async t => {
  const answer = parseDirectives((await respond(begin(), 'nonce="n0"')) ?? '')
  t.equal(answer.get('realm'), 'zk-sasl-md5')
})

t.test('digest-md5: each exchange has a nonce of its own', async t => {
  const mechanism = digestMd5({ username: 'bob', password: 'pw' })
  const nonces = new Set<string | undefined>()
  for (let i = 0; i < 20; i++) {
    nonces.add(parseDirectives((await respond(mechanism.begin('zk'), CHALLENGE)) ?? '').get('cnonce'))
  }
  t.equal(nonces.size, 20)
  t.notOk(nonces.has(undefined))
})

t.test('digest-md5: challenges that cannot be answered', async t => {
  for (const [challenge, message] of [
    ['', /without a nonce/],
    ['realm="x"', /without a nonce/],
    ['nonce="n0",qop="auth-int,auth-conf"', /offers no plain authentication/],
    ['nonce="n0",algorithm=sha-256', /algorithm sha-256/],
  ] as const) {
    await t.rejects(respond(begin(), challenge), { message }, challenge)
  }
})

t.test('digest-md5: a server that does not know the password is refused', async t => {
  const wrong = expected({
    username: 'bob',
    realm: 'zk-sasl-md5',
    password: 'guess',
    nonce: 'n0',
    cnonce: 'c0',
    uri: URI,
  })
  for (const proof of [
    '',
    'rspauth=',
    'rspauth=00',
    `rspauth=${wrong.rspauth}`,
    `x=${wrong.rspauth}`,
    CHALLENGE,
  ]) {
    const exchange = begin()
    await respond(exchange, CHALLENGE)
    await t.rejects(respond(exchange, proof), { message: /did not prove/ }, proof)
  }
})

t.test('directives: quoted commas, escapes, spaces, empty values, and the first of two', async t => {
  const parsed = parseDirectives('a="x, \\"y\\" \\\\ z" , b=plain,c="",d=,realm="one",realm="two",E-f=1')
  t.strictSame(
    [...parsed],
    [
      ['a', 'x, "y" \\ z'],
      ['b', 'plain'],
      ['c', ''],
      ['d', ''],
      ['realm', 'one'],
      ['E-f', '1'],
    ],
  )
  for (const text of ['', ',,,', '"', 'a', 'a="', '="x"']) t.doesNotThrow(() => parseDirectives(text), text)
})

t.test('directives: a long hostile challenge is read in linear time', async t => {
  const long = `nonce="${'\\"'.repeat(50_000)}`
  t.equal(parseDirectives(long + long).get('nonce'), undefined)
  t.equal(parseDirectives(`${'a='.repeat(50_000)}"x"`).size, 0)
})

t.test('H33: digest-md5: the password shows in no inspection and no error', async t => {
  const mechanism = digestMd5({ username: 'bob', password: 'sesame-open' })
  const exchange = mechanism.begin('zk')
  t.notMatch(inspect([mechanism, exchange], { depth: 9, showHidden: true }), /sesame/)
  t.throws(() => digestMd5({ username: 'bob', password: ['sesame'] as unknown as string }), {
    name: 'InvalidArgumentError',
    message: 'password must be a string, not an array',
  })
  t.throws(() => digestMd5({ username: 5 as unknown as string, password: 'x' }), {
    message: /username must be/,
  })
})
