// multi and multiRead: all or nothing, and the exact bytes of both outcomes. Section 3.3.
import { Buffer } from 'node:buffer'
import type { JuteWriter } from '../../protocol/jute/writer.ts'
import { OpCode } from '../../protocol/opcodes.ts'
import { operations } from '../../protocol/operations.ts'
import { multiHeader } from '../../protocol/records/headers.ts'
import type { MultiOperation } from '../../protocol/records/multi.ts'
import { setDataRequest } from '../../protocol/records/nodes.ts'
import { t } from '../tap.ts'
import { acl, create, OPEN, onBoth, read, statOf, tryCreate, tryRead } from './both.ts'
import type { RawClient, RawReply } from './raw-client.ts'

t.jobs = 8
const test = onBoth()

const multi = (client: RawClient, ...list: MultiOperation[]): Promise<RawReply> =>
  client.call(OpCode.multi, operations.multi.request, { operations: list })
const make = (
  path: string,
  flags = 0,
  opcode: typeof OpCode.create | typeof OpCode.create2 = OpCode.create,
) => ({ opcode, request: { path, data: null, acl: OPEN, flags } }) as const
const check = (path: string, version = -1) => ({ opcode: OpCode.check, request: { path, version } }) as const
const drop = (path: string, version = -1) => ({ opcode: OpCode.delete, request: { path, version } }) as const
const set = (path: string, version = -1) =>
  ({ opcode: OpCode.setData, request: { path, data: null, version } }) as const

const END = 'ffffffff01ffffffff'
const errorItem = (err: number): string => {
  const code = Buffer.alloc(4)
  code.writeInt32BE(err)
  return `ffffffff00${code.toString('hex').repeat(2)}`
}
const failure = (...errors: number[]): string => errors.map(errorItem).join('') + END

test('8.2.12, 8.3.4: operations see each other and share one zxid', async (t, { open, root }) => {
  const client = await open()
  const a = `${root}/a`
  const reply = await multi(
    client,
    make(a),
    make(`${a}/s-`, 2, OpCode.create2),
    make(`${a}/s-`, 2),
    { ...make(`${root}/c`, 4), opcode: OpCode.createContainer },
    set(a, 0),
    check(a, 1),
    drop(`${a}/s-0000000000`),
  )
  const { outcomes } = read(operations.multi.reply!, reply)
  const [created, first, second, container, changed, checked, dropped] = outcomes
  const times = outcomes.flatMap(outcome =>
    'stat' in outcome && outcome.stat !== null ? [outcome.stat.mtime] : [],
  )
  t.equal(times.length, 3)
  t.equal(new Set(times).size, 1, 'one time for all')
  t.same(created, { type: 'create', path: a, stat: null })
  t.match(first, { type: 'create', path: `${a}/s-0000000000`, stat: { czxid: reply.zxid } })
  t.same(second, { type: 'create', path: `${a}/s-0000000001`, stat: null })
  t.match(container, { type: 'create', path: `${root}/c`, stat: { ephemeralOwner: 0n } })
  t.match(changed, { type: 'setData', stat: { version: 1, mzxid: reply.zxid, numChildren: 2 } })
  t.same([checked, dropped], [{ type: 'check' }, { type: 'delete' }])
  t.match(await statOf(client, a), { czxid: reply.zxid, pzxid: reply.zxid, numChildren: 1, cversion: 3 })
})

test('the bytes of a success', async (t, { open, root }) => {
  const client = await open()
  const { body } = await multi(client, check(root), make(`${root}/a`), drop(`${root}/a`))
  const path = Buffer.from(`${root}/a`)
  const length = Buffer.alloc(4)
  length.writeInt32BE(path.length)
  const created = `000000010000000000${length.toString('hex')}${path.toString('hex')}`
  t.equal(body.toString('hex'), `0000000d0000000000${created}000000020000000000${END}`)
  t.equal((await multi(client)).body.toString('hex'), END, 'of nothing at all')
})

test('8.3.2: one failure undoes all', async (t, { open, root }) => {
  const client = await open()
  const before = await statOf(client, root)
  const reply = await multi(
    client,
    make(`${root}/a`),
    make(`${root}/s-`, 2),
    make(`${root}/a/e`, 1),
    set(root),
    check(`${root}/none`),
    set(root),
    drop(`${root}/none`),
  )
  t.equal(reply.err, 0, 'the header does not tell')
  t.equal(reply.body.toString('hex'), failure(0, 0, 0, 0, -101, -2, -2))
  t.same(await statOf(client, root), before)
  const ephemerals = await client.call(OpCode.getEphemerals, operations.getEphemerals.request, {
    prefixPath: '/',
  })
  t.same(read(operations.getEphemerals.reply!, ephemerals).ephemerals, [])
  const { path, stat } = await create(client, `${root}/s-`, { flags: 2 })
  t.match(path, /s-0000000000$/, 'the counter is back, too')
  t.ok(stat.czxid > reply.zxid, 'the zxid is not')
})

test('8.4.6: each kind of failure', async (t, { open, root }) => {
  const client = await open()
  await create(client, `${root}/shut`, { acl: [acl(16)] })
  const first = async (operation: MultiOperation): Promise<string> =>
    (await multi(client, operation, check(root))).body.toString('hex')
  t.equal(await first(make(root)), failure(-110, -2))
  t.equal(await first(make('none')), failure(-8, -2))
  t.equal(await first(set(root, 9)), failure(-103, -2))
  t.equal(await first(check(`${root}/none//a`, 9)), failure(-8, -2), 'check: the path')
  t.equal(await first(check(`${root}/none`, 9)), failure(-101, -2), 'then the znode')
  t.equal(await first(check(`${root}/shut`, 9)), failure(-102, -2), 'then READ')
  t.equal(await first(check(root, 9)), failure(-103, -2), 'then the version')
  t.equal(await first(drop('/zookeeper')), failure(-8, -2))
})

test('a multi that cannot be read', async (t, { open, root }) => {
  const client = await open()
  t.equal((await multi(client, make(`${root}/a`), make(`${root}/b`, 9))).err, -5, 'bad flags')
  const foreign = (writer: JuteWriter): void => {
    multiHeader.write(writer, { opcode: OpCode.setACL, done: false, err: -1 })
    setDataRequest.write(writer, { path: root, data: null, version: -1 })
    multiHeader.write(writer, { opcode: -1, done: true, err: -1 })
  }
  t.equal((await client.callRaw(OpCode.multi, foreign)).err, -5, 'an operation that does not belong')
  t.equal((await client.callRaw(OpCode.multiRead, foreign)).err, -5)
  t.equal((await tryRead(client, OpCode.exists, `${root}/a`)).err, -101)
})

test('a failed multi tells no watcher', async (t, { open, root }) => {
  const client = await open()
  await tryRead(client, OpCode.exists, `${root}/a`, true)
  await tryRead(client, OpCode.getChildren, root, true)
  await multi(client, make(`${root}/a`), check(`${root}/none`))
  t.same(client.heard, [])
  const { zxid } = await multi(client, make(`${root}/a`), set(`${root}/a`), drop(`${root}/a`))
  t.same(client.heard, [`1 ${root}/a`, `4 ${root}`], 'and a successful one in order')
  t.ok(client.events.every(event => event.zxid === zxid))
})

test('multiRead: each item for itself', async (t, { open, root }) => {
  const client = await open()
  await create(client, `${root}/a`, { data: Buffer.from('x') })
  await create(client, `${root}/shut`, { acl: [acl(16)] })
  const reply = await client.call(OpCode.multiRead, operations.multiRead.request, {
    operations: [
      { opcode: OpCode.getData, path: `${root}/a` },
      { opcode: OpCode.getData, path: `${root}/none` },
      { opcode: OpCode.getChildren, path: `${root}/shut` },
      { opcode: OpCode.getChildren, path: root },
    ],
  })
  const [data, none, shut, children] = read(operations.multiRead.reply!, reply).outcomes
  t.match(data, { type: 'data', data: Buffer.from('x'), stat: { dataLength: 1 } })
  t.same(
    [none, shut],
    [
      { type: 'error', err: -101 },
      { type: 'error', err: -102 },
    ],
  )
  t.equal(children?.type, 'children')
  if (children?.type === 'children') t.same([...children.children].sort(), ['a', 'shut'])
  t.equal((await tryCreate(client, `${root}/b`)).err, 0)
})
