// Each operation: what it sends, and what comes back.
import { Buffer } from 'node:buffer'
import type { ZooKeeper } from '../../../protocol/client/zookeeper.ts'
import { OpCode } from '../../../protocol/opcodes.ts'
import { failureOf, outcomeOf, outcomesOf } from '../../support/outcome.ts'
import { connectedWorld } from '../../support/scripted-client.ts'
import { aStat } from '../../support/scripted-server.ts'
import { t } from '../../tap.ts'

const acl = [{ perms: 31, id: { scheme: 'world', id: 'anyone' } }]
const bytes = Buffer.from('hi')

interface Case {
  readonly what: string
  call(zk: ZooKeeper): Promise<unknown>
  readonly name: string
  readonly request: unknown
  readonly reply?: unknown
  readonly result: unknown
}

const create = { path: '/a', data: bytes, acl, flags: 0 }
const created = { path: '/a', stat: aStat }

const cases: readonly Case[] = [
  {
    what: 'create with text',
    call: zk => zk.create('/a', 'hi'),
    name: 'create',
    request: create,
    reply: created,
    result: created,
  },
  {
    what: 'create without data sends null',
    call: zk => zk.create('/a'),
    name: 'create',
    request: { ...create, data: null },
    reply: created,
    result: created,
  },
  {
    what: 'create with empty data sends empty data',
    call: zk => zk.create('/a', new Uint8Array(0)),
    name: 'create',
    request: { ...create, data: Buffer.alloc(0) },
    reply: created,
    result: created,
  },
  {
    what: 'create ephemeral sequential, which tells another path',
    call: zk => zk.create('/a-', bytes, { mode: 'ephemeralSequential' }),
    name: 'create',
    request: { ...create, path: '/a-', flags: 3 },
    reply: { path: '/a-0000000007', stat: aStat },
    result: { path: '/a-0000000007', stat: aStat },
  },
  {
    what: 'create container, with an opcode of its own',
    call: zk => zk.create('/a', bytes, { mode: 'container' }),
    name: 'createContainer',
    request: { ...create, flags: 4 },
    reply: created,
    result: created,
  },
  {
    what: 'create with a time to live',
    call: zk => zk.create('/a', bytes, { mode: 'persistentSequentialWithTtl', ttl: 2 ** 33 }),
    name: 'createTTL',
    request: { ...create, flags: 6, ttl: 2 ** 33 },
    reply: created,
    result: created,
  },
  {
    what: 'get',
    call: zk => zk.get('/a'),
    name: 'getData',
    request: { path: '/a', watch: false },
    reply: { data: bytes, stat: aStat },
    result: { data: bytes, stat: aStat },
  },
  {
    what: 'get of a null, which is not the same as empty',
    call: zk => zk.get('/a', { watch: () => {} }),
    name: 'getData',
    request: { path: '/a', watch: true },
    reply: { data: null, stat: aStat },
    result: { data: null, stat: aStat },
  },
  {
    what: 'exists',
    call: zk => zk.exists('/a'),
    name: 'exists',
    request: { path: '/a', watch: false },
    reply: aStat,
    result: aStat,
  },
  {
    what: 'getChildren',
    call: zk => zk.getChildren('/'),
    name: 'getChildren',
    request: { path: '/', watch: false },
    reply: { children: ['x', 'y'], stat: aStat },
    result: { children: ['x', 'y'], stat: aStat },
  },
  {
    what: 'set',
    call: zk => zk.set('/a', bytes, { version: 3 }),
    name: 'setData',
    request: { path: '/a', data: bytes, version: 3 },
    reply: aStat,
    result: aStat,
  },
  {
    what: 'set to null, any version',
    call: zk => zk.set('/a', null),
    name: 'setData',
    request: { path: '/a', data: null, version: -1 },
    reply: aStat,
    result: aStat,
  },
  {
    what: 'delete',
    call: zk => zk.delete('/a', { version: 0 }),
    name: 'delete',
    request: { path: '/a', version: 0 },
    result: undefined,
  },
  {
    what: 'getAcl',
    call: zk => zk.getAcl('/a'),
    name: 'getACL',
    request: { path: '/a' },
    reply: { acl, stat: aStat },
    result: { acl, stat: aStat },
  },
  {
    what: 'setAcl',
    call: zk => zk.setAcl('/a', acl, { version: 2 }),
    name: 'setACL',
    request: { path: '/a', acl, version: 2 },
    reply: aStat,
    result: aStat,
  },
  {
    what: 'sync, whose echo tells nothing',
    call: zk => zk.sync('/a'),
    name: 'sync',
    request: { path: '/a' },
    reply: { path: '/a' },
    result: undefined,
  },
  {
    what: 'getEphemerals',
    call: zk => zk.getEphemerals('/a'),
    name: 'getEphemerals',
    request: { prefixPath: '/a' },
    reply: { ephemerals: ['/a', '/a/x', '/ab'] },
    result: ['/a', '/a/x'],
  },
  {
    what: 'getAllChildrenNumber',
    call: zk => zk.getAllChildrenNumber('/a'),
    name: 'getAllChildrenNumber',
    request: { path: '/a' },
    reply: { totalNumber: 12 },
    result: 12,
  },
  {
    what: 'getConfig',
    call: zk => zk.getConfig({ watch: () => {} }),
    name: 'getData',
    request: { path: '/zookeeper/config', watch: true },
    reply: { data: bytes, stat: aStat },
    result: { data: bytes, stat: aStat },
  },
]

for (const { what, call, name, request, reply, result } of cases) {
  t.test(`operations: ${what}`, async t => {
    const { zk, clock, ensemble } = await connectedWorld(t)
    const { link } = ensemble

    const answered = outcomeOf(call(zk))
    await clock.settle()
    const sent = link.take(name)
    t.strictSame(sent.body, request)
    link.reply(sent, reply, 1234n)
    await clock.settle()
    t.strictSame(answered, { state: 'resolved', value: result, error: undefined })
    t.equal(zk.lastZxid, 1234n)

    const refused = outcomeOf(call(zk))
    await clock.settle()
    link.refuse(link.take(name), -102, 1235n)
    await clock.settle()
    const { path, prefixPath } = request as { path?: string; prefixPath?: string }
    t.match(failureOf(refused), {
      code: 'NO_AUTH',
      number: -102,
      path: path ?? prefixPath,
      operation: name,
      mayHaveApplied: false,
    })
    t.equal(zk.lastZxid, 1235n, 'an error tells the newest zxid too')
  })
}

t.test('operations: whoAmI and reconfig, which are about no path of ours', async t => {
  const { zk, clock, ensemble } = await connectedWorld(t, { servers: 'zk/app' })
  const [who, config] = outcomesOf(zk.whoAmI(), zk.reconfig({ joining: ['a', 'b'], from: 7n }))
  await clock.settle()
  const { link } = ensemble
  link.reply(link.take('whoAmI'), { clientInfo: [{ authScheme: 'ip', user: '10.0.0.9' }] })
  const sent = link.take('reconfig')
  t.strictSame(sent.body, { joiningServers: 'a,b', leavingServers: null, newMembers: null, curConfigId: 7n })
  link.reply(sent, { data: bytes, stat: aStat })
  await clock.settle()
  t.strictSame(who.value, [{ authScheme: 'ip', user: '10.0.0.9' }])
  t.strictSame(config.value, { data: bytes, stat: aStat })
})

t.test('operations: multiRead answers each item for itself', async t => {
  const { zk, clock, ensemble } = await connectedWorld(t, { servers: 'zk/app' })
  const read = outcomeOf(zk.multiRead([{ get: '/a' }, { children: '/' }, { get: '/c' }]))
  await clock.settle()
  const sent = ensemble.link.take('multiRead')
  t.strictSame(sent.body, {
    operations: [
      { opcode: OpCode.getData, path: '/app/a' },
      { opcode: OpCode.getChildren, path: '/app' },
      { opcode: OpCode.getData, path: '/app/c' },
    ],
  })
  ensemble.link.reply(sent, {
    outcomes: [
      { type: 'data', data: bytes, stat: aStat },
      { type: 'children', children: ['x'] },
      { type: 'error', err: -101 },
    ],
  })
  await clock.settle()
  t.match(read.value, [
    { type: 'data', data: bytes },
    { type: 'children', children: ['x'] },
    { type: 'error', error: { code: 'NO_NODE', path: '/c' } },
  ])
  t.strictSame(await zk.multiRead([]), [], 'nothing is sent for nothing')
})

t.test('operations: an answer to multiRead with other items than were asked for is none', async t => {
  const value = { type: 'data', data: bytes, stat: aStat }
  for (const outcomes of [
    [value],
    [value, { type: 'children', children: [] }, { type: 'error', err: -101 }],
    [value, value],
    [{ type: 'children', children: [] }, value],
  ]) {
    const { zk, clock, ensemble } = await connectedWorld(t)
    const read = outcomeOf(zk.multiRead([{ get: '/a' }, { children: '/b' }]))
    await clock.settle()
    ensemble.link.reply(ensemble.link.take('multiRead'), { outcomes })
    await clock.advance(100)
    t.match(failureOf(read), { code: 'MARSHALLING_ERROR', operation: 'multiRead', mayHaveApplied: false })
    t.equal(ensemble.connections.length, 2, 'the connection is given up')
    t.strictSame(ensemble.link.names, [], 'and it is not asked again')
  }
})
