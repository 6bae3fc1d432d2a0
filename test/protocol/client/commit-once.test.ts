// Transactions that are repeated after a lost connection: the mark tells whether they were executed.
import { commitOnce } from '../../../protocol/client/once.ts'
import { MultiError } from '../../../protocol/client/transaction.ts'
import type { Outcome } from '../../support/outcome.ts'
import { failureOf, outcomeOf } from '../../support/outcome.ts'
import type { World } from '../../support/scripted-client.ts'
import { connectedWorld, newWorld, reconnect } from '../../support/scripted-client.ts'
import { aStat } from '../../support/scripted-server.ts'
import { t } from '../../tap.ts'
import { loseAnswer, lost, NO_NODE, reply } from './once-support.ts'

const BAD_VERSION = -103
const NODE_EXISTS = -110
const UNDONE = -2

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

t.test('H31: commitOnce: a link that goes right behind the answer keeps nobody waiting for it', async t => {
  const world = await committing(t)
  const { clock, ensemble } = world
  await clock.settle()
  ensemble.reach = () => 'refused'
  ensemble.link.reply(ensemble.link.take('multi'), done)
  ensemble.link.close()
  await clock.settle()
  t.strictSame(world.committed.value, [{ type: 'set', stat: aStat }])
  await clock.advance(60_000)
  t.strictSame(world.warnings, [])
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

t.test(
  'H31: commitOnce: nothing is repeated in the session that a listener begins with the loss',
  async t => {
    const world = await committing(t)
    const { zk, clock, ensemble } = world
    const off = zk.on('state', () => {
      off()
      outcomeOf(zk.restart())
    })
    await clock.settle()
    ensemble.link.take('multi')
    ensemble.link.close()
    await clock.advance(2000)
    t.equal(zk.generation, 2)
    t.match(failureOf(world.committed), lost)
    t.strictSame(ensemble.link.names, [])
  },
)

t.test('H31: commitOnce: one that waited for the first session is repeated in it', async t => {
  const world = newWorld(t)
  const committed = outcomeOf(commitOnce(world.zk, transaction => transaction.set('/a', 'x')))
  await loseAnswer(world, 'multi')
  await reply(world, 'multi', done)
  t.strictSame(committed.value, [{ type: 'set', stat: aStat }])
})
