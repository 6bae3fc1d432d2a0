// The heartbeat of a connection, with the clock in our hand.
import { Heartbeat } from '../../../protocol/session/heartbeat.ts'
import { timeoutsOf } from '../../../protocol/session/timeouts.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { t } from '../../tap.ts'

/** Ping after 3 s, dead after 6 s, lost after 9 s, expired after 12 s. */
const timeouts = timeoutsOf(9000, 1)

interface Beat {
  readonly clock: FakeClock
  readonly heartbeat: Heartbeat
  readonly log: string[]
}

function startHeartbeat(): Beat {
  const clock = new FakeClock()
  const start = clock.now()
  const log: string[] = []
  const note = (what: string): void => {
    log.push(`${what} at ${clock.now() - start}`)
  }
  const heartbeat = new Heartbeat(clock, timeouts, {
    ping: () => note('ping'),
    dead: silentFor => note(`dead after ${silentFor}`),
    stalled: ms => note(`stalled for ${ms}`),
  })
  return { clock, heartbeat, log }
}

t.test('H1: heartbeat: an idle connection is pinged each third of the session timeout', async t => {
  const { clock, heartbeat, log } = startHeartbeat()
  for (let i = 0; i < 9; i++) {
    await clock.advance(1000)
    heartbeat.received(clock.now())
  }
  t.strictSame(log, ['ping at 3000', 'ping at 6000', 'ping at 9000'])
  heartbeat.stop()
  t.equal(clock.scheduled, 0)
})

t.test('H13: heartbeat: a third that no number is exactly costs one timer for each ping', async t => {
  for (let sessionTimeout = 1000; sessionTimeout < 1100; sessionTimeout++) {
    let timers = 0
    const clock = new (class extends FakeClock {
      override schedule(ms: number, task: () => void): ReturnType<FakeClock['schedule']> {
        if (++timers > 50) throw new Error('it wakes without end')
        return super.schedule(ms, task)
      }
    })()
    let pings = 0
    const beat = { ping: () => pings++, dead: () => {}, stalled: () => {} }
    const heartbeat = new Heartbeat(clock, timeoutsOf(sessionTimeout, 1), beat)
    for (let i = 0; i < 20; i++) {
      await clock.advance(sessionTimeout / 3 + 1)
      heartbeat.received(clock.now())
    }
    heartbeat.stop()
    t.ok(timers <= pings + 2, `${timers} timers for ${pings} pings`)
  }
})

t.test('H1: heartbeat: what arrives does not put off a ping, however much it is', async t => {
  const { clock, heartbeat, log } = startHeartbeat()
  for (let i = 0; i < 61; i++) {
    await clock.advance(100)
    heartbeat.received(clock.now())
  }
  t.strictSame(log, ['ping at 3000', 'ping at 6000'])
  heartbeat.stop()
})

t.test('heartbeat: what is sent does put off the ping', async t => {
  const { clock, heartbeat, log } = startHeartbeat()
  await clock.advance(2000)
  heartbeat.sent(clock.now())
  heartbeat.received(clock.now())
  await clock.advance(2999)
  t.strictSame(log, [])
  await clock.advance(1)
  t.strictSame(log, ['ping at 5000'])
  heartbeat.stop()
})

t.test(
  'H1: heartbeat: silence for two thirds of the session timeout means dead, whatever is sent',
  async t => {
    const { clock, heartbeat, log } = startHeartbeat()
    await clock.advance(1000)
    heartbeat.received(clock.now())
    for (let i = 0; i < 60; i++) {
      heartbeat.sent(clock.now())
      await clock.advance(100)
    }
    t.strictSame(log, ['dead after 6000 at 7000'])
    t.equal(clock.scheduled, 0, 'and nothing is scheduled any more')
  },
)

t.test(
  'H13: heartbeat: after a stall, what has arrived meanwhile is read before silence is judged',
  async t => {
    const { clock, heartbeat, log } = startHeartbeat()
    clock.stall(20_000)
    clock.afterNextTimer(() => heartbeat.received(clock.now()))
    await clock.advance(0)
    t.strictSame(log, ['stalled for 17000 at 20000', 'ping at 20000'])
    heartbeat.stop()
    t.equal(clock.scheduled, 0)
  },
)

t.test(
  'H13: heartbeat: after a stall without anything to read, it asks first and waits for the answer',
  async t => {
    const { clock, log } = startHeartbeat()
    clock.stall(20_000)
    await clock.advance(0)
    t.strictSame(log, ['stalled for 17000 at 20000', 'ping at 20000'])
    await clock.advance(2999)
    t.equal(log.length, 2, 'the other end has its time')
    await clock.advance(1)
    t.equal(log[2], 'dead after 23000 at 23000')
    t.equal(clock.scheduled, 0)
  },
)

t.test(
  'H13: heartbeat: what is read only while the process waits is read before silence is judged',
  async t => {
    const { clock, heartbeat, log } = startHeartbeat()
    heartbeat.sent(clock.now())
    clock.stall(20_000)
    clock.afterNextTimer(() => clock.afterNextTimer(() => heartbeat.received(clock.now())))
    await clock.advance(0)
    t.strictSame(log, ['stalled for 17000 at 20000', 'ping at 20000'])
    heartbeat.stop()
  },
)

t.test('heartbeat: stopped between a late timer and its judgement, it says nothing', async t => {
  const { clock, heartbeat, log } = startHeartbeat()
  heartbeat.sent(clock.now())
  clock.stall(6000)
  clock.afterNextTimer(() => clock.afterNextTimer(() => heartbeat.stop()))
  await clock.advance(0)
  t.strictSame(log, [])
  t.equal(clock.scheduled, 0)
})

t.test('H13: heartbeat: an answer from before a stall does not cost the next one its time', async t => {
  const { clock, heartbeat, log } = startHeartbeat()
  await clock.advance(3000)
  heartbeat.received(clock.now())
  clock.stall(20_000)
  await clock.advance(2999)
  t.strictSame(log, ['ping at 3000', 'stalled for 17000 at 23000', 'ping at 23000'])
  await clock.advance(1)
  t.equal(log.at(-1), 'dead after 23000 at 26000')
})
