// SASL DIGEST-MD5 from the server's side, token by token, and what a name proved by it opens. Section 7.7.
import { Buffer } from 'node:buffer'
import { digestMd5 } from '../../protocol/index.ts'
import { OpCode } from '../../protocol/opcodes.ts'
import { operations } from '../../protocol/operations.ts'
import type { SaslToken } from '../../protocol/records/access.ts'
import { t } from '../tap.ts'
import { acl, create, login, onBoth, read, tryRead, trySet, trySetAcl } from './both.ts'
import type { RawClient, RawReply } from './raw-client.ts'

t.jobs = 8
const users = { al: 'secret', bo: 'p,a "s" s\\=w', root: 'r' }
const test = onBoth({
  embedded: { sasl: { users, superUser: 'root' } },
  real: {
    sasl: { users },
    jvm: ['-Dzookeeper.fips-mode=false', '-Dzookeeper.superUser=root'],
  },
})

const NOTHING = Buffer.alloc(0)

const send = (client: RawClient, token: Uint8Array | null): Promise<RawReply> =>
  client.call(OpCode.sasl, operations.sasl.request, { token })
const tokenOf = (reply: RawReply): Buffer =>
  Buffer.from((read(operations.sasl.reply!, reply) as SaslToken).token!)

interface Tries {
  readonly username?: string
  readonly password?: string
  /** What is sent in place of the response. */
  readonly change?: (response: string) => string
}

/** The reply to the response; the client looks at no proof, the test does. */
async function exchange(client: RawClient, { username = 'al', password = 'secret', change }: Tries = {}) {
  const { respond } = digestMd5({ username, password }).begin('host')
  const response = Buffer.from((await respond(tokenOf(await send(client, NOTHING))))!)
  const reply = await send(client, change === undefined ? response : Buffer.from(change(response.toString())))
  return { reply, respond }
}

test('sasl: challenge, response, proof', async (t, { open }) => {
  const client = await open()
  const first = await send(client, NOTHING)
  t.match(first, { err: 0, zxid: 0n })
  const challenge = tokenOf(first).toString()
  t.match(challenge, /^realm="zk-sasl-md5",nonce="[\w+/]{40}",charset=utf-8,algorithm=md5-sess$/)
  const { respond } = digestMd5({ username: 'al', password: 'secret' }).begin('host')
  const second = await send(client, (await respond(tokenOf(first)))!)
  t.match(second, { err: 0, zxid: 0n })
  t.match(tokenOf(second).toString(), /^rspauth=[\da-f]{32}$/)
  t.equal(await respond(tokenOf(second)), null, 'the server knows the password, too')
  t.equal((await tryRead(client, OpCode.exists, '/')).err, 0)
  const bo = await exchange(await open(), { username: 'bo', password: users.bo })
  t.equal(bo.reply.err, 0, 'a password of odd characters')
  const other = await open()
  t.not(tokenOf(await send(other, NOTHING)).toString(), challenge, 'a nonce for each connection')
})

test('sasl: whoever fails is told once and cut off', async (t, { open }) => {
  const swap = (from: string | RegExp, to: string) => (text: string) => text.replace(from, to)
  const tries: Record<string, Tries> = {
    'a wrong password': { password: 'guess' },
    'an unknown user': { username: 'nobody' },
    'another host': { change: swap('zookeeper/zk-sasl-md5', 'zookeeper/elsewhere') },
    'another nonce': { change: swap(/nonce="/, 'nonce="x') },
    'another realm': { change: swap('realm="zk-sasl-md5"', 'realm="other"') },
    'another response': {
      change: text => text.replace(/response=(.)/, (_, c) => `response=${c === '0' ? 1 : 0}`),
    },
    'no name': { change: swap(/username="al",/, '') },
    'more protection than there is': { change: swap('qop=auth', 'qop=auth-int') },
    garbage: { change: () => 'garbage' },
    nothing: { change: () => '' },
  }
  for (const [name, how] of Object.entries(tries)) {
    const client = await open()
    const { reply } = await exchange(client, how)
    t.match(reply, { err: -115, zxid: 0n }, name)
    t.equal(reply.body.toString('hex'), 'ffffffff', `${name}: a null token`)
    await client.link.end()
  }
})

test('sasl: what else a client may send', async (t, { open }) => {
  const early = await open()
  t.match(
    tokenOf(await send(early, Buffer.from('early'))).toString(),
    /^realm=/,
    'the first token does not matter',
  )
  const again = await open()
  t.equal((await exchange(again)).reply.err, 0)
  t.equal((await send(again, NOTHING)).err, -115, 'an exchange cannot be had twice')
  await again.link.end()
  const none = await open()
  await t.rejects(send(none, null), 'a null token')
  await none.link.end()
  t.equal(none.received.length, 0, 'is answered by nothing')
  t.equal(await login(await open(), 'sasl', 'al'), -115, 'a login packet will not do')
})

test('sasl: the name opens what is its own', async (t, { open, root }) => {
  const [al, other, admin] = [await open(), await open(), await open()]
  await exchange(al)
  const path = `${root}/a`
  await create(al, path, { acl: [acl(31, 'sasl', 'al')] })
  t.equal((await trySet(al, path)).err, 0)
  t.equal((await trySet(other, path)).err, -102)
  await create(al, `${root}/b`, { acl: [acl(31, 'auth', '')] })
  const reply = await al.call(OpCode.getACL, operations.getACL.request, { path: `${root}/b` })
  t.same(read(operations.getACL.reply!, reply).acl, [acl(31, 'sasl', 'al')], '`auth` stands for it')
  await exchange(admin, { username: 'root', password: 'r' })
  t.equal((await trySet(admin, path)).err, 0, 'the super user')
})

test('8.6.14: whoAmI shows names by SASL, and that one is super', async (t, { open }) => {
  const users = async (client: RawClient): Promise<string[]> => {
    const { clientInfo } = read(operations.whoAmI.reply!, await client.call(OpCode.whoAmI))
    return clientInfo.map(({ authScheme, user }) => `${authScheme} ${user}`).sort()
  }
  const [al, admin] = [await open(), await open()]
  await exchange(al)
  t.same(await users(al), ['ip 127.0.0.1', 'sasl al'])
  await exchange(admin, { username: 'root', password: 'r' })
  t.same(await users(admin), ['ip 127.0.0.1', 'sasl root', 'super '])
})

test('sasl: what an ACL may name', async (t, { open, root }) => {
  const client = await open()
  const err = async (id: string): Promise<number> =>
    (await trySetAcl(client, root, [acl(31), acl(1, 'sasl', id)])).err
  for (const id of ['al', '', 'a:b', 'a/b', 'a@B', 'a/b@C', '@'])
    t.equal(await err(id), 0, JSON.stringify(id))
  for (const id of ['a@b@c', 'a/b/c@d', 'a@b/c']) t.equal(await err(id), -114, id)
})
