// One connection by itself: request numbers across their wrap, and answers that do not fit them.
import type { Transport } from '../../../protocol/net/transport.ts'
import type { Operation } from '../../../protocol/operations.ts'
import { operations } from '../../../protocol/operations.ts'
import type { ConnectionEnvironment } from '../../../protocol/session/connection.ts'
import { Connection } from '../../../protocol/session/connection.ts'
import { connectRequestFor } from '../../../protocol/session/handshake.ts'
import { XidCounter } from '../../../protocol/session/in-flight.ts'
import { LastZxid } from '../../../protocol/session/last-zxid.ts'
import { PendingRequest } from '../../../protocol/session/pending-request.ts'
import { ServerSkills } from '../../../protocol/session/server-skills.ts'
import { timeoutsOf } from '../../../protocol/session/timeouts.ts'
import { WatchTable } from '../../../protocol/session/watch-table.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { codeOf, outcomeOf } from '../../support/outcome.ts'
import { aStat, ScriptedEnsemble } from '../../support/scripted-server.ts'
import type { Test } from '../../tap.ts'
import { t } from '../../tap.ts'

const LARGEST = 2 ** 31 - 1

interface Stage {
  readonly clock: FakeClock
  readonly ensemble: ScriptedEnsemble
  readonly connection: Connection
  /** Requests without an answer, once the connection is over. */
  readonly unanswered: PendingRequest[]
  readonly causes: (Error | undefined)[]
}

/** An open connection whose next request number is `next`. */
async function opened(t: Test, next: number): Promise<Stage> {
  const clock = new FakeClock()
  const ensemble = new ScriptedEnsemble()
  const stage = { clock, ensemble, unanswered: [] as PendingRequest[], causes: [] as (Error | undefined)[] }
  const environment: ConnectionEnvironment = {
    clock,
    xids: new XidCounter(next - 1),
    lastZxid: new LastZxid(),
    watches: new WatchTable(),
    skills: new ServerSkills(clock),
    maxRequestSize: 1000,
    maxResponseSize: 1000,
  }
  const { signal } = new AbortController()
  const address = { host: 'zk', port: 1, ip: '10.0.0.1' }
  const transport: Transport = await ensemble.connect(address, signal)
  const connection = new Connection(transport, environment, {
    proven: () => {},
    notified: () => {},
    writable: () => {},
    authFailed: () => {},
    stalled: () => {},
    closed: (cause, left) => {
      stage.causes.push(cause)
      stage.unanswered.push(...left)
    },
  })
  const input = { session: null, sessionTimeout: 9000, lastZxid: 0n, readOnly: false }
  const answer = connection.handshake(connectRequestFor(input))
  await clock.settle()
  await answer
  connection.open(timeoutsOf(9000, 1))
  t.teardown(() => connection.close())
  return { ...stage, connection }
}

function read(path: string): PendingRequest {
  const row = operations.exists as Operation<unknown, unknown>
  return new PendingRequest(row, { path, watch: false }, path, path, null)
}

t.test('H14: request numbers wrap from 2^31-1 to 1, and every answer finds its request', async t => {
  const { clock, ensemble, connection } = await opened(t, LARGEST - 2)
  const requests = Array.from({ length: 6 }, (_, i) => read(`/${i}`))
  const outcomes = requests.map(({ promise }) => outcomeOf(promise))
  for (const request of requests) connection.send(request)
  await clock.settle()
  const { link } = ensemble
  t.strictSame(
    link.requests.map(({ xid }) => xid),
    [LARGEST - 2, LARGEST - 1, LARGEST, 1, 2, 3],
  )
  for (const [i, request] of link.requests.entries()) link.reply(request, { ...aStat, version: i })
  await clock.settle()
  t.match(
    outcomes,
    [0, 1, 2, 3, 4, 5].map(version => ({ state: 'resolved', value: { version } })),
  )
  t.equal(link.closed, false)
})

t.test('H14: an answer out of its turn ends the connection, with all that is on its way', async t => {
  for (const wrong of [2, 4, LARGEST, 0, -3, -8]) {
    const { clock, ensemble, connection, unanswered, causes } = await opened(t, 1)
    const requests = [read('/1'), read('/2'), read('/3')]
    for (const request of requests) connection.send(request)
    await clock.settle()
    ensemble.link.reply({ xid: wrong, name: 'exists', body: undefined }, aStat)
    ensemble.link.reply({ xid: 1, name: 'exists', body: undefined }, aStat)
    await clock.settle()
    t.strictSame(unanswered, requests, `${wrong}`)
    t.match(causes, [{ name: 'XidMismatch', message: `reply with xid ${wrong}, where 1 was expected` }])
    t.ok(
      requests.every(({ progress }) => progress === 'sent'),
      'nothing that came behind it was believed',
    )
    t.equal(ensemble.link.closed, true)
  }
})

t.test('connection: a request for one that has ended fails at once', async t => {
  const { connection } = await opened(t, 1)
  connection.close(new Error('over'))
  const request = read('/a')
  const outcome = outcomeOf(request.promise)
  connection.send(request)
  await Promise.resolve()
  t.match(outcome, { state: 'rejected', error: { code: 'CONNECTION_LOSS', mayHaveApplied: false } })
})

t.test('connection: nothing is written behind its end', async t => {
  const { clock, ensemble, connection, unanswered } = await opened(t, 1)
  const { transport } = ensemble.link
  const before = transport.writes.length
  const [first, second] = [read('/1'), read('/2')]
  const late = outcomeOf(second.promise)
  connection.send(first)
  connection.close()
  connection.send(second)
  await clock.settle()
  t.equal(transport.writes.length, before)
  t.strictSame(unanswered, [first])
  t.equal(codeOf(late), 'CONNECTION_LOSS')
})
