// Watches: what arms, what fires, who hears, what stays, and what a client is told after a gap. Section 6.
import { OpCode } from '../../protocol/opcodes.ts'
import { operations } from '../../protocol/operations.ts'
import { eventually } from '../support/eventually.ts'
import { t } from '../tap.ts'
import { acl, create, OPEN, onBoth, tryCreate, tryDelete, tryRead, trySet, trySetAcl } from './both.ts'
import type { RawClient } from './raw-client.ts'
import { requestFrame } from './raw-client.ts'

t.jobs = 8
const test = onBoth()
const [CREATED, DELETED, CHANGED, CHILDREN] = [1, 2, 3, 4]

const addWatch = async (client: RawClient, path: string, mode: number): Promise<number> =>
  (await client.call(OpCode.addWatch, operations.addWatch.request, { path, mode })).err
const checkWatch = async (client: RawClient, path: string, type: number): Promise<number> =>
  (await client.call(OpCode.checkWatches, operations.checkWatches.request, { path, type })).err
const removeWatch = async (client: RawClient, path: string, type: number): Promise<number> =>
  (await client.call(OpCode.removeWatches, operations.removeWatches.request, { path, type })).err

/** All that was heard so far, once everything that the server sent before now has come. */
async function heard(client: RawClient): Promise<string[]> {
  await tryRead(client, OpCode.exists, '/')
  return client.heard
}

test('one-shot watches fire once, before the reply to what caused them', async (t, { open, root }) => {
  const client = await open()
  const path = `${root}/a`
  t.equal((await tryRead(client, OpCode.exists, path, true)).err, -101)
  const { stat } = await create(client, path)
  await tryRead(client, OpCode.getData, path, true)
  const { zxid } = await trySet(client, path)
  await trySet(client, path)
  t.same(client.events, [
    { xid: -1, zxid: stat.czxid, type: CREATED, state: 3, path },
    { xid: -1, zxid, type: CHANGED, state: 3, path },
  ])
  t.same(
    client.received.slice(-5).map(({ xid }) => xid),
    [2, 3, -1, 4, 5],
    'event, reply, in this order',
  )
})

test('deleting a znode tells its watchers once each, and then those of its parent', async (t, {
  open,
  root,
}) => {
  const [one, two, actor] = [await open(), await open(), await open()]
  const path = `${root}/a`
  await create(actor, path)
  await tryRead(one, OpCode.getData, path, true)
  await tryRead(one, OpCode.getChildren, path, true)
  await tryRead(one, OpCode.getChildren2, root, true)
  await tryRead(two, OpCode.getChildren, path, true)
  await tryDelete(actor, path)
  t.same(await heard(one), [`${DELETED} ${path}`, `${CHILDREN} ${root}`])
  t.same(await heard(two), [`${DELETED} ${path}`])
  t.same(await heard(actor), [])
})

test('8.2.5: what fires nothing', async (t, { open, root }) => {
  const client = await open()
  await create(client, `${root}/a`)
  await tryRead(client, OpCode.getData, root, true)
  await tryRead(client, OpCode.getChildren, root, true)
  await trySetAcl(client, root, [...OPEN, acl(1)])
  await tryCreate(client, `${root}/a`)
  await trySet(client, root, null, 9)
  await trySet(client, `${root}/a`)
  await create(client, `${root}/a/b`)
  t.same(await heard(client), [])
})

test('a read that fails arms nothing, exists of nothing does', async (t, { open, root }) => {
  const client = await open()
  const path = `${root}/a`
  await tryRead(client, OpCode.getData, path, true)
  await tryRead(client, OpCode.getChildren, path, true)
  await create(client, path, { acl: [acl(30)] })
  await tryRead(client, OpCode.exists, path, true)
  await tryRead(client, OpCode.getData, path, true)
  await trySet(client, path)
  t.same(await heard(client), [])
})

test('persistent watches stay, also when the znode goes', async (t, { open, root }) => {
  const [client, actor] = [await open(), await open()]
  const path = `${root}/a`
  t.equal(await addWatch(client, path, 0), 0)
  await create(actor, path)
  await trySet(actor, path)
  await create(actor, `${path}/b`)
  await trySet(actor, `${path}/b`)
  await tryDelete(actor, `${path}/b`)
  await tryDelete(actor, path)
  await create(actor, path)
  const types = [CREATED, CHANGED, CHILDREN, CHILDREN, DELETED, CREATED]
  t.same(
    await heard(client),
    types.map(type => `${type} ${path}`),
  )
})

test('recursive watches hear of everything below, but not of lists of children', async (t, {
  open,
  root,
}) => {
  const [client, actor] = [await open(), await open()]
  t.equal(await addWatch(client, root, 1), 0)
  await create(actor, `${root}/a`)
  await create(actor, `${root}/a/b`)
  await trySet(actor, `${root}/a/b`)
  await tryDelete(actor, `${root}/a/b`)
  await create(actor, `${root}x`)
  await tryDelete(actor, `${root}x`)
  t.same(await heard(client), [
    `${CREATED} ${root}/a`,
    `${CREATED} ${root}/a/b`,
    `${CHANGED} ${root}/a/b`,
    `${DELETED} ${root}/a/b`,
  ])
  await tryRead(client, OpCode.getChildren, `${root}/a`, true)
  await create(actor, `${root}/a/c`)
  t.same((await heard(client)).slice(4), [`${CREATED} ${root}/a/c`, `${CHILDREN} ${root}/a`])
})

test('modes stand side by side: one frame for all, and only the one-shot is used up', async (t, {
  open,
  root,
}) => {
  const client = await open()
  await addWatch(client, root, 0)
  await addWatch(client, root, 1)
  await tryRead(client, OpCode.getData, root, true)
  await trySet(client, root)
  t.same(await heard(client), [`${CHANGED} ${root}`])
  t.equal(await checkWatch(client, root, 2), -121)
  t.equal(await checkWatch(client, root, 4), 0)
  t.equal(await checkWatch(client, root, 5), 0)
  await trySet(client, root)
  t.equal((await heard(client)).length, 2)
})

test('8.4.11: watches are checked and taken away by type', async (t, { open, root }) => {
  const client = await open()
  const all = async (): Promise<number[]> =>
    Promise.all([1, 2, 3, 4, 5].map(type => checkWatch(client, root, type)))
  const [yes, no] = [0, -121]
  t.same(await all(), [no, no, no, no, no])
  await tryRead(client, OpCode.getData, root, true)
  await tryRead(client, OpCode.getChildren, root, true)
  await addWatch(client, root, 0)
  await addWatch(client, root, 1)
  t.same(await all(), [yes, yes, yes, yes, yes])
  t.equal(await removeWatch(client, root, 2), yes)
  t.equal(await removeWatch(client, root, 2), no)
  t.same(await all(), [yes, no, yes, yes, yes])
  t.equal(await removeWatch(client, root, 4), yes)
  t.same(await all(), [yes, no, yes, no, yes])
  t.equal(await removeWatch(client, root, 3), yes)
  t.same(await all(), [no, no, no, no, no])
  t.equal(await checkWatch(client, root, 9), -5)
  t.equal(await removeWatch(client, root, 0), -5)
  t.equal(await addWatch(client, root, 2), -5)
  await trySet(client, root)
  t.same(await heard(client), [])
})

test('an event is kept from those who may not read the znode', async (t, { open, root }) => {
  const [client, actor] = [await open(), await open()]
  const path = `${root}/a`
  await addWatch(client, root, 1)
  await tryRead(client, OpCode.exists, path, true)
  await create(actor, path, { acl: [acl(30)] })
  await trySet(actor, path)
  await trySetAcl(actor, path, OPEN)
  t.equal(await checkWatch(client, path, 2), -121, 'the one-shot is used up in silence')
  await trySet(actor, path)
  t.same(await heard(client), [`${CHANGED} ${path}`])
})

test('setWatches reports what happened meanwhile, and arms the rest', async (t, { open, root }) => {
  const [client, actor] = [await open(), await open()]
  for (const name of ['same', 'changed', 'parent']) await create(actor, `${root}/${name}`)
  const { zxid } = await tryRead(actor, OpCode.exists, root)
  await trySet(actor, `${root}/changed`)
  await create(actor, `${root}/parent/child`)
  const paths = (...names: string[]): string[] => names.map(name => `${root}/${name}`)
  client.link.send(
    requestFrame(-8, OpCode.setWatches2, operations.setWatches2.request, {
      relativeZxid: zxid,
      dataWatches: paths('same', 'changed', 'gone'),
      existWatches: paths('same', 'none'),
      childWatches: paths('same', 'parent', 'gone'),
      persistentWatches: paths('changed'),
      persistentRecursiveWatches: paths('parent'),
    }),
  )
  await client.reply(-8)
  const missed = ['3 changed', '2 gone', '1 same', '4 parent', '2 gone']
  const told = missed.map(event => event.replace(' ', ` ${root}/`))
  t.same(client.heard, told)
  t.ok(client.events.every(event => event.zxid === -1n))
  t.equal(client.received.at(-1)?.xid, -8, 'the reply comes last')
  await trySet(actor, `${root}/same`)
  await create(actor, `${root}/same/child`)
  await create(actor, `${root}/none`)
  await trySet(actor, `${root}/changed`)
  await trySet(actor, `${root}/parent/child`)
  const armed = ['3 same', '4 same', '1 none', '3 changed', '3 parent/child']
  t.same(
    (await heard(client)).slice(told.length),
    armed.map(event => event.replace(' ', ` ${root}/`)),
  )
})

test('8.6.3: watches end with their connection, ephemerals with their session', async (t, { open, root }) => {
  const [client, owner] = [await open(), await open()]
  const path = `${root}/e`
  await create(owner, path, { flags: 1 })
  await create(owner, `${root}/e2`, { flags: 1 })
  await tryRead(owner, OpCode.getData, path, true)
  await addWatch(client, root, 1)
  owner.link.send(requestFrame(99, OpCode.closeSession))
  const { zxid, err } = await owner.reply(99)
  t.equal(err, 0)
  t.same(owner.heard, [`${DELETED} ${path}`], 'the event comes before the reply')
  await owner.link.end()
  await eventually('the ephemerals are gone', async () => (await heard(client)).length === 2)
  t.same([...client.heard].sort(), [`${DELETED} ${path}`, `${DELETED} ${path}2`])
  t.ok(
    client.events.every(event => event.zxid === zxid),
    'one transaction',
  )
})

test('setWatches: empty lists are lists, null ones are a fault', async (t, { open }) => {
  const client = await open()
  const send = async (opcode: number, counts: readonly number[]): Promise<number> => {
    const reply = await client.callRaw(opcode, writer => {
      writer.writeLong(0n)
      for (const count of counts) writer.writeInt(count)
    })
    return reply.err
  }
  t.equal(await send(OpCode.setWatches, [0, 0, 0]), 0)
  t.equal(await send(OpCode.setWatches2, [0, 0, 0, 0, 0]), 0)
  t.equal(await send(OpCode.setWatches, [0, 0, -1]), -5)
  t.equal(await send(OpCode.setWatches2, [0, 0, 0, 0, -1]), -5)
  t.equal(await send(OpCode.setWatches2, [0, 0, 0, 0]), -5, 'one too few')
  t.equal(await send(OpCode.setWatches2, [0, 0, 0, 0, 2 ** 31 - 1]), -5, 'more than there are')
})
