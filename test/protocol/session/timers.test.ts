// Heartbeat, lifeline and deadlines, with the clock in our hand.

import type { Operation } from '../../../protocol/operations.ts'
import { operations } from '../../../protocol/operations.ts'
import { Deadlines } from '../../../protocol/session/deadlines.ts'
import { Heartbeat } from '../../../protocol/session/heartbeat.ts'
import { Lifeline } from '../../../protocol/session/lifeline.ts'
import { PendingRequest } from '../../../protocol/session/pending-request.ts'
import { timeoutsOf } from '../../../protocol/session/timeouts.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { codeOf, outcomeOf } from '../../support/outcome.ts'
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

interface Life {
  readonly clock: FakeClock
  readonly lifeline: Lifeline
  readonly log: string[]
}

function startLifeline(): Life {
  const clock = new FakeClock()
  const start = clock.now()
  const log: string[] = []
  const lifeline = new Lifeline(clock, {
    silent: () => log.push(`silent at ${clock.now() - start}`),
    expired: () => log.push(`expired at ${clock.now() - start}`),
  })
  return { clock, lifeline, log }
}

t.test('lifeline: without a session there is nothing to lose', async t => {
  const { clock, lifeline, log } = startLifeline()
  await clock.advance(100_000)
  t.strictSame(log, [])
  lifeline.stop()
  t.equal(clock.scheduled, 0)
})

t.test(
  'H6: lifeline: lost after the session timeout, expired after four thirds of it, once each',
  async t => {
    const { clock, lifeline, log } = startLifeline()
    lifeline.established(timeouts, clock.now())
    await clock.advance(8999)
    t.strictSame(log, [])
    await clock.advance(100_000)
    t.strictSame(log, ['silent at 9000', 'expired at 12000'])
    t.equal(clock.scheduled, 0)
  },
)

t.test(
  'H6: lifeline: a proof counts from when the request was sent, not from when it was answered',
  async t => {
    const { clock, lifeline, log } = startLifeline()
    const sentAt = clock.now()
    await clock.advance(1000)
    lifeline.established(timeouts, sentAt)
    const second = clock.now()
    await clock.advance(4000)
    lifeline.proven(second)
    lifeline.proven(sentAt)
    await clock.advance(10_000)
    t.strictSame(log, ['silent at 10000', 'expired at 13000'], 'and an older proof takes nothing back')
  },
)

t.test('lifeline: a handshake brings a lost session back, with its new timeout', async t => {
  const { clock, lifeline, log } = startLifeline()
  lifeline.established(timeouts, clock.now())
  await clock.advance(10_000)
  lifeline.established(timeoutsOf(3000, 1), clock.now())
  await clock.advance(10_000)
  t.strictSame(log, ['silent at 9000', 'silent at 13000', 'expired at 14000'])
})

t.test('lifeline: a proof that comes after `lost` still puts off the expiry', async t => {
  const { clock, lifeline, log } = startLifeline()
  lifeline.established(timeouts, clock.now())
  await clock.advance(9000)
  lifeline.proven(clock.now() - 1000)
  await clock.advance(10_999)
  t.strictSame(log, ['silent at 9000'])
  await clock.advance(1)
  t.strictSame(log, ['silent at 9000', 'expired at 20000'])
})

t.test('H13: lifeline: after a stall, answers that have arrived are read before it is judged', async t => {
  const { clock, lifeline, log } = startLifeline()
  lifeline.established(timeouts, clock.now())
  await clock.advance(3000)
  const sentAt = clock.now()
  clock.stall(8000)
  clock.afterNextTimer(() => lifeline.proven(sentAt))
  await clock.advance(0)
  t.strictSame(log, [], 'the proof is 8 s old: the session is not lost')
  await clock.advance(1000)
  t.strictSame(log, ['silent at 12000'])
  lifeline.stop()
  t.equal(clock.scheduled, 0)
})

t.test('H13: lifeline: what is read only while the process waits is read before it is judged', async t => {
  const { clock, lifeline, log } = startLifeline()
  lifeline.established(timeouts, clock.now())
  await clock.advance(3000)
  const sentAt = clock.now()
  clock.stall(8000)
  clock.afterNextTimer(() => clock.afterNextTimer(() => lifeline.proven(sentAt)))
  await clock.advance(0)
  t.strictSame(log, [])
  lifeline.stop()
})

t.test('lifeline: stop() ends it, also from inside its own report', async t => {
  const clock = new FakeClock()
  const lifeline: Lifeline = new Lifeline(clock, {
    silent: () => lifeline.stop(),
    expired: () => t.fail('stopped before'),
  })
  lifeline.established(timeouts, clock.now())
  await clock.advance(100_000)
  t.equal(clock.scheduled, 0)
})

const nobody = (): void => {}

function requestDue(deadline: number): PendingRequest {
  const row = operations.getData as Operation<unknown, unknown>
  const request = new PendingRequest(row, {}, '/a', '/a', null)
  request.deadline = deadline
  return request
}

t.test('deadlines: each request fails in its time, and one timer serves all', async t => {
  const clock = new FakeClock()
  const start = clock.now()
  const requests = [5000, 1000, 3000, Number.POSITIVE_INFINITY].map(ms => requestDue(start + ms))
  const outcomes = requests.map(request => outcomeOf(request.promise))
  const codes = (): string[] => outcomes.map(codeOf)
  let told = 0
  const deadlines = new Deadlines(
    clock,
    () => requests,
    () => told++,
  )
  for (const request of requests) deadlines.watch(request)
  t.equal(clock.scheduled, 1)
  await clock.advance(999)
  t.strictSame(codes(), ['pending', 'pending', 'pending', 'pending'])
  await clock.advance(51)
  t.strictSame(codes(), ['pending', 'REQUEST_TIMEOUT', 'pending', 'pending'])
  await clock.advance(2000)
  t.strictSame(codes(), ['pending', 'REQUEST_TIMEOUT', 'REQUEST_TIMEOUT', 'pending'])
  await clock.advance(2000)
  t.strictSame(codes(), ['REQUEST_TIMEOUT', 'REQUEST_TIMEOUT', 'REQUEST_TIMEOUT', 'pending'])
  t.equal(clock.scheduled, 0, 'a request without a deadline needs no timer')
  t.equal(told, 3)
})

t.test('deadlines: a request that was answered is left alone', async t => {
  const clock = new FakeClock()
  const request = requestDue(clock.now() + 1000)
  const outcome = outcomeOf(request.promise)
  const deadlines = new Deadlines(clock, () => [request], nobody)
  deadlines.watch(request)
  request.resolve('answer')
  await clock.advance(5000)
  t.equal(outcome.value, 'answer')
  t.equal(clock.scheduled, 0)
})

t.test('deadlines: stop() leaves no timer', async t => {
  const clock = new FakeClock()
  const request = requestDue(clock.now() + 1000)
  const outcome = outcomeOf(request.promise)
  const deadlines = new Deadlines(clock, () => [request], nobody)
  deadlines.watch(request)
  deadlines.stop()
  t.equal(clock.scheduled, 0)
  await clock.advance(5000)
  t.equal(outcome.state, 'pending')
})

t.test('deadlines: later requests do not move the timer, earlier ones do', async t => {
  const clock = new FakeClock()
  const deadlines = new Deadlines(clock, () => [], nobody)
  deadlines.watch(requestDue(clock.now() + 1000))
  const before = clock.nextTimer
  deadlines.watch(requestDue(clock.now() + 2000))
  t.equal(clock.nextTimer, before)
  deadlines.watch(requestDue(clock.now() + 500))
  t.ok((clock.nextTimer ?? 0) < (before ?? 0))
  deadlines.stop()
})
