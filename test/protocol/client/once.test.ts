// Writes that are repeated after a lost connection: executed once at most, and never said to be what they are not.
import { commitOnce, deleteOnce, setOnce } from '../../../protocol/client/once.ts'
import { MultiError } from '../../../protocol/client/transaction.ts'
import type { Stat } from '../../../protocol/records/data.ts'
import type { Outcome } from '../../support/outcome.ts'
import { failureOf, outcomeOf } from '../../support/outcome.ts'
import type { World, WorldOptions } from '../../support/scripted-client.ts'
import { connectedWorld, reconnect } from '../../support/scripted-client.ts'
import type { ScriptedRequest } from '../../support/scripted-server.ts'
import { aStat } from '../../support/scripted-server.ts'
import type { Test } from '../../tap.ts'
import { t } from '../../tap.ts'

const BAD_VERSION = -103
const NO_NODE = -101
const NODE_EXISTS = -110
const NOT_EMPTY = -111
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

/** A client that has seen the history up to zxid 101, by an answer that it got. */
async function informedWorld(t: Test, options: WorldOptions = {}): Promise<World> {
  const world = await connectedWorld(t, options)
  outcomeOf(world.zk.exists('/'))
  await reply(world, 'exists', aStat)
  return world
}

/** What the client finds when it looks for the fate of its write; null: no znode. */
async function show(world: World, stat: Partial<Stat> | null): Promise<void> {
  await reply(world, 'sync', { path: '/a' })
  if (stat === null) await refuse(world, 'exists', NO_NODE)
  else await reply(world, 'exists', { ...aStat, ...stat })
}

async function refuse(world: World, name: string, err: number): Promise<void> {
  await world.clock.settle()
  world.ensemble.link.refuse(world.ensemble.link.take(name), err)
  await world.clock.settle()
}

t.test('H31: setOnce: the repetition has the same version, and its answer counts', async t => {
  const world = await informedWorld(t)
  const set = outcomeOf(setOnce(world.zk, '/a', 'new', { version: 3 }))
  await loseAnswer(world, 'setData')
  t.equal(set.state, 'pending')
  await show(world, { version: 3 })
  const { body } = await reply(world, 'setData', aStat)
  t.match(body, { path: '/a', version: 3 })
  t.strictSame(set.value, aStat)
})

t.test('H31: setOnce: executed before: the next version has the same data', async t => {
  const stat = { ...aStat, version: 4 }
  const world = await informedWorld(t)
  const set = outcomeOf(setOnce(world.zk, '/a', 'new', { version: 3 }))
  await loseAnswer(world, 'setData')
  await show(world, stat)
  await reply(world, 'getData', { data, stat })
  t.strictSame(set.value, stat)
  const late = outcomeOf(setOnce(world.zk, '/a', 'new', { version: 3 }))
  await loseAnswer(world, 'setData')
  await show(world, { version: 3 })
  await refuse(world, 'setData', BAD_VERSION)
  await show(world, stat)
  await reply(world, 'getData', { data, stat })
  t.strictSame(late.value, stat, 'also when it shows with the repetition alone')
})

t.test('H31: setOnce: what others changed meanwhile is not taken for ours', async t => {
  for (const found of [
    { data: Buffer.from('other'), stat: { ...aStat, version: 4 } },
    { data, stat: { ...aStat, version: 5 } },
    { data: null, stat: { ...aStat, version: 4 } },
  ]) {
    const world = await informedWorld(t)
    const set = outcomeOf(setOnce(world.zk, '/a', 'new', { version: 3 }))
    await loseAnswer(world, 'setData')
    await show(world, found.stat)
    await reply(world, 'getData', found)
    t.match(failureOf(set), lost)
    t.equal(world.ensemble.link.waiting, 0)
  }
})

t.test(
  'H31: setOnce: deleted, or deleted and created anew with the same version: nothing is repeated',
  async t => {
    for (const stat of [null, { version: 3, czxid: 150n }]) {
      const world = await informedWorld(t)
      const set = outcomeOf(setOnce(world.zk, '/a', 'new', { version: 3 }))
      await loseAnswer(world, 'setData')
      await show(world, stat)
      if (stat !== null) await reply(world, 'getData', { data, stat: { ...aStat, ...stat } })
      t.match(failureOf(set), lost)
      t.equal(world.ensemble.link.waiting, 0)
    }
  },
)

t.test('H31: setOnce: what cannot be looked at may have been written', async t => {
  const world = await informedWorld(t)
  const set = outcomeOf(setOnce(world.zk, '/a', 'new', { version: 3 }))
  await loseAnswer(world, 'setData')
  await show(world, { version: 4 })
  await refuse(world, 'getData', NO_NODE)
  t.match(failureOf(set), lost, 'deleted between the two looks')
  const late = outcomeOf(setOnce(world.zk, '/a', 'new', { version: 3, timeout: 2000 }))
  await loseAnswer(world, 'setData')
  await show(world, { version: 3 })
  await world.clock.settle()
  world.ensemble.link.take('setData')
  await world.clock.advance(2500)
  t.match(failureOf(late), lost, 'the repetition has no answer in time')
  t.equal(world.ensemble.link.waiting, 0)
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
    const world = await informedWorld(t)
    const set = outcomeOf(setOnce(world.zk, '/a', '', { version: 3 }))
    for (let i = 0; i < 5; i++) {
      await loseAnswer(world, 'setData')
      await show(world, { version: 3 })
    }
    t.match(failureOf(set), lost)
    t.equal(world.ensemble.link.waiting, 0)

    const closed = outcomeOf(setOnce(world.zk, '/b', '', { version: 3 }))
    await loseAnswer(world, 'setData')
    outcomeOf(world.zk.close())
    await world.clock.advance(1000)
    t.match(failureOf(closed), { ...lost, path: '/b' })

    const fast = await informedWorld(t, { failFast: true })
    const failed = outcomeOf(setOnce(fast.zk, '/a', '', { version: 3 }))
    await fast.clock.settle()
    fast.ensemble.link.close()
    await fast.clock.settle()
    t.match(failureOf(failed), lost)
  },
)

t.test('H31: deleteOnce: that it is gone is what was wanted', async t => {
  const world = await informedWorld(t)
  const remove = (): Outcome<void> => outcomeOf(deleteOnce(world.zk, '/a', { version: 3 }))
  const gone = remove()
  await loseAnswer(world, 'delete')
  await show(world, null)
  t.equal(gone.state, 'resolved')
  const changed = remove()
  await loseAnswer(world, 'delete')
  await show(world, { version: 4 })
  t.match(failureOf(changed), lost)
  const missing = remove()
  await refuse(world, 'delete', NO_NODE)
  t.match(failureOf(missing), { code: 'NO_NODE' }, 'before anything was lost, it is an error')
  const again = remove()
  await loseAnswer(world, 'delete')
  await show(world, { version: 3 })
  await reply(world, 'delete')
  t.equal(again.state, 'resolved')
  const parent = remove()
  await loseAnswer(world, 'delete')
  await show(world, { version: 3 })
  await refuse(world, 'delete', NOT_EMPTY)
  await show(world, { version: 3 })
  t.match(failureOf(parent), { code: 'NOT_EMPTY', mayHaveApplied: false }, 'a refusal is told as it is')
})

t.test('H31: deleteOnce: what was created anew with the same version is left alone', async t => {
  const world = await informedWorld(t)
  const gone = outcomeOf(deleteOnce(world.zk, '/a', { version: 0 }))
  await loseAnswer(world, 'delete')
  await show(world, { version: 0, czxid: 150n })
  t.match(failureOf(gone), lost)
  t.equal(world.ensemble.link.waiting, 0)
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
  const world = await informedWorld(t)
  const set = outcomeOf(setOnce(world.zk, '/a', 'new', { version: 3 }))
  await world.clock.settle()
  world.ensemble.link.take('setData')
  outcomeOf(world.zk.restart())
  await world.clock.advance(100)
  await show(world, { version: 3 })
  await reply(world, 'setData', aStat)
  t.strictSame(set.value, aStat)
})

t.test(
  'H31: commitOnce: without a mark, the first attempt was not executed, and later ones tell nothing',
  async t => {
    const refused = await committing(t)
    await reply(refused, 'multi', errors(NO_NODE, UNDONE))
    const failure = failureOf(refused.committed)
    t.notOk(failure instanceof MultiError, 'no operation of the caller is to blame')
    t.match(failure, { code: 'NO_NODE', operation: 'create', path: /^\/app\/_once-/, mayHaveApplied: false })

    // Somebody may have deleted the parent with all that is in it, the mark of the first attempt included.
    const world = await committing(t)
    await loseAnswer(world, 'multi')
    await reply(world, 'multi', errors(NO_NODE, UNDONE))
    t.match(failureOf(world.committed), lost)
  },
)
