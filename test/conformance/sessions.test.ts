// Sessions: handshake, negotiation, resuming, taking over, expiry, closing; time to live, quotas and super. Section 5.
import { Buffer } from 'node:buffer'
import { JuteReader } from '../../protocol/jute/reader.ts'
import { OpCode } from '../../protocol/opcodes.ts'
import { operations } from '../../protocol/operations.ts'
import { connectResponse } from '../../protocol/records/connect.ts'
import { Permission } from '../../protocol/records/data.ts'
import { createTtlRequest } from '../../protocol/records/nodes.ts'
import { eventually } from '../support/eventually.ts'
import { t } from '../tap.ts'
import { acl, create, login, onBoth, read, tryCreate, tryRead, trySet, trySetAcl } from './both.ts'
import { connectFrame, frameOf, RawLink, requestFrame } from './raw-client.ts'

t.jobs = 8
const TICK = 200
const superDigest = 'super:D/InIHSb7yEEbrWz8b9l71RjZJU='
const test = onBoth({
  embedded: { tickTime: TICK, ttl: true, superDigest, enforceQuota: true, containerCheckInterval: 100 },
  real: {
    tickTime: TICK,
    ttl: true,
    superDigest,
    config: { enforceQuota: 'true' },
    jvm: ['-Dznode.container.checkIntervalMs=100'],
  },
})

const expired = `${'00'.repeat(16)}00000010${'00'.repeat(16)}00`

test('the timeout is held between 2 and 20 ticks', async (t, { open }) => {
  for (const [asked, granted] of [
    [1, 2 * TICK],
    [-5, 2 * TICK],
    [1234, 1234],
    [1_000_000, 20 * TICK],
  ] as const) {
    t.equal((await open({ timeOut: asked })).welcome.timeOut, granted)
  }
})

test('a session is resumed with its password, and renegotiated', async (t, { open, root }) => {
  const client = await open({ timeOut: 4000 })
  const { sessionId, passwd } = client.welcome
  t.equal(passwd.length, 16)
  await create(client, `${root}/e`, { flags: 1 })
  client.link.destroy()
  const again = await open({ sessionId, passwd, timeOut: 3000 })
  t.match(again.welcome, { sessionId, timeOut: 3000 })
  t.same(again.welcome.passwd, passwd)
  t.equal((await tryRead(again, OpCode.exists, `${root}/e`)).err, 0)
})

test('a newer connection takes the session over', async (t, { open, root }) => {
  const client = await open({ timeOut: 4000 })
  const { sessionId, passwd } = client.welcome
  await tryRead(client, OpCode.getData, root, true)
  const again = await open({ sessionId, passwd, timeOut: 4000 })
  await client.link.end()
  await trySet(again, root)
  t.same(again.heard, [], 'the watches went with the connection')
})

test('a stranger gets what an expired session gets, and still ends the other connection', async (t, {
  at,
  open,
}) => {
  const client = await open({ timeOut: 4000 })
  const { sessionId, passwd } = client.welcome
  for (const request of [
    { sessionId, passwd: Buffer.alloc(16) },
    { sessionId: 12345n, passwd },
  ]) {
    const link = new RawLink(at)
    t.teardown(() => link.destroy())
    link.send(connectFrame(request))
    t.equal((await link.frame(0)).toString('hex'), expired)
    await link.end()
  }
  await client.link.end()
  t.equal((await open({ sessionId, passwd, timeOut: 4000 })).welcome.sessionId, sessionId, 'it lives')
})

test('a client that has seen more than the server is turned away without a word', async (t, { at }) => {
  const link = new RawLink(at)
  t.teardown(() => link.destroy())
  link.send(connectFrame({ lastZxidSeen: 0x7fff_ffff_ffff_ffffn }))
  await link.end()
  t.equal(link.frames.length, 0)
})

test('the read-only flag is echoed to those who send it', async (t, { at }) => {
  const link = new RawLink(at)
  t.teardown(() => link.destroy())
  const whole = connectFrame()
  const old = Buffer.from(whole.subarray(0, whole.length - 1))
  old.writeInt32BE(old.length - 4)
  link.send(old)
  t.equal((await link.frame(0)).length, 36)
  link.send(requestFrame(1, OpCode.ping))
  t.equal((await link.frame(1)).length, 16, 'and it can go on')
  const other = new RawLink(at)
  t.teardown(() => other.destroy())
  other.send(whole)
  t.equal((await other.frame(0)).length, 37)
})

test('a password may be null; a handshake may not be short', async (t, { at }) => {
  const link = new RawLink(at)
  t.teardown(() => link.destroy())
  link.send(
    frameOf(writer => {
      for (const value of [0, 0, 0, 4000, 0, 0, -1]) writer.writeInt(value)
      writer.writeBoolean(false)
    }),
  )
  t.match(connectResponse.read(new JuteReader(await link.frame(0))), { timeOut: 4000 })
  const short = new RawLink(at)
  t.teardown(() => short.destroy())
  short.send(frameOf(writer => writer.writeInt(0)))
  await short.end()
  t.equal(short.frames.length, 0)
})

test('requests may follow the handshake at once', async (t, { at, root, open }) => {
  const link = new RawLink(at)
  t.teardown(() => link.destroy())
  const exists = requestFrame(7, OpCode.exists, operations.exists.request, { path: '/', watch: false })
  const path = `${root}/late`
  const late = { path, data: null, acl: [acl(Permission.ALL)], flags: 0 }
  const create = requestFrame(9, OpCode.create2, operations.create.request, late)
  link.send(connectFrame(), exists, requestFrame(8, OpCode.closeSession), create)
  await link.end()
  t.equal(
    (await tryRead(await open(), OpCode.exists, path)).err,
    -101,
    'what follows the close has no effect',
  )
  t.equal(link.frames[1]!.readInt32BE(0), 7)
  t.equal(link.frames[2]!.toString('hex').slice(24), '00000000')
  t.equal(link.frames[2]!.length, 16)
})

test('a byte at a time is as good as all at once', async (t, { at }) => {
  const link = new RawLink(at)
  t.teardown(() => link.destroy())
  const bytes = Buffer.concat([connectFrame(), requestFrame(1, OpCode.ping)])
  for (let i = 0; i < bytes.length; i++) {
    link.send(bytes.subarray(i, i + 1))
    await new Promise(resolve => setImmediate(resolve))
  }
  t.equal((await link.frame(1)).length, 16)
})

test('8.2.7, 8.6.3: a silent session expires, with its ephemerals, in one transaction', async (t, {
  open,
  root,
}) => {
  const [witness, silent] = [await open({ timeOut: 4000 }), await open({ timeOut: 2 * TICK })]
  const { sessionId, passwd } = silent.welcome
  await create(silent, `${root}/a`, { flags: 1 })
  await create(silent, `${root}/b`, { flags: 1 })
  await witness.call(OpCode.addWatch, operations.addWatch.request, { path: root, mode: 1 })
  await silent.link.end()
  await eventually('both are gone', () => witness.events.length === 2)
  t.equal(new Set(witness.events.map(({ zxid }) => zxid)).size, 1)
  t.equal((await open({ sessionId, passwd })).welcome.timeOut, 0, 'expired')
})

test('pings keep a session', async (t, { open }) => {
  const client = await open({ timeOut: 2 * TICK })
  const end = performance.now() + 6 * TICK
  while (performance.now() < end) {
    client.link.send(requestFrame(-2, OpCode.ping))
    await new Promise(resolve => setTimeout(resolve, TICK / 4))
  }
  t.equal((await tryRead(client, OpCode.exists, '/')).err, 0)
})

test('8.6.10: getEphemerals: the own ones, by a prefix that is just text', async (t, { open, root }) => {
  const [client, other] = [await open({ timeOut: 4000 }), await open({ timeOut: 4000 })]
  for (const name of ['a', 'ab', 'b']) await create(client, `${root}/${name}`, { flags: 1 })
  await create(other, `${root}/other`, { flags: 1 })
  const list = async (prefixPath: string): Promise<string[]> => {
    const reply = await client.call(OpCode.getEphemerals, operations.getEphemerals.request, { prefixPath })
    return read(operations.getEphemerals.reply!, reply)
      .ephemerals.map(path => path.slice(root.length))
      .sort()
  }
  t.same(await list('/'), ['/a', '/ab', '/b'])
  t.same(await list(''), ['/a', '/ab', '/b'])
  t.same(await list(`${root}/a`), ['/a', '/ab'])
  t.same(await list('/none'), [])
})

test('super may do everything', async (t, { open, root }) => {
  const client = await open({ timeOut: 4000 })
  const { path } = await create(client, `${root}/a`, { acl: [acl(1, 'digest', 'x:y')] })
  t.equal((await trySet(client, path)).err, -102)
  t.equal(await login(client, 'digest', 'super:wrong'), 0)
  t.equal((await trySet(client, path)).err, -102)
  t.equal(await login(client, 'digest', 'super:test'), 0)
  t.equal((await trySet(client, path)).err, 0)
  t.equal((await trySetAcl(client, path, [acl(31)])).err, 0)
})

test('8.6.5: times to live: their range, and what happens when they are over', async (t, { open, root }) => {
  const client = await open({ timeOut: 4000 })
  const make = (name: string, ttl: number, flags = 5) =>
    client.call(OpCode.createTTL, createTtlRequest, {
      path: `${root}/${name}`,
      data: null,
      acl: [acl(31)],
      flags,
      ttl,
    })
  for (const ttl of [0, -1, 2 ** 40]) t.equal((await make('bad', ttl)).err, -8, `${ttl}`)
  t.equal((await tryCreate(client, `${root}/bad`, { flags: 5 })).err, -8, 'without a time')
  t.equal((await make('long', 2 ** 40 - 1)).err, 0)
  const sequential = read(operations.create.reply!, await make('s-', 60_000, 6))
  t.match(sequential, { path: `${root}/s-0000000001`, stat: { ephemeralOwner: 0n } })
  t.equal((await make('short', 1)).err, 0)
  // Both at once, or the parent might be gone before its child comes.
  const parent = { path: `${root}/parent`, data: null, acl: [acl(31)], flags: 5, ttl: 1 }
  const family = await client.call(OpCode.multi, operations.multi.request, {
    operations: [
      { opcode: OpCode.createTTL, request: parent },
      { opcode: OpCode.create, request: { ...parent, path: `${root}/parent/child`, flags: 0 } },
    ],
  })
  t.same(
    read(operations.multi.reply!, family).outcomes.map(({ type }) => type),
    ['create', 'create'],
  )
  const gone = async (path: string): Promise<boolean> => {
    client.link.send(requestFrame(-2, OpCode.ping))
    return (await tryRead(client, OpCode.exists, path)).err === -101
  }
  await eventually('the short one is gone', () => gone(`${root}/short`))
  t.equal(await gone(`${root}/parent`), false, 'it has a child')
  t.equal(await gone(`${root}/long`), false)
})

test('8.6.4: containers go when their last child is gone', async (t, { open, root }) => {
  const client = await open({ timeOut: 4000 })
  for (const name of ['used', 'unused']) {
    t.equal((await tryCreate(client, `${root}/${name}`, { flags: 4 }, OpCode.createContainer)).err, 0)
  }
  await create(client, `${root}/used/a`)
  await tryRead(client, OpCode.exists, `${root}/used`, true)
  await client.call(OpCode.delete, operations.delete.request, { path: `${root}/used/a`, version: -1 })
  await eventually('the event', async () => {
    await tryRead(client, OpCode.exists, '/')
    return client.heard.length === 1
  })
  t.same(client.heard, [`2 ${root}/used`])
  t.equal((await tryRead(client, OpCode.exists, `${root}/unused`)).err, 0)
})

test('8.6.7, 8.6.8, 8.6.9: quotas count, and hard ones are enforced', async (t, { open, root }) => {
  const client = await open({ timeOut: 4000 })
  const quota = `/zookeeper/quota${root}`
  await create(client, `${root}/before`, { data: Buffer.from('12') })
  await create(client, quota)
  const limits = Buffer.from('count=-1,bytes=-1=;byteHardLimit=10;countHardLimit=3')
  await create(client, `${quota}/zookeeper_limits`, { data: limits })
  await create(client, `${quota}/zookeeper_stats`, { data: Buffer.from('count=0,bytes=0') })
  const usage = async (): Promise<string> => {
    const reply = await tryRead(client, OpCode.getData, `${quota}/zookeeper_stats`)
    return Buffer.from(read(operations.getData.reply!, reply).data!).toString()
  }
  t.equal(await usage(), 'count=2,bytes=2')
  t.equal((await tryCreate(client, `${root}/a`, { data: new Uint8Array(9) })).err, -125, 'too many bytes')
  t.equal((await tryCreate(client, `${root}/a`, { data: new Uint8Array(4) })).err, 0)
  t.equal(await usage(), 'count=3,bytes=6')
  t.equal((await tryCreate(client, `${root}/b`)).err, -125, 'too many znodes')
  t.equal((await trySet(client, `${root}/a`, new Uint8Array(8), 7)).err, -103)
  t.equal((await trySet(client, `${root}/a`, new Uint8Array(9), 7)).err, -125, 'before the version')
  await client.call(OpCode.delete, operations.delete.request, { path: `${root}/a`, version: -1 })
  t.equal(await usage(), 'count=2,bytes=2')
})
