// The client's own clock of its session, with the clock in our hand.
import { Lifeline } from '../../../protocol/session/lifeline.ts'
import { timeoutsOf } from '../../../protocol/session/timeouts.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { t } from '../../tap.ts'

/** Ping after 3 s, dead after 6 s, lost after 9 s, expired after 12 s. */
const timeouts = timeoutsOf(9000, 1)

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

t.test('lifeline: stopped between its timer and what it would say, it says nothing', async t => {
  const { clock, lifeline, log } = startLifeline()
  lifeline.established(timeouts, clock.now())
  clock.afterNextTimer(() => clock.afterNextTimer(() => lifeline.stop()))
  await clock.advance(100_000)
  t.strictSame(log, [])
  t.equal(lifeline.remaining, 0)
})
