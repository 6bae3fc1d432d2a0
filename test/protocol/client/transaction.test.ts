// Transactions: what is sent, the result of each operation, and which of them failed.
import { Buffer } from 'node:buffer'
import { OpCode } from '../../../protocol/opcodes.ts'
import type { MultiOutcome } from '../../../protocol/records/multi.ts'
import { codeOf, failureOf, outcomeOf } from '../../support/outcome.ts'
import { connectedWorld, newWorld, reconnect } from '../../support/scripted-client.ts'
import { aStat } from '../../support/scripted-server.ts'
import { t } from '../../tap.ts'

const acl = [{ perms: 31, id: { scheme: 'world', id: 'anyone' } }]

t.test('H31: transaction: operations go out together, and each has its result', async t => {
  const { zk, clock, ensemble } = await connectedWorld(t, { servers: 'zk/app' })
  const transaction = zk
    .transaction()
    .check('/a', 3)
    .create('/b-', 'hi', { mode: 'ephemeralSequential' })
    .create('/c', null, { mode: 'container' })
    .create('/t', '', { mode: 'persistentWithTtl', ttl: 5 })
    .set('/a', null, { version: 3 })
    .delete('/d')
  t.equal(transaction.length, 6)
  const committed = outcomeOf(transaction.commit())
  await clock.settle()
  const sent = ensemble.link.take('multi')
  t.strictSame(sent.body, {
    operations: [
      { opcode: OpCode.check, request: { path: '/app/a', version: 3 } },
      { opcode: OpCode.create2, request: { path: '/app/b-', data: Buffer.from('hi'), acl, flags: 3 } },
      { opcode: OpCode.createContainer, request: { path: '/app/c', data: null, acl, flags: 4 } },
      { opcode: OpCode.createTTL, request: { path: '/app/t', data: Buffer.alloc(0), acl, flags: 5, ttl: 5 } },
      { opcode: OpCode.setData, request: { path: '/app/a', data: null, version: 3 } },
      { opcode: OpCode.delete, request: { path: '/app/d', version: -1 } },
    ],
  })
  ensemble.link.reply(sent, {
    outcomes: [
      { type: 'check' },
      { type: 'create', path: '/app/b-0000000001', stat: aStat },
      { type: 'create', path: '/app/c', stat: aStat },
      { type: 'create', path: '/app/t', stat: null },
      { type: 'setData', stat: aStat },
      { type: 'delete' },
    ],
  })
  await clock.settle()
  t.strictSame(committed.value, [
    { type: 'check' },
    { type: 'create', path: '/b-0000000001', stat: aStat },
    { type: 'create', path: '/c', stat: aStat },
    { type: 'create', path: '/t', stat: null },
    { type: 'set', stat: aStat },
    { type: 'delete' },
  ])
})

t.test('H31: transaction: one that waited for the connection is answered as any other', async t => {
  const { zk, clock, ensemble } = newWorld(t)
  const committed = outcomeOf(zk.transaction().check('/a').delete('/d').commit())
  const refused = outcomeOf(zk.transaction().check('/a').delete('/d').commit())
  await clock.settle()
  const { link } = ensemble
  link.reply(link.take('multi'), { outcomes: [{ type: 'check' }, { type: 'delete' }] })
  link.reply(link.take('multi'), {
    outcomes: [
      { type: 'error', err: 0 },
      { type: 'error', err: -101 },
    ],
  })
  await clock.settle()
  t.strictSame(committed.value, [{ type: 'check' }, { type: 'delete' }])
  t.match(failureOf(refused), { code: 'NO_NODE', index: 1, path: '/d' })
  t.equal(zk.state, 'connected')
})

t.test(
  'H31: transaction: a failure tells which operation, although the header says nothing of it',
  async t => {
    const { zk, clock, ensemble } = await connectedWorld(t, { servers: 'zk/app' })
    const committed = outcomeOf(zk.transaction().create('/a').check('/b', 7).delete('/c').commit())
    await clock.settle()
    ensemble.link.reply(ensemble.link.take('multi'), {
      outcomes: [
        { type: 'error', err: 0 },
        { type: 'error', err: -103 },
        { type: 'error', err: -2 },
      ],
    })
    await clock.settle()
    t.match(failureOf(committed), {
      name: 'MultiError',
      code: 'BAD_VERSION',
      number: -103,
      index: 1,
      path: '/b',
      operation: 'multi',
      mayHaveApplied: false,
      message: /operation 1 .*BAD_VERSION \(check \/b\)/,
      errors: [undefined, { code: 'BAD_VERSION', path: '/b' }, { code: 'RUNTIME_INCONSISTENCY', path: '/c' }],
    })
  },
)

t.test('H4: transaction: an error code of the future is no crash', async t => {
  const { zk, clock, ensemble } = await connectedWorld(t)
  const committed = outcomeOf(zk.transaction().delete('/a').commit())
  await clock.settle()
  ensemble.link.reply(ensemble.link.take('multi'), { outcomes: [{ type: 'error', err: -997 }] })
  await clock.settle()
  t.match(failureOf(committed), { name: 'MultiError', code: 'UNKNOWN', number: -997, index: 0 })
})

t.test('H31: transaction: an answer with other items than it has operations is none', async t => {
  const unfit: readonly (readonly MultiOutcome[])[] = [
    [],
    [{ type: 'delete' }],
    [{ type: 'delete' }, { type: 'setData', stat: aStat }, { type: 'delete' }],
    [{ type: 'setData', stat: aStat }, { type: 'delete' }],
    [{ type: 'delete' }, { type: 'error', err: 0 }],
    [{ type: 'delete' }, { type: 'error', err: -101 }],
    [
      { type: 'error', err: 0 },
      { type: 'error', err: 0 },
    ],
    [{ type: 'error', err: -101 }],
  ]
  for (const outcomes of unfit) {
    const world = await connectedWorld(t)
    const { zk, clock, ensemble } = world
    const committed = outcomeOf(zk.transaction().delete('/a').set('/b', '').commit())
    const read = outcomeOf(zk.get('/c'))
    await clock.settle()
    ensemble.link.reply(ensemble.link.take('multi'), { outcomes })
    await clock.advance(100)
    t.match(
      failureOf(committed),
      {
        code: 'MARSHALLING_ERROR',
        operation: 'multi',
        mayHaveApplied: true,
        cause: { message: /does not fit the multi/ },
      },
      JSON.stringify(outcomes.map(({ type }) => type)),
    )
    t.equal(ensemble.connections.length, 2, 'the connection is given up')
    t.strictSame(ensemble.link.names, ['getData'], 'what changes nothing is sent again on the next one')
    t.equal(read.state, 'pending')
  }
})

t.test('H31: transaction: one that waited for a connection is judged as any other', async t => {
  for (const [outcomes, code] of [
    [[{ type: 'delete' }, { type: 'setData', stat: aStat }], 'resolved'],
    [[{ type: 'delete' }], 'MARSHALLING_ERROR'],
  ] as const) {
    const { zk, clock, ensemble } = newWorld(t)
    const committed = outcomeOf(zk.transaction().delete('/a').set('/b', 'x').commit())
    await clock.settle()
    ensemble.link.reply(ensemble.link.take('multi'), { outcomes })
    await clock.advance(100)
    t.equal(codeOf(committed), code)
    t.equal(ensemble.connections.length, code === 'resolved' ? 1 : 2)
  }
})

t.test('transaction: refused as a whole, it is an ordinary error', async t => {
  const { zk, clock, ensemble } = await connectedWorld(t)
  const committed = outcomeOf(zk.transaction().delete('/a').commit())
  await clock.settle()
  ensemble.link.refuse(ensemble.link.take('multi'), -5)
  await clock.settle()
  t.match(failureOf(committed), { name: 'ZooKeeperError', code: 'MARSHALLING_ERROR', mayHaveApplied: false })
})

t.test('H31: transaction: without operations, nothing is sent', async t => {
  const { zk, ensemble } = newWorld(t)
  t.strictSame(await zk.transaction().commit(), [])
  t.strictSame(ensemble.tried, [])
})

t.test('H31: transaction: a lost link leaves open whether it happened, and it is not sent again', async t => {
  const world = await connectedWorld(t)
  const committed = outcomeOf(world.zk.transaction().create('/a').commit())
  await world.clock.settle()
  await reconnect(world)
  t.match(failureOf(committed), { code: 'CONNECTION_LOSS', operation: 'multi', mayHaveApplied: true })
  t.strictSame(world.ensemble.link.names, [])
})

t.test('transaction: it is committed once', async t => {
  const { zk, clock, ensemble } = await connectedWorld(t)
  const transaction = zk.transaction().delete('/a')
  outcomeOf(transaction.commit())
  const again = outcomeOf(transaction.commit())
  await clock.settle()
  t.equal(codeOf(again), 'INVALID_ARGUMENT')
  t.strictSame(ensemble.link.names, ['multi'])
})

t.test('H30: transaction: one that is too large is refused before it is sent', async t => {
  const { zk, clock, ensemble } = await connectedWorld(t, { maxRequestSize: 1000 })
  const large = outcomeOf(zk.transaction().set('/a', 'x'.repeat(600)).set('/b', 'x'.repeat(600)).commit())
  await clock.settle()
  t.match(failureOf(large), { code: 'PACKET_TOO_LARGE', operation: 'multi', limit: 1000 })
  t.strictSame(ensemble.link.names, [])
})

t.test('transaction: timeout and abort, as of every request', async t => {
  const { zk, clock } = await connectedWorld(t)
  const late = outcomeOf(zk.transaction().delete('/a').commit({ timeout: 100 }))
  const controller = new AbortController()
  const aborted = outcomeOf(zk.transaction().delete('/a').commit({ signal: controller.signal }))
  await clock.settle()
  controller.abort(new Error('enough'))
  await clock.advance(200)
  t.match(failureOf(late), { code: 'REQUEST_TIMEOUT', mayHaveApplied: true })
  t.match(aborted.error, { message: 'enough' })
})

t.test('transaction: wrong arguments throw where they are given', async t => {
  const { zk } = newWorld(t)
  t.throws(() => zk.transaction().create('a'), { code: 'INVALID_PATH' })
  t.throws(() => zk.transaction().create('/a', 5 as never), {
    code: 'INVALID_ARGUMENT',
    message: /^data must be/,
  })
  t.throws(() => zk.transaction().create('/a', '', { mode: 'x' as never }), {
    code: 'INVALID_ARGUMENT',
    message: /^mode must be/,
  })
  t.throws(() => zk.transaction().create('/a', '', { mode: 'persistentWithTtl' }), {
    code: 'INVALID_ARGUMENT',
    message: /^ttl must be/,
  })
  t.throws(() => zk.transaction().create('/a', '', { acl: [] }), {
    code: 'INVALID_ARGUMENT',
    message: /^acl must be/,
  })
  t.throws(() => zk.transaction().set('/a', '', { version: 0.5 }), {
    code: 'INVALID_ARGUMENT',
    message: /^version must be/,
  })
  t.throws(() => zk.transaction().check('/a', '1' as never), {
    code: 'INVALID_ARGUMENT',
    message: /^version must be/,
  })
  t.throws(() => zk.transaction().delete('/a/'), { code: 'INVALID_PATH' })
})
