// Requests that wait for a connection: in bytes of their own, counted to the byte, and let go when they are sent.
import { Buffer } from 'node:buffer'
import type { Operation } from '../../../protocol/operations.ts'
import { operations } from '../../../protocol/operations.ts'
import { PendingRequest } from '../../../protocol/session/pending-request.ts'
import { RequestQueue } from '../../../protocol/session/request-queue.ts'
import type { Outcome } from '../../support/outcome.ts'
import { codeOf, failureOf, outcomeOf } from '../../support/outcome.ts'
import { t } from '../../tap.ts'

const LIMITS = { maxQueuedRequests: 10, maxQueuedBytes: 1_000_000, maxRequestSize: 1000 }
/** A body that fits all operations used here. */
const BODY = { path: '/a', watch: false, data: null, acl: [], flags: 0, version: -1 }

function requestOf(name: keyof typeof operations, xid = 0, body: unknown = BODY): PendingRequest {
  const row = operations[name] as Operation<unknown, unknown>
  const request = new PendingRequest(row, body, '/a', '/a', null)
  request.xid = xid
  return request
}

function hex(digits: string): string {
  return digits.replaceAll(' ', '')
}

/** Sends what waits; tells the bytes that were given to the connection. */
function pumped(queue: RequestQueue): (string | undefined)[] {
  const sent: (string | undefined)[] = []
  const send = (request: PendingRequest): void => {
    sent.push(request.encoded?.toString('hex'))
    request.progress = 'sent'
    request.attempts++
  }
  const sendAlone = (request: PendingRequest): boolean => {
    send(request)
    return true
  }
  queue.pump({ ready: true, send, sendAlone })
  return sent
}

t.test('H31: request queue: after a connection loss, reads go back to the head and writes fail', async t => {
  const queue = new RequestQueue(LIMITS)
  const waiting = requestOf('getData', 9)
  queue.push(waiting)
  const sent = [
    requestOf('getData', 1),
    requestOf('create', 2),
    requestOf('exists', 3),
    requestOf('getACL', 4),
  ]
  const outcomes = sent.map(request => outcomeOf(request.promise))
  for (const request of sent) {
    request.attempts = 1
    request.progress = 'sent'
  }
  sent[3]?.reject(new Error('aborted'))
  queue.restore(sent, 'CONNECTION_LOSS', new Error('reset'))
  await Promise.resolve()
  t.strictSame(outcomes.map(codeOf), ['pending', 'CONNECTION_LOSS', 'pending', 'Error: aborted'])
  t.match(failureOf(outcomes[1] as Outcome<unknown>), { mayHaveApplied: true, cause: { message: 'reset' } })
  t.strictSame(
    queue.drain().map(({ xid }) => xid),
    [1, 3, 9],
  )
})

t.test('request queue: a read that broke five connections is given up', async t => {
  const queue = new RequestQueue(LIMITS)
  const request = requestOf('getData')
  const outcome = outcomeOf(request.promise)
  request.attempts = 5
  request.progress = 'sent'
  queue.restore([request], 'CONNECTION_LOSS', undefined)
  await Promise.resolve()
  t.equal(codeOf(outcome), 'CONNECTION_LOSS')
})

t.test('H10: request queue: above its limit it refuses', async t => {
  const queue = new RequestQueue({ ...LIMITS, maxQueuedRequests: 2 })
  const requests = [1, 2, 3].map(xid => requestOf('create', xid))
  const outcomes = requests.map(request => outcomeOf(request.promise))
  for (const request of requests) queue.push(request)
  await Promise.resolve()
  t.strictSame(outcomes.map(codeOf), ['pending', 'pending', 'QUEUE_FULL'])
  t.equal(failureOf(outcomes[2] as Outcome<unknown>).mayHaveApplied, false)
})

t.test('H10: request queue: requests that nobody waits for any more take no place', async t => {
  const queue = new RequestQueue({ ...LIMITS, maxQueuedRequests: 2 })
  const settled = [1, 2].map(xid => requestOf('getData', xid))
  for (const request of settled) {
    queue.push(request)
    request.resolve('aborted meanwhile')
  }
  const late = requestOf('getData', 3)
  const outcome = outcomeOf(late.promise)
  queue.push(late)
  await Promise.resolve()
  t.equal(codeOf(outcome), 'pending')
  t.strictSame(queue.drain(), [late])
})

t.test('request queue: a write is kept in its bytes alone, and they are let go when it is sent', async t => {
  const queue = new RequestQueue(LIMITS)
  const body = { path: '/a', data: Buffer.from('as it was'), version: 3 }
  const write = requestOf('setData', 0, body)
  queue.push(write)
  body.data.fill(0)
  t.equal(write.request, undefined, 'the data of the caller is not held')
  const data = Buffer.from('as it was').toString('hex')
  t.strictSame(pumped(queue), [hex(`00000005 00000002 2f61 00000009 ${data} 00000003`)])
  t.equal(write.encoded, null)
  t.equal(queue.size, 0)
})

t.test('request queue: a read is encoded each time that it has to wait', async t => {
  const queue = new RequestQueue(LIMITS)
  const read = requestOf('getData', 0, { path: '/a', watch: true })
  const bytes = hex('00000004 00000002 2f61 01')
  queue.push(read)
  for (let attempt = 1; attempt < 5; attempt++) {
    t.strictSame(pumped(queue), [bytes])
    t.equal(read.encoded, null)
    queue.restore([read], 'CONNECTION_LOSS', undefined)
  }
  t.strictSame(queue.drain(), [read])
  const next = new RequestQueue(LIMITS)
  next.push(read)
  t.strictSame(pumped(next), [bytes], 'also for the next session')
})

t.test('H30: request queue: what cannot be sent is refused when it comes, and takes no place', async t => {
  const queue = new RequestQueue({ ...LIMITS, maxQueuedRequests: 1 })
  const large = requestOf('setData', 0, { path: '/a', data: Buffer.alloc(979), version: -1 })
  const unreadable = requestOf('setData', 0, {})
  const fitting = requestOf('setData', 0, { path: '/a', data: Buffer.alloc(978), version: -1 })
  const outcomes = [large, unreadable, fitting].map(({ promise }) => outcomeOf(promise))
  for (const request of [large, unreadable, fitting]) queue.push(request)
  await Promise.resolve()
  t.match(outcomes[0]?.error, {
    name: 'PacketTooLargeError',
    size: 1001,
    limit: 1000,
    path: '/a',
    operation: 'setData',
    mayHaveApplied: false,
  })
  t.type(outcomes[1]?.error, TypeError)
  t.equal(outcomes[2]?.state, 'pending')
  t.equal(queue.size, 1)
})

t.test('request queue: a large request leaves nothing behind for the next one', async t => {
  const queue = new RequestQueue({ ...LIMITS, maxRequestSize: 1_000_000 })
  const [first, small, second] = [
    requestOf('setData', 0, { path: '/a', data: Buffer.alloc(100_000, 1), version: 0 }),
    requestOf('delete', 0, { path: '/b', version: 0 }),
    requestOf('setData', 0, { path: '/c', data: Buffer.alloc(100_000, 2), version: 0 }),
  ]
  for (const request of [first, small, second]) queue.push(request)
  t.strictSame(pumped(queue), [
    hex(`00000005 00000002 2f61 000186a0 ${'01'.repeat(100_000)} 00000000`),
    hex('00000002 00000002 2f62 00000000'),
    hex(`00000005 00000002 2f63 000186a0 ${'02'.repeat(100_000)} 00000000`),
  ])
})
