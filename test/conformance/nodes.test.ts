// Znodes: the first tree, every field of the Stat, counters and zxids. Section 8.1 to 8.3 and 8.7.
import { Buffer } from 'node:buffer'
import { OpCode } from '../../protocol/opcodes.ts'
import { operations } from '../../protocol/operations.ts'
import { getChildrenReply } from '../../protocol/records/children.ts'
import { createRequest, createTtlRequest, pathReply } from '../../protocol/records/nodes.ts'
import { t } from '../tap.ts'
import {
  acl,
  create,
  onBoth,
  read,
  statOf,
  tryCreate,
  tryDelete,
  tryRead,
  trySet,
  trySetAcl,
} from './both.ts'
import type { RawReply } from './raw-client.ts'
import { requestFrame } from './raw-client.ts'

t.jobs = 8
const test = onBoth()

test('8.1.1, 8.1.2, 8.1.3, 8.1.4, 8.4.13: the tree begins with three znodes of the system', async (t, {
  open,
}) => {
  const client = await open()
  const system = await statOf(client, '/zookeeper')
  t.match(system, { czxid: 0n, ctime: 0, mtime: 0, version: 0, numChildren: 2, cversion: -2 })
  const config = read(operations.getData.reply!, await tryRead(client, OpCode.getData, '/zookeeper/config'))
  t.match(config, { stat: { aversion: -1, version: 0 } })
  t.equal(config.data?.length, 0)
  const aclOf = async (path: string): Promise<unknown> =>
    read(operations.getACL.reply!, await client.call(OpCode.getACL, operations.getACL.request, { path })).acl
  t.same(await aclOf('/zookeeper/config'), [acl(1)])
  for (const path of ['/', '/zookeeper', '/zookeeper/quota']) {
    const { data } = read(operations.getData.reply!, await tryRead(client, OpCode.getData, path))
    t.equal(data?.length, 0, path)
    t.same(await aclOf(path), [acl(31)], path)
  }
  const root = await statOf(client, '/')
  t.match(root, { czxid: 0n, mzxid: 0n, ctime: 0, version: 0, dataLength: 0 })
  const same = await tryRead(client, OpCode.getData, '')
  t.equal(same.err, 0, 'the empty path is the root')
  for (const path of ['/', '/zookeeper', '/zookeeper/quota', '/zookeeper/config']) {
    t.equal((await tryDelete(client, path)).err, -8, `${path} stays`)
  }
})

test('8.2.1: a new znode', async (t, { open, root }) => {
  const client = await open()
  const reply = await tryCreate(client, `${root}/a`, { data: Buffer.from('four') })
  const { path, stat } = read(operations.create.reply!, reply)
  t.equal(path, `${root}/a`)
  t.equal(stat.czxid, reply.zxid)
  t.match(stat, { mzxid: stat.czxid, pzxid: stat.czxid, mtime: stat.ctime })
  t.match(stat, { version: 0, cversion: 0, aversion: 0, ephemeralOwner: 0n, dataLength: 4, numChildren: 0 })
  t.ok(Math.abs(stat.ctime - Date.now()) < 60_000, 'wall clock')
  t.same(await statOf(client, path), stat)
})

test('8.2.2, 8.2.3, 8.2.6, 8.2.9: a child that comes or goes changes the parent', async (t, {
  open,
  root,
}) => {
  const client = await open()
  const before = await statOf(client, root)
  const { stat } = await create(client, `${root}/a`)
  const came = await statOf(client, root)
  t.same(came, { ...before, cversion: before.cversion + 1, numChildren: 1, pzxid: stat.czxid })
  await trySet(client, `${root}/a`, Buffer.from('x'))
  t.same(await statOf(client, root), came, "a child's data is not the parent's")
  const { zxid } = await tryDelete(client, `${root}/a`)
  const gone = await statOf(client, root)
  t.same(gone, { ...before, cversion: before.cversion + 2, numChildren: 0, pzxid: zxid })
})

test('8.2.4, 8.2.13: setData changes version, mzxid and mtime, even with the same bytes', async (t, {
  open,
  root,
}) => {
  const client = await open()
  const { path, stat: before } = await create(client, `${root}/a`, { data: Buffer.from('x') })
  const reply = await trySet(client, path, Buffer.from('x'))
  const stat = read(operations.setData.reply!, reply)
  t.same(stat, { ...before, version: 1, mzxid: reply.zxid, mtime: stat.mtime })
  t.equal((await trySet(client, path, null, 0)).err, -103)
  t.equal((await trySet(client, path, null, 1)).err, 0)
})

test('8.2.5: setACL changes aversion and nothing else', async (t, { open, root }) => {
  const client = await open()
  const { path, stat: before } = await create(client, `${root}/a`)
  const list = [acl(31), acl(1, 'ip', '10.0.0.0/8')]
  t.same(read(operations.setACL.reply!, await trySetAcl(client, path, list)), { ...before, aversion: 1 })
  t.equal((await trySetAcl(client, path, list, 0)).err, -103, 'the version is the aversion')
  t.equal((await trySetAcl(client, path, list, 1)).err, 0)
  const reply = await client.call(OpCode.getACL, operations.getACL.request, { path })
  t.same(read(operations.getACL.reply!, reply).acl, list)
})

test('8.2.10: null and empty data stay apart', async (t, { open, root }) => {
  const client = await open()
  for (const data of [null, Buffer.alloc(0)]) {
    const { path, stat } = await create(client, `${root}/a`, { data })
    t.equal(stat.dataLength, 0)
    const found = read(operations.getData.reply!, await tryRead(client, OpCode.getData, path))
    t.same(found.data, data)
    await tryDelete(client, path)
  }
})

test('8.3.1, 8.3.2, 8.3.3, 8.3.5, 8.5.9: sequential names count the children ever created', async (t, {
  open,
  root,
}) => {
  const client = await open()
  const sequential = async (name: string): Promise<string> =>
    (await create(client, `${root}/${name}`, { flags: 2 })).path.slice(root.length + 1)
  t.equal(await sequential('a-'), 'a-0000000000')
  await create(client, `${root}/plain`)
  t.equal(await sequential('b-'), 'b-0000000002', 'the plain one counts')
  t.equal((await tryCreate(client, `${root}/plain`)).err, -110)
  await tryDelete(client, `${root}/plain`)
  t.equal(await sequential(''), '0000000003', 'failures and deletes do not count')
  t.equal(await sequential('..'), '..0000000004')
  t.equal((await tryCreate(client, `${root}/x/`, { flags: 2 })).err, -101)
  t.equal((await statOf(client, root)).cversion, 6)
})

test('8.2.11, 8.6.1: flags decide sequential and ephemeral, the opcode decides the kind', async (t, {
  open,
  root,
}) => {
  const client = await open()
  const { sessionId } = client.welcome
  t.equal((await create(client, `${root}/e`, { flags: 1 })).stat.ephemeralOwner, sessionId)
  const both = await create(client, `${root}/es-`, { flags: 3 })
  t.equal(both.stat.ephemeralOwner, sessionId)
  t.match(both.path, /es-0000000001$/)
  t.equal((await create(client, `${root}/c`, { flags: 4 })).stat.ephemeralOwner, 0n)
  const container = await tryCreate(client, `${root}/c2`, { flags: 4 }, OpCode.createContainer)
  t.equal(read(operations.create.reply!, container).stat.ephemeralOwner, 0n)
  t.equal((await tryCreate(client, `${root}/c2/e`, { flags: 1 })).err, 0, 'containers take ephemerals')
  t.equal((await tryCreate(client, `${root}/e/x`)).err, -108)
  const old = await tryCreate(client, `${root}/old`, {}, OpCode.create)
  t.equal(read(pathReply, old).path, `${root}/old`)
  t.equal(old.body.length, 4 + root.length + 4, 'the old create answers without a Stat')
})

test('a time to live has to be switched on', async (t, { open, root }) => {
  const client = await open()
  const ttl = (flags: number, value: number): Promise<{ err: number }> =>
    client.call(OpCode.createTTL, createTtlRequest, {
      path: `${root}/t`,
      data: null,
      acl: [acl(31)],
      flags,
      ttl: value,
    })
  t.equal((await ttl(5, 1000)).err, -6)
  t.equal((await ttl(5, 0)).err, -6, 'before the value is looked at')
  t.equal((await ttl(0, 1000)).err, -8, 'a mode without time to live')
  t.equal((await ttl(9, 1000)).err, -8)
  t.equal((await tryCreate(client, `${root}/t`, { flags: 5 })).err, -6)
  t.equal((await tryRead(client, OpCode.exists, root)).err, 0, 'the connection stays')
})

test('8.2.8: what changes nothing', async (t, { open, root }) => {
  const client = await open()
  await create(client, `${root}/a`)
  const before = await statOf(client, root)
  for (const opcode of [OpCode.getData, OpCode.exists, OpCode.getChildren, OpCode.getChildren2]) {
    await tryRead(client, opcode, root, true)
  }
  for (const opcode of [OpCode.getACL, OpCode.sync, OpCode.getAllChildrenNumber]) {
    t.equal((await client.call(opcode, operations.sync.request, { path: root })).err, 0)
  }
  await client.call(OpCode.addWatch, operations.addWatch.request, { path: root, mode: 1 })
  client.link.send(requestFrame(-2, OpCode.ping))
  await tryDelete(client, `${root}/none`)
  t.same(await statOf(client, root), before)
})

test('8.6.2: an ephemeral may be changed and deleted by others', async (t, { open, root }) => {
  const [owner, other] = [await open(), await open()]
  const { path, stat } = await create(owner, `${root}/e`, { flags: 1 })
  const { sessionId } = owner.welcome
  t.match(read(operations.setData.reply!, await trySet(other, path)), {
    ephemeralOwner: sessionId,
    version: 1,
  })
  t.equal((await tryDelete(other, path)).err, 0)
  const again = await create(other, path, { flags: 1 })
  t.equal(again.stat.ephemeralOwner, other.welcome.sessionId)
  t.ok(again.stat.czxid > stat.czxid)
  await owner.close()
  t.equal((await tryRead(other, OpCode.exists, path)).err, 0, 'the former owner takes nothing with it')
})

test('8.6.6: reaping looks again: a client may ask for it', async (t, { open, root }) => {
  const client = await open()
  const reap = async (path: string): Promise<number> =>
    (await client.call(OpCode.deleteContainer, operations.sync.request, { path })).err
  await tryCreate(client, `${root}/c`, { flags: 4 }, OpCode.createContainer)
  await create(client, `${root}/c/a`, { flags: 1 })
  await tryRead(client, OpCode.getData, `${root}/c`, true)
  t.equal(await reap(`${root}/c`), -111)
  t.equal(await reap(`${root}/c/a`), -103, 'an ephemeral')
  t.equal(await reap(`${root}/none`), -101)
  t.equal((await tryRead(client, OpCode.exists, `${root}/c/a`)).err, 0)
  await tryDelete(client, `${root}/c/a`)
  t.equal(await reap(`${root}/c`), 0)
  t.same(client.heard, [`2 ${root}/c`])
})

test('8.6.12: all children are listed, in any order', async (t, { open, root }) => {
  const client = await open()
  const names = Array.from({ length: 50 }, (_, i) => `n${i}`)
  for (const name of names) await create(client, `${root}/${name}`)
  const reply = await tryRead(client, OpCode.getChildren, root)
  t.same([...read(getChildrenReply, reply).children].sort(), names.sort())
  const both = read(operations.getChildren.reply!, await tryRead(client, OpCode.getChildren2, root))
  t.equal(both.children.length, both.stat.numChildren)
})

test('8.7.1: requests are run and answered in their order', async (t, { open, root }) => {
  const client = await open()
  const frames = Array.from({ length: 300 }, (_, i) => {
    const path = `${root}/${Math.floor(i / 3)}`
    if (i % 3 === 1) {
      return requestFrame(i + 1000, OpCode.exists, operations.exists.request, { path, watch: false })
    }
    if (i % 3 === 2)
      return requestFrame(i + 1000, OpCode.delete, operations.delete.request, { path, version: -1 })
    return requestFrame(i + 1000, OpCode.create, createRequest, {
      path,
      data: null,
      acl: [acl(31)],
      flags: 0,
    })
  })
  client.link.send(...frames)
  await client.reply(1299)
  const replies = client.received as RawReply[]
  t.same(
    replies.map(({ xid }) => xid),
    frames.map((_, i) => i + 1000),
  )
  t.ok(
    replies.every(({ err }) => err === 0),
    'each saw the one before it',
  )
  const zxids = replies.map(({ zxid }) => zxid)
  t.same(
    zxids,
    [...zxids].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0)),
  )
})

test('8.4.14, 8.4.15: a failed write takes a zxid, a read does not', async (t, { open, root }) => {
  const client = await open()
  // Others may write to a shared server meanwhile, so zxids are compared in order only.
  const failed = await tryCreate(client, root)
  t.equal(failed.err, -110)
  const { zxid, err } = await tryDelete(client, `${root}/none`)
  t.equal(err, -101)
  t.ok(zxid > failed.zxid, 'each failure moved the zxid that its reply carries')
  const { stat } = await create(client, `${root}/a`)
  t.ok(stat.czxid > zxid)
})

test('8.4.14: a session takes a zxid when it begins and when it ends', async (t, { open }) => {
  const witness = await open()
  const before = (await tryRead(witness, OpCode.exists, '/')).zxid
  const other = await open()
  const between = (await tryRead(witness, OpCode.exists, '/')).zxid
  t.ok(between > before)
  await other.close()
  t.ok((await tryRead(witness, OpCode.exists, '/')).zxid > between)
})

test('8.6.11: getAllChildrenNumber counts all below', async (t, { open, root }) => {
  const client = await open()
  for (const name of ['a', 'a/b', 'a/b/c', 'ab']) await create(client, `${root}/${name}`)
  const count = async (path: string): Promise<number> => {
    const reply = await client.call(OpCode.getAllChildrenNumber, operations.getAllChildrenNumber.request, {
      path,
    })
    return read(operations.getAllChildrenNumber.reply!, reply).totalNumber
  }
  t.equal(await count(root), 4)
  t.equal(await count(`${root}/a`), 2)
  t.equal(await count(`${root}/ab`), 0)
})
