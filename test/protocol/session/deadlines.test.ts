// The deadlines of requests, with the clock in our hand.
import type { Operation } from '../../../protocol/operations.ts'
import { operations } from '../../../protocol/operations.ts'
import { Deadlines } from '../../../protocol/session/deadlines.ts'
import { PendingRequest } from '../../../protocol/session/pending-request.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { codeOf, outcomeOf } from '../../support/outcome.ts'
import { t } from '../../tap.ts'

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
