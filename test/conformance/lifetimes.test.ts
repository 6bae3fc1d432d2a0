// What is switched on or watched over: times to live, containers, quotas and super. Section 8.6.
import { Buffer } from 'node:buffer'
import { OpCode } from '../../protocol/opcodes.ts'
import { operations } from '../../protocol/operations.ts'
import { createTtlRequest } from '../../protocol/records/nodes.ts'
import { eventually } from '../support/eventually.ts'
import { t } from '../tap.ts'
import { acl, create, login, onBoth, read, tryCreate, tryRead, trySet, trySetAcl } from './both.ts'
import { requestFrame } from './raw-client.ts'

t.jobs = 8
const superDigest = 'super:D/InIHSb7yEEbrWz8b9l71RjZJU='
const test = onBoth({
  embedded: { ttl: true, superDigest, enforceQuota: true, containerCheckInterval: 100 },
  real: {
    ttl: true,
    superDigest,
    config: { enforceQuota: 'true' },
    jvm: ['-Dznode.container.checkIntervalMs=100'],
  },
})

test('super may do everything', async (t, { open, root }) => {
  const client = await open()
  const { path } = await create(client, `${root}/a`, { acl: [acl(1, 'digest', 'x:y')] })
  t.equal((await trySet(client, path)).err, -102)
  t.equal(await login(client, 'digest', 'super:wrong'), 0)
  t.equal((await trySet(client, path)).err, -102)
  t.equal(await login(client, 'digest', 'super:test'), 0)
  t.equal((await trySet(client, path)).err, 0)
  t.equal((await trySetAcl(client, path, [acl(31)])).err, 0)
})

test('8.6.5: times to live: their range, and what happens when they are over', async (t, { open, root }) => {
  const client = await open()
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
  const client = await open()
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
  const client = await open()
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
