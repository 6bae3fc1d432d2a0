// Writes that are repeated after a lost connection: executed once at most, and never said to be what they are not.
import { commitOnce, deleteOnce, setOnce } from '../../../protocol/client/once.ts'
import { MultiError } from '../../../protocol/client/transaction.ts'
import type { Outcome } from '../../support/outcome.ts'
import { failureOf, outcomeOf } from '../../support/outcome.ts'
import type { World } from '../../support/scripted-client.ts'
import { connectedWorld, reconnect } from '../../support/scripted-client.ts'
import type { ScriptedRequest } from '../../support/scripted-server.ts'
import { aStat } from '../../support/scripted-server.ts'
import { t } from '../../tap.ts'

const BAD_VERSION = -103
const NO_NODE = -101
const NODE_EXISTS = -110
const UNDONE = -2
const data = Buffer.from('new')
const lost = { code: 'CONNECTION_LOSS', mayHaveApplied: true }

/** Takes the request, and cuts the link in place of an answer. */
async function loseAnswer(world: World, name: string): Promise<void> {
  await world.clock.settle()
  world.ensemble.link.take(name)
  await reconnect(world)
  await world.clock.settle()
}

async function reply(world: World, name: string, body?: unknown): Promise<ScriptedRequest> {
  await world.clock.settle()
  const request = world.ensemble.link.take(name)
  world.ensemble.link.reply(request, body)
  await world.clock.settle()
  return request
}

async function refuse(world: World, name: string, err: number): Promise<void> {
  await world.clock.settle()
  world.ensemble.link.refuse(world.ensemble.link.take(name), err)
  await world.clock.settle()
}

t.test('H31: setOnce: the repetition has the same version, and its answer counts', async t => {
  const world = await connectedWorld(t)
  const set = outcomeOf(setOnce(world.zk, '/a', 'new', { version: 3 }))
  await loseAnswer(world, 'setData')
  t.equal(set.state, 'pending')
  const { body } = await reply(world, 'setData', aStat)
  t.match(body, { path: '/a', version: 3 })
  t.strictSame(set.value, aStat)
})

t.test('H31: setOnce: executed before: the next version has the same data', async t => {
  const world = await connectedWorld(t)
  const set = outcomeOf(setOnce(world.zk, '/a', 'new', { version: 3 }))
  await loseAnswer(world, 'setData')
  await refuse(world, 'setData', BAD_VERSION)
  const stat = { ...aStat, version: 4 }
  await reply(world, 'getData', { data, stat })
  t.strictSame(set.value, stat)
})

t.test('H31: setOnce: what others changed meanwhile is not taken for ours', async t => {
  for (const found of [
    { data: Buffer.from('other'), stat: { ...aStat, version: 4 } },
    { data, stat: { ...aStat, version: 5 } },
    { data: null, stat: { ...aStat, version: 4 } },
  ]) {
    const world = await connectedWorld(t)
    const set = outcomeOf(setOnce(world.zk, '/a', 'new', { version: 3 }))
    await loseAnswer(world, 'setData')
    await refuse(world, 'setData', BAD_VERSION)
    await reply(world, 'getData', found)
    t.match(failureOf(set), lost)
  }
})

t.test('H31: setOnce: a first answer is the answer, and a version is needed', async t => {
  const world = await connectedWorld(t)
  const set = outcomeOf(setOnce(world.zk, '/a', 'new', { version: 3 }))
  await refuse(world, 'setData', BAD_VERSION)
  t.match(failureOf(set), { code: 'BAD_VERSION' })
  await t.rejects(setOnce(world.zk, '/a', '', { version: -1 }), { code: 'INVALID_ARGUMENT' })
})

t.test(
  'H31: setOnce: connections that break again and again end it, and so do the end of the client and failFast',
  async t => {
    const world = await connectedWorld(t)
    const set = outcomeOf(setOnce(world.zk, '/a', '', { version: 3 }))
    for (let i = 0; i < 5; i++) await loseAnswer(world, 'setData')
    t.match(failureOf(set), lost)
    t.equal(world.ensemble.link.waiting, 0)

    const closed = outcomeOf(setOnce(world.zk, '/b', '', { version: 3 }))
    await loseAnswer(world, 'setData')
    outcomeOf(world.zk.close())
    await world.clock.advance(1000)
    t.match(failureOf(closed), { ...lost, path: '/b' })

    const fast = await connectedWorld(t, { failFast: true })
    const failed = outcomeOf(setOnce(fast.zk, '/a', '', { version: 3 }))
    await fast.clock.settle()
    fast.ensemble.link.close()
    await fast.clock.settle()
    t.match(failureOf(failed), lost)
  },
)

t.test('H31: deleteOnce: that it is gone is what was wanted', async t => {
  const world = await connectedWorld(t)
  const gone = outcomeOf(deleteOnce(world.zk, '/a', { version: 3 }))
  await loseAnswer(world, 'delete')
  await refuse(world, 'delete', NO_NODE)
  t.equal(gone.state, 'resolved')
  const changed = outcomeOf(deleteOnce(world.zk, '/a', { version: 3 }))
  await loseAnswer(world, 'delete')
  await refuse(world, 'delete', BAD_VERSION)
  t.match(failureOf(changed), lost)
  const missing = outcomeOf(deleteOnce(world.zk, '/a', { version: 3 }))
  await refuse(world, 'delete', NO_NODE)
  t.match(failureOf(missing), { code: 'NO_NODE' }, 'before anything was lost, it is an error')
})

interface Stage extends World {
  readonly committed: Outcome<unknown>
}

/** A transaction of one set, with its mark. */
async function committing(t: Parameters<typeof connectedWorld>[0]): Promise<Stage> {
  const world = await connectedWorld(t)
  const build = (tx: { set(path: string, data: string): unknown }): void => {
    tx.set('/a', 'x')
  }
  return { ...world, committed: outcomeOf(commitOnce(world.zk, build, { parent: '/app' })) }
}

const done = {
  outcomes: [
    { type: 'create', path: '/app/_once', stat: aStat },
    { type: 'setData', stat: aStat },
  ],
}
const errors = (...numbers: number[]): unknown => ({ outcomes: numbers.map(err => ({ type: 'error', err })) })

t.test('H31: commitOnce: results without the mark, which is removed', async t => {
  const world = await committing(t)
  const { body } = await reply(world, 'multi', done)
  const [mark] = (body as { operations: { request: { path: string; flags: number } }[] }).operations
  t.match(mark?.request, { path: /^\/app\/_once-[0-9a-f-]{36}$/, flags: 1 })
  t.match((await reply(world, 'delete')).body, { path: mark?.request.path })
  t.strictSame(world.committed.value, [{ type: 'set', stat: aStat }])
  t.strictSame(await commitOnce(world.zk, () => {}), [], 'nothing to do: nothing is sent')
  t.equal(world.ensemble.link.waiting, 0)
})

t.test('H31: commitOnce: repeated with the same mark, which tells that it was executed before', async t => {
  const world = await committing(t)
  await world.clock.settle()
  const first = world.ensemble.link.take('multi')
  await reconnect(world)
  await world.clock.settle()
  const second = world.ensemble.link.take('multi')
  t.strictSame(second.body, first.body)
  world.ensemble.link.reply(second, errors(NODE_EXISTS, UNDONE))
  await reply(world, 'delete')
  t.match(world.committed, { state: 'resolved', value: null })
})

t.test('H31: commitOnce: repeated, and refused for reasons of its own', async t => {
  const world = await committing(t)
  await loseAnswer(world, 'multi')
  await reply(world, 'multi', errors(0, BAD_VERSION))
  const failure = failureOf(world.committed) as MultiError
  t.type(failure, MultiError)
  t.match(failure, { code: 'BAD_VERSION', index: 0, path: '/a', results: [{ type: 'error' }] })
})

t.test('H31: commitOnce: in another session nothing is repeated', async t => {
  const world = await committing(t)
  await world.clock.settle()
  world.ensemble.link.take('multi')
  world.ensemble.expireAll()
  await reconnect(world)
  await world.clock.advance(100)
  t.equal(world.zk.generation, 2)
  t.match(failureOf(world.committed), { code: /CONNECTION_LOSS|SESSION_EXPIRED/, mayHaveApplied: true })
  t.equal(world.ensemble.link.waiting, 0)
})

t.test(
  'H31: commitOnce: a session that ends under the request is not followed by a repetition in the next one',
  async t => {
    const world = await committing(t)
    await world.clock.settle()
    world.ensemble.link.take('multi')
    const restarted = outcomeOf(world.zk.restart())
    await world.clock.advance(100)
    t.equal(restarted.state, 'resolved')
    t.match(failureOf(world.committed), { code: 'SESSION_EXPIRED', mayHaveApplied: true })
    t.equal(world.ensemble.link.waiting, 0)
  },
)

t.test('H31: setOnce: the version counts in the next session as well', async t => {
  const world = await connectedWorld(t)
  const set = outcomeOf(setOnce(world.zk, '/a', 'new', { version: 3 }))
  await world.clock.settle()
  world.ensemble.link.take('setData')
  outcomeOf(world.zk.restart())
  await world.clock.advance(100)
  await reply(world, 'setData', aStat)
  t.strictSame(set.value, aStat)
})
