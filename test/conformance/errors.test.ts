// Errors: which of several wins, which paths the server refuses, and what costs the connection. Section 8.4 and 8.5.
import { OpCode } from '../../protocol/opcodes.ts'
import { operations } from '../../protocol/operations.ts'
import { t } from '../tap.ts'
import { acl, create, login, OPEN, onBoth, tryCreate, tryDelete, tryRead, trySet, trySetAcl } from './both.ts'
import type { RawReply } from './raw-client.ts'
import { connectFrame, frameOf, RawLink, requestFrame } from './raw-client.ts'

t.jobs = 8
const test = onBoth()
const CLOSED = [acl(1, 'digest', 'x:y')]

test("8.4.2, 8.4.13, 8.5.1, 8.5.2, 8.5.5: create: the first error in ZooKeeper's order", async (t, {
  open,
  root,
}) => {
  const client = await open()
  await create(client, `${root}/shut`, { acl: CLOSED })
  await create(client, `${root}/e`, { flags: 1 })
  const err = async (path: string, more: Parameters<typeof tryCreate>[2] = {}): Promise<number> =>
    (await tryCreate(client, path, more)).err
  t.equal(await err('none', { flags: 99, acl: [] }), -8, 'flags')
  t.equal(await err('none', { flags: 5, acl: [] }), -6, 'time to live')
  t.equal(await err('none', { acl: [] }), -8, 'no slash')
  t.equal(await err('/no\0pe', { acl: [] }), -8, 'NUL')
  t.equal(await err(`${root}/none/a`, { acl: [] }), -114, 'ACL')
  t.equal(await err(`${root}/none/a`, { acl: [acl(31, 'nobody', 'knows')] }), -114)
  t.equal(await err(`${root}/none/.`), -101, 'parent')
  t.equal(await err(`${root}/shut/.`), -102, 'permission')
  t.equal(await err(`${root}/.`), -8, 'the whole path')
  t.equal(await err(`${root}/`), -8)
  t.equal(await err(root), -110, 'it exists')
  t.equal(await err('/'), -110)
  t.equal(await err('//a'), -8)
  t.equal(await err(`${root}/e/a`), -108, 'the parent is ephemeral')
})

test('8.4.3, 8.4.4, 8.4.5: delete, setData, setACL: the first error in order', async (t, { open, root }) => {
  const client = await open()
  await create(client, `${root}/a`)
  await create(client, `${root}/a/b`)
  await create(client, `${root}/shut`)
  await create(client, `${root}/shut/a`)
  await trySetAcl(client, `${root}/shut`, CLOSED)
  const del = async (path: string, version = -1): Promise<number> =>
    (await tryDelete(client, path, version)).err
  t.equal(await del('none'), -8)
  t.equal(await del('/no\0pe'), -8)
  t.equal(await del(`${root}/none/a`), -101)
  t.equal(await del(`${root}/shut/none`), -102, 'the parent decides')
  t.equal(await del(`${root}/shut/a`), -102)
  t.equal(await del(`${root}/none`), -101)
  t.equal(await del(`${root}/a`, 7), -103)
  t.equal(await del(`${root}/a`), -111)
  t.equal(await del(`${root}/shut`), -111, 'its own ACL does not matter')
  t.equal((await trySet(client, '')).err, -8)
  t.equal((await trySet(client, 'none')).err, -8)
  t.equal((await trySet(client, `${root}/none`)).err, -101)
  t.equal((await trySet(client, `${root}/shut`, null, 7)).err, -102)
  t.equal((await trySet(client, root, null, 7)).err, -103)
  t.equal((await trySetAcl(client, 'none', [])).err, -8)
  t.equal((await trySetAcl(client, `${root}/none`, [])).err, -114)
  t.equal((await trySetAcl(client, `${root}/none`, OPEN)).err, -101)
  t.equal((await trySetAcl(client, `${root}/shut`, OPEN, 7)).err, -102)
  t.equal((await trySetAcl(client, root, OPEN, 7)).err, -103)
})

test('8.4.7, 8.4.8, 8.4.9, 8.4.10, 8.6.13: reads do not judge a path, it is just not there', async (t, {
  open,
  root,
}) => {
  const client = await open()
  await create(client, `${root}/shut`, { acl: CLOSED })
  for (const opcode of [OpCode.getData, OpCode.getChildren, OpCode.getChildren2]) {
    for (const path of ['none', '/a//b', '/./a', `${root}/`, '/no\0pe']) {
      t.equal((await tryRead(client, opcode, path)).err, -101, `${opcode} ${JSON.stringify(path)}`)
    }
    t.equal((await tryRead(client, opcode, '')).err, 0)
    t.equal((await tryRead(client, opcode, `${root}/shut`)).err, -102)
  }
  t.equal((await tryRead(client, OpCode.exists, '/no\0pe')).err, -8)
  t.equal((await tryRead(client, OpCode.exists, 'none')).err, -101)
  t.equal((await tryRead(client, OpCode.exists, `${root}/shut`)).err, -102)
  const getAcl = (path: string): Promise<RawReply> =>
    client.call(OpCode.getACL, operations.getACL.request, { path })
  t.equal((await getAcl('none')).err, -101)
  t.equal((await getAcl(`${root}/shut`)).err, -102)
  const sync = await client.call(OpCode.sync, operations.sync.request, { path: 'not//valid' })
  t.equal(sync.err, 0)
  t.equal(sync.body.toString('utf8', 4), 'not//valid')
})

test('8.4.1: a null path and a body cut short cannot be read', async (t, { open }) => {
  const client = await open()
  for (const opcode of [OpCode.getData, OpCode.exists, OpCode.getChildren2]) {
    const reply = await client.callRaw(opcode, writer => {
      writer.writeString(null)
      writer.writeBoolean(false)
    })
    t.equal(reply.err, -5, `${opcode}`)
  }
  t.equal((await client.callRaw(OpCode.getData, writer => writer.writeInt(100))).err, -5)
  t.equal((await client.callRaw(OpCode.setData, () => {})).err, -5)
  t.equal((await client.callRaw(OpCode.multi, writer => writer.writeInt(1))).err, -5)
  t.equal((await tryRead(client, OpCode.exists, '/')).err, 0, 'the connection stays')
})

test('8.5.3, 8.5.4, 8.5.6, 8.5.7, 8.5.8: characters that a path may hold', async (t, { open, root }) => {
  const client = await open()
  const good = ['.a', 'a.', '..a', '...', ' ', '~', '\u00a0', '\uffef', 'é', '\ud7ff', '\uf900']
  for (const name of good) t.equal((await tryCreate(client, `${root}/${name}`)).err, 0, JSON.stringify(name))
  const bad = ['.', '..', '', 'a//b', '\u0001', '\u001f', '\u007f', '\u009f', '\ue000', '\uf8ff', '\ufff0']
  for (const name of bad) {
    const { err } = await tryCreate(client, `${root}/${name}`)
    // A slash in the name asks for a parent that is not there.
    t.equal(err, name === 'a//b' ? -101 : -8, JSON.stringify(name))
  }
})

test('8.4.1: an operation that does not exist costs the connection', async (t, { at }) => {
  const codes = [0, 888, OpCode.error, OpCode.check]
  for (const opcode of codes) {
    const link = new RawLink(at)
    t.teardown(() => link.destroy())
    link.send(connectFrame())
    await link.frame(0)
    link.send(requestFrame(5, opcode))
    t.equal((await link.frame(1)).toString('hex'), '00000005fffffffffffffffffffffffa', `${opcode}`)
    await link.end()
  }
})

test('8.4.1: a client may ask for its session once more, and gets the answer to its handshake', async (t, {
  at,
}) => {
  const greeted = async (old: boolean): Promise<{ link: RawLink; welcome: Buffer }> => {
    const link = new RawLink(at)
    t.teardown(() => link.destroy())
    const hello = connectFrame()
    if (old) hello.writeInt32BE(hello.length - 5)
    link.send(old ? hello.subarray(0, -1) : hello)
    return { link, welcome: await link.frame(0) }
  }
  const ask = (link: RawLink, xid: number, opcode: number, ...ints: number[]): Promise<Buffer> => {
    link.send(
      frameOf(writer => {
        for (const int of [xid, opcode, ...ints]) writer.writeInt(int)
      }),
    )
    return link.frame(link.frames.length)
  }
  const zxidOf = (reply: Buffer): bigint => reply.readBigInt64BE(4)
  const errOf = (reply: Buffer): number => reply.readInt32BE(12)
  for (const old of [false, true]) {
    const { link, welcome } = await greeted(old)
    const first = await ask(link, 1, OpCode.createSession)
    t.equal(first.readInt32BE(0), 1)
    t.equal(errOf(first), -5, 'without a timeout it cannot be read')
    for (const timeout of [10_000, 60_000]) {
      t.same(await ask(link, 2, OpCode.createSession, timeout), welcome, `old: ${old}, ${timeout}`)
    }
    const last = await ask(link, 3, OpCode.createSession)
    t.ok(zxidOf(last) >= zxidOf(first) + 3n, 'each took a zxid')
    t.equal((await ask(link, 4, OpCode.closeSession, 1, 2)).toString('hex').slice(24), '00000000')
    await link.end()
    // The real server takes the session by its word: it may end at once, behind the answer.
    const brief = await greeted(old)
    t.same(await ask(brief.link, 2, OpCode.createSession, 5), brief.welcome, `old: ${old}, 5`)
  }
})

test('8.4.1: frames of hostile length cost the connection', async (t, { at, open, root }) => {
  for (const length of [-1, 0, 0x10_0000, 0x7fff_ffff]) {
    const link = new RawLink(at)
    t.teardown(() => link.destroy())
    link.send(connectFrame())
    await link.frame(0)
    const hostile = frameOf(() => {})
    hostile.writeInt32BE(length)
    link.send(hostile)
    await link.end()
    t.equal(link.frames.length, 1, `${length}: nothing is said`)
  }
  const client = await open()
  t.equal((await tryRead(client, OpCode.exists, root)).err, 0, 'the others notice nothing')
})

test('the largest request', async (t, { open, root }) => {
  const client = await open()
  const room = 0xfffff - 8 - 4 - root.length - 2 - 4 - 4 - 4 - 4 - 5 - 4 - 6 - 4
  t.equal((await tryCreate(client, `${root}/a`, { data: new Uint8Array(room) })).err, 0)
  const data = new Uint8Array(room + 1)
  await t.rejects(tryCreate(client, `${root}/b`, { data }), 'one byte more')
  await client.link.end()
})

test('ping, sync and logins keep their own numbers', async (t, { open }) => {
  const client = await open()
  client.link.send(requestFrame(-2, OpCode.ping))
  const ping = await client.reply(-2)
  t.match(ping, { err: 0 })
  t.equal(ping.body.length, 0)
  client.link.send(requestFrame(77, OpCode.ping))
  await tryRead(client, OpCode.exists, '/')
  t.equal(client.received.filter(({ xid }) => xid === -2).length, 2, 'whatever number it came with')
  t.equal(await login(client, 'digest', 'ben:passwd'), 0)
  const auth = await client.reply(-4)
  t.match(auth, { zxid: 0n, err: 0 })
  const setWatches = { relativeZxid: 0n, dataWatches: [], existWatches: [], childWatches: [] }
  client.link.send(requestFrame(-8, OpCode.setWatches, operations.setWatches.request, setWatches))
  t.match(await client.reply(-8), { err: 0 })
})

test('8.4.12: reconfig is off, and a bad login is the end', async (t, { open }) => {
  const client = await open()
  const reconfig = { joiningServers: null, leavingServers: null, newMembers: null, curConfigId: -1n }
  const reply = await client.call(OpCode.reconfig, operations.reconfig.request, reconfig)
  t.equal(reply.err, -123)
  t.equal(await login(client, 'nobody', 'knows'), -115)
  await client.link.end()
})

test('a server without SASL says so with a null token', async (t, { open }) => {
  const client = await open()
  const reply = await client.call(OpCode.sasl, operations.sasl.request, { token: new Uint8Array(0) })
  t.match(reply, { err: 0, zxid: 0n })
  t.equal(reply.body.toString('hex'), 'ffffffff')
})
