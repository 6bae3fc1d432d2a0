// The states of a session: the whole table, and the timeouts that drive it.
import type { SessionEvent, SessionState } from '../../../protocol/session/states.ts'
import { isLinked, isTerminal, nextState } from '../../../protocol/session/states.ts'
import { timeoutsOf } from '../../../protocol/session/timeouts.ts'
import { t } from '../../tap.ts'

const events: readonly SessionEvent[] = [
  'established',
  'establishedReadOnly',
  'linkLost',
  'silent',
  'expired',
  'authFailed',
  'closed',
]

/** One row a state, one column an event; a dot where nothing changes. */
const table = `
connecting         connected connectedReadOnly .         .    expired authFailed closed
connected          .         .                 suspended lost expired authFailed closed
connectedReadOnly  .         .                 suspended lost expired authFailed closed
suspended          connected connectedReadOnly .         lost expired authFailed closed
lost               connected connectedReadOnly .         .    expired authFailed closed
expired            .         .                 .         .    .       .          .
authFailed         .         .                 .         .    .       .          .
closed             .         .                 .         .    .       .          .`

const rows = table
  .trim()
  .split('\n')
  .map(line => line.split(/ +/))

t.test('session states: every event in every state', async t => {
  for (const [from, ...cells] of rows) {
    events.forEach((event, i) => {
      const to = cells[i] === '.' ? from : cells[i]
      t.equal(nextState(from as SessionState, event), to, `${from} and ${event}`)
    })
  }
  t.equal(rows.length, 8)
})

t.test('session states: which are final, and which have a link', async t => {
  const states = rows.map(([state]) => state as SessionState)
  t.strictSame(states.filter(isTerminal), ['expired', 'authFailed', 'closed'])
  t.strictSame(states.filter(isLinked), ['connected', 'connectedReadOnly'])
})

t.test('timeouts: all follow from the session timeout', async t => {
  t.strictSame(timeoutsOf(9000, 3), { connect: 3000, read: 6000, ping: 3000, lost: 9000, expired: 12_000 })
})

t.test(
  'timeouts: an attempt gets its share of the session timeout, but never less than a second',
  async t => {
    t.equal(timeoutsOf(9000, 1).connect, 9000)
    t.equal(timeoutsOf(9000, 100).connect, 1000)
    t.equal(timeoutsOf(500, 1).connect, 1000)
    t.equal(timeoutsOf(9000, 0).connect, 9000, 'no address known yet counts as one')
  },
)

t.test(
  'H1: timeouts: two pings fit into the read timeout, and dead comes before lost before expired',
  async t => {
    for (const timeout of [1000, 4000, 9000, 40_000]) {
      const { ping, read, lost, expired } = timeoutsOf(timeout, 3)
      t.ok(2 * ping <= read && read < lost && lost < expired, `${timeout}`)
    }
  },
)
