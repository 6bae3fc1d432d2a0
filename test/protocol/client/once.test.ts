// Writes that are repeated after a lost connection: executed once at most, and never said to be what they are not.
import { deleteOnce, setOnce } from '../../../protocol/client/once.ts'
import type { Stat } from '../../../protocol/records/data.ts'
import type { Outcome } from '../../support/outcome.ts'
import { failureOf, outcomeOf } from '../../support/outcome.ts'
import type { World, WorldOptions } from '../../support/scripted-client.ts'
import { connectedWorld, reconnect } from '../../support/scripted-client.ts'
import { aStat } from '../../support/scripted-server.ts'
import type { Test } from '../../tap.ts'
import { t } from '../../tap.ts'
import { loseAnswer, lost, NO_NODE, refuse, reply } from './once-support.ts'

const BAD_VERSION = -103
const NOT_EMPTY = -111
const data = Buffer.from('new')

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

t.test(
  'H31: setOnce: what its caller does to data and options meanwhile is neither written nor looked for',
  async t => {
    const world = await informedWorld(t)
    const bytes = Buffer.from('new')
    const options = { version: 3 }
    const set = outcomeOf(setOnce(world.zk, '/a', bytes, options))
    bytes.fill(0)
    options.version = 4
    await loseAnswer(world, 'setData')
    await show(world, { version: 3 })
    await world.clock.settle()
    const repetition = world.ensemble.link.take('setData')
    t.match(repetition.body, { version: 3, data })
    await reconnect(world)
    const stat = { ...aStat, version: 4 }
    await show(world, stat)
    await reply(world, 'getData', { data, stat })
    t.strictSame(set.value, stat)
  },
)

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
