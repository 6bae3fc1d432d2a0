// What a connection counts: request numbers, requests on their way, and the newest zxid.
import type { Operation } from '../../../protocol/operations.ts'
import { operations } from '../../../protocol/operations.ts'
import { InFlight, XidCounter } from '../../../protocol/session/in-flight.ts'
import { LastZxid } from '../../../protocol/session/last-zxid.ts'
import { PendingRequest } from '../../../protocol/session/pending-request.ts'
import { failureOf, outcomeOf } from '../../support/outcome.ts'
import { t } from '../../tap.ts'

function requestOf(name: keyof typeof operations, xid = 0): PendingRequest {
  const row = operations[name] as Operation<unknown, unknown>
  const request = new PendingRequest(row, { operations: [] }, '/a', '/a', null)
  request.xid = xid
  return request
}

t.test('H14: xid: counts from 1 and wraps from 2^31-1 to 1, past all numbers with a meaning', async t => {
  const first = new XidCounter()
  t.strictSame([first.next(), first.next()], [1, 2])
  const last = new XidCounter(2 ** 31 - 3)
  t.strictSame([last.next(), last.next(), last.next(), last.next()], [2 ** 31 - 2, 2 ** 31 - 1, 1, 2])
})

t.test('H14: in flight: replies are matched first in, first out, across the wrap', async t => {
  const inFlight = new InFlight()
  const requests = [2 ** 31 - 1, 1, 2].map(xid => requestOf('getData', xid))
  for (const request of requests) inFlight.push(request)
  t.equal(inFlight.size, 3)
  for (const request of requests) t.equal(inFlight.take(request.xid), request)
  t.equal(inFlight.size, 0)
})

t.test('H14: in flight: another xid than the next one is refused, and takes nothing away', async t => {
  const inFlight = new InFlight()
  inFlight.push(requestOf('getData', 1))
  inFlight.push(requestOf('getData', 2))
  t.throws(() => inFlight.take(2), { name: 'XidMismatch', message: 'reply with xid 2, where 1 was expected' })
  t.equal(inFlight.size, 2)
  t.equal(inFlight.drain().length, 2)
  t.throws(() => inFlight.take(1), { message: /where none was expected/ })
})

function observed(...zxids: bigint[]): bigint {
  const last = new LastZxid()
  for (const zxid of zxids) last.observe(Number(zxid >> 32n), Number(zxid & 0xffff_ffffn))
  return last.value
}

t.test('last zxid: the latest one, also across the halves', async t => {
  t.equal(observed(), 0n)
  t.equal(observed(5n), 5n)
  t.equal(observed(0xffff_ffffn), 0xffff_ffffn)
  t.equal(observed(0x1_0000_0000n), 0x1_0000_0000n)
  t.equal(observed(0x7fff_ffff_ffff_ffffn), 0x7fff_ffff_ffff_ffffn)
  t.equal(observed(9n, 5n), 5n, 'the latest, not the highest')
})

t.test('H21: last zxid: zero and negative ones tell nothing', async t => {
  t.equal(observed(5n, 0n), 5n)
  t.equal(observed(5n, -1n), 5n)
  t.equal(observed(5n, -(2n ** 63n)), 5n)
})

t.test('last zxid: can be set', async t => {
  const last = new LastZxid()
  last.value = 0x12_8000_0001n
  t.equal(last.value, 0x12_8000_0001n)
})

t.test('H31: request: its error tells whether it may have been executed', async t => {
  const may = (name: keyof typeof operations, attempts: number): boolean => {
    const request = requestOf(name)
    request.attempts = attempts
    return request.error('CONNECTION_LOSS').mayHaveApplied
  }
  t.equal(may('create', 0), false, 'a write that was never sent')
  t.equal(may('create', 1), true, 'a write that was sent')
  t.equal(may('multi', 1), true)
  t.equal(may('getData', 1), false, 'a read')
  t.equal(may('sync', 1), false)
})

t.test('request: it is settled once', async t => {
  const request = requestOf('create')
  const outcome = outcomeOf(request.promise)
  request.fail('CLOSED')
  request.fail('REQUEST_TIMEOUT')
  request.resolve(1)
  await request.promise.catch(() => {})
  t.match(failureOf(outcome), { code: 'CLOSED', path: '/a', operation: 'create' })
})
