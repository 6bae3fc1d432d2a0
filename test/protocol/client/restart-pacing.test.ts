// Restarts again and again, by listeners and by others: attempts to connect keep their pauses.
import { outcomeOf } from '../../support/outcome.ts'
import type { World, WorldOptions } from '../../support/scripted-client.ts'
import { connectedWorld, newWorld } from '../../support/scripted-client.ts'
import type { Test } from '../../tap.ts'
import { t } from '../../tap.ts'

/** Where a storm ends that would never let the test go on. */
const STORM = 300

/** Milliseconds from the start of each attempt of a client whose servers refuse it, in so much time. */
async function attempts(
  t: Test,
  ms: number,
  react: (world: World) => void,
  options: WorldOptions = {},
): Promise<number[]> {
  const world = newWorld(t, options)
  const { zk, clock, ensemble } = world
  const tried: number[] = []
  const start = clock.now()
  ensemble.reach = () => {
    tried.push(Math.round(clock.now() - start))
    return 'refused'
  }
  const off = zk.on('attemptFailed', () => tried.length < STORM && react(world))
  outcomeOf(zk.connect())
  await clock.advance(ms)
  off()
  return tried
}

const reactions: Readonly<Record<string, (world: World) => void>> = {
  'a restart': ({ zk }) => outcomeOf(zk.restart()),
  'close and restart': ({ zk }) => {
    outcomeOf(zk.close())
    outcomeOf(zk.restart())
  },
  'two restarts': ({ zk }) => {
    outcomeOf(zk.restart())
    outcomeOf(zk.restart())
  },
}

for (const [what, react] of Object.entries(reactions)) {
  t.test(`H7: restart: ${what} for each failure leaves the pauses as they are`, async t => {
    for (const servers of ['zk:1', 'one:1,two:2,three:3']) {
      const patient = await attempts(t, 60_000, () => {}, { servers })
      t.ok(patient.length > 10, `${patient.length} attempts`)
      t.strictSame(await attempts(t, 60_000, react, { servers }), patient)
    }
  })
}

t.test('H7: a new list for each failure takes no pause away', async t => {
  const lists = ['one:1,two:2', 'three:3,four:4']
  let changes = 0
  const tried = await attempts(t, 60_000, ({ zk }) => zk.updateServers(lists[++changes % 2] as string), {
    servers: 'one:1,two:2',
  })
  t.ok(tried.length >= 20 && tried.length <= 30, `${tried.length} attempts`)
})

t.test('H7: restart: behind the back of the listener, it tries once a second at most', async t => {
  const tried = await attempts(t, 10_000, ({ zk }) => queueMicrotask(() => outcomeOf(zk.restart())))
  t.strictSame(tried.slice(0, 2), [0, 0], 'the first one at once')
  const within = tried.map((from, i) => tried.slice(i).filter(at => at < from + 1000).length)
  // One restart, and at first the attempts after pauses that are shorter than a second.
  t.ok(Math.max(...within) <= 6, within.join())
  t.ok(Math.max(...within.filter((_, i) => (tried[i] as number) > 2000)) <= 2, within.join())
})

t.test(
  'H7: restart: by a listener for each new session, the sessions follow with growing pauses',
  async t => {
    const { zk, clock, ensemble } = newWorld(t)
    const accepted: number[] = []
    const start = clock.now()
    ensemble.onHandshake = connection => {
      accepted.push(Math.round(clock.now() - start))
      ensemble.admit(connection)
    }
    const off = zk.on('established', () => accepted.length < STORM && outcomeOf(zk.restart()))
    outcomeOf(zk.connect())
    await clock.advance(3200)
    off()
    t.strictSame(accepted, [0, 50, 150, 350, 750, 1550, 3150])
  },
)

t.test(
  'restart: in a long pause, whoever calls it gets an attempt at once, and the next a second later',
  async t => {
    const { zk, clock, ensemble } = newWorld(t)
    ensemble.reach = () => 'refused'
    outcomeOf(zk.connect())
    await clock.advance(120_000)
    const before = ensemble.tried.length
    await clock.advance(1000)
    t.equal(ensemble.tried.length, before, 'in a pause')
    outcomeOf(zk.restart())
    await clock.settle()
    t.equal(ensemble.tried.length, before + 1)
    ensemble.reach = () => 'open'
    const connecting = outcomeOf(zk.restart())
    await clock.advance(999)
    t.equal(ensemble.tried.length, before + 1)
    await clock.advance(1)
    t.equal(connecting.state, 'resolved')
  },
)

t.test(
  'restart: by a listener, when a link is lost that has lasted, it connects soon, whatever was before',
  async t => {
    const world = newWorld(t)
    const { zk, clock, ensemble } = world
    ensemble.reach = () => 'refused'
    outcomeOf(zk.connect())
    await clock.advance(60_000)
    ensemble.reach = () => 'open'
    await clock.advance(60_000)
    t.equal(zk.state, 'connected')
    zk.on('state', ({ state }) => state === 'suspended' && outcomeOf(zk.restart()))
    ensemble.link.close()
    await clock.advance(50)
    t.strictSame([zk.state, zk.generation], ['connected', 2])
  },
)

t.test('restart: closed in the pause before its first attempt, nothing is left', async t => {
  const { zk, clock, ensemble } = await connectedWorld(t)
  ensemble.reach = () => 'refused'
  const off = zk.on('state', ({ state }) => state === 'suspended' && outcomeOf(zk.restart()))
  ensemble.link.close()
  await clock.settle()
  off()
  t.equal(zk.state, 'connecting')
  const closing = outcomeOf(zk.close())
  await clock.settle()
  t.strictSame([closing.state, zk.state, clock.scheduled], ['resolved', 'closed', 0])
})

t.test(
  'H7: only a link that lasts for a third of the session timeout makes the next pauses short',
  async t => {
    for (const [lasts, pause] of [
      [2999, 30_000],
      [3001, 50],
    ] as const) {
      const { zk, clock, ensemble } = newWorld(t)
      ensemble.reach = () => 'refused'
      outcomeOf(zk.connect())
      // Ten pauses that double: the next is one of half a minute, but for the session there is to save.
      await clock.advance(50 * (2 ** 10 - 1) - 1)
      ensemble.reach = () => 'open'
      await clock.advance(1)
      t.equal(zk.state, 'connected')
      await clock.advance(lasts)
      ensemble.link.close()
      await clock.settle()
      t.equal(Math.round(clock.nextTimer ?? 0), Math.min(pause, zk.sessionTimeout / 4))
    }
  },
)
