// The time for one attempt to connect: its share of what is left of the session.
import { attemptTimeout, timeoutsOf } from '../../../protocol/session/timeouts.ts'
import { t } from '../../tap.ts'

const NEVER = Number.POSITIVE_INFINITY

t.test('attempt timeout: without a session to save, its share of the session timeout', async t => {
  for (const addresses of [0, 1, 3, 100]) {
    t.equal(attemptTimeout(9000, addresses, NEVER), timeoutsOf(9000, addresses).connect, `${addresses}`)
  }
})

t.test('H2: attempt timeout: with a session to save, its share of what is left of it', async t => {
  t.equal(attemptTimeout(9000, 3, 9000), 3000)
  t.equal(attemptTimeout(9000, 3, 6000), 2000)
  t.equal(attemptTimeout(9000, 1, 6000), 3000, 'time for another attempt')
  t.equal(attemptTimeout(9000, 2, 60_000), 4500, 'never more than without one')
})

t.test('attempt timeout: at the end of a session an attempt still gets the time to succeed', async t => {
  t.equal(attemptTimeout(9000, 3, 0), 750)
  t.equal(attemptTimeout(90_000, 3, 0), 1000)
  t.equal(attemptTimeout(9000, 0, 0), 1000, 'no address known yet counts as one')
})

t.test('attempt timeout: while a third of the session is left, each address gets its turn', async t => {
  for (const timeout of [1000, 4000, 9000, 40_000]) {
    for (const addresses of [1, 2, 3, 5, 9]) {
      const left = timeout / 3
      const all = addresses * attemptTimeout(timeout, addresses, left)
      t.ok(all <= Math.max(left, timeout / 4) + 1e-6, `${addresses} addresses, ${timeout} ms: ${all}`)
    }
  }
})
