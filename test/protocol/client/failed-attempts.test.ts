// What is told of attempts to connect that failed: why, at which server, and what it was told.
import { ConnectError } from '../../../protocol/errors.ts'
import type { Progress } from '../../../protocol/session/attempt-failure.ts'
import { failureOf } from '../../../protocol/session/attempt-failure.ts'
import { outcomeOf } from '../../support/outcome.ts'
import { connectedWorld, newWorld, reconnect } from '../../support/scripted-client.ts'
import type { ScriptedConnection } from '../../support/scripted-server.ts'
import { aStat } from '../../support/scripted-server.ts'
import { t } from '../../tap.ts'

t.test('H9: servers that hang up on what the client has seen are told apart from others', async t => {
  const world = await connectedWorld(t, { servers: 'one:1,two:2' })
  const { zk, clock, ensemble, states } = world
  const read = outcomeOf(zk.exists('/a'))
  await clock.settle()
  ensemble.link.reply(ensemble.link.take('exists'), aStat, 0x500000007n)
  await clock.settle()
  t.equal(read.state, 'resolved')
  const failures: ConnectError[] = []
  zk.on('attemptFailed', error => failures.push(error))
  ensemble.onHandshake = connection => {
    // As a server does that is behind: it says nothing.
    if ((connection.handshake?.lastZxidSeen ?? 0n) > 5n) connection.close()
    else ensemble.admit(connection)
  }
  ensemble.link.close()
  await clock.advance(8000)
  t.ok(failures.length >= 4)
  for (const { message, reason, server, lastZxid, code } of failures) {
    t.strictSame([reason, lastZxid, code], ['closedBeforeResponse', 0x500000007n, 'CONNECTION_LOSS'])
    t.match(server, /^(one|two) \(10\.0\.0\.1:[12]\)$/)
    t.match(
      message,
      /^(one|two) \(10\.0\.0\.1:[12]\): closed before .*zxid 0x500000007, is the server behind\?$/,
    )
  }
  await clock.advance(40_000)
  t.equal(zk.state, 'connected', 'without a restart')
  t.equal(zk.generation, 2)
  t.strictSame(states, ['connected', 'suspended', 'lost', 'expired', 'connecting', 'connected'])
  t.equal(ensemble.link.handshake?.lastZxidSeen, 0n, 'the new session begins without a history')
  await reconnect(world)
  t.equal(ensemble.link.handshake?.lastZxidSeen, 0n, 'and has none before it was told one')
})

t.test('H9: a server that hangs up on a client without a history gives no such hint', async t => {
  const { zk, clock, ensemble } = newWorld(t)
  ensemble.onHandshake = connection => connection.close()
  const failures: Error[] = []
  zk.on('attemptFailed', error => failures.push(error))
  zk.connect().catch(() => {})
  await clock.settle()
  t.match(failures, [
    {
      message: /^zk \(10\.0\.0\.1:2181\): closed before the handshake was answered$/,
      reason: 'closedBeforeResponse',
      lastZxid: 0n,
    },
  ])
})

t.test('H9: each failed attempt says in a field why, at which server, and what it was told', async t => {
  const failures: ConnectError[] = []
  const world = newWorld(t, { lookup: async () => (resolves ? ['10.0.0.1'] : []) })
  const { zk, clock, ensemble } = world
  let resolves = false
  zk.on('attemptFailed', error => failures.push(error))
  outcomeOf(zk.connect())
  /** The failure of the next attempts, under other circumstances. */
  const next = async (change: () => void): Promise<unknown> => {
    change()
    await clock.advance(45_000)
    const { reason, server, lastZxid } = failures.at(-1)!
    return [reason, server, lastZxid]
  }
  const zk1 = 'zk (10.0.0.1:2181)'
  t.strictSame(await next(() => {}), ['unresolved', null, 0n])
  const refused = (): void => {
    resolves = true
    ensemble.reach = () => 'refused'
  }
  t.strictSame(await next(refused), ['unreachable', zk1, 0n], 'an error without a code of the system')
  ensemble.reach = () => 'open'
  const answers: [string, (connection: ScriptedConnection) => void][] = [
    ['timeout', () => {}],
    ['closedBeforeResponse', connection => connection.transport.break(reset())],
    ['badResponse', connection => connection.raw('48545450 2f312e31')],
    ['badResponse', connection => connection.raw('00000004 00000000')],
    ['noSessions', connection => connection.raw('00000010 00000000 0000000000000000 ffffff89')],
    ['sessionRefused', connection => connection.denySession()],
  ]
  for (const [reason, answer] of answers) {
    t.strictSame(await next(() => (ensemble.onHandshake = answer)), [reason, zk1, 0n])
  }
  for (const failure of failures) {
    t.type(failure, ConnectError)
    t.equal(failure.operation, 'connect')
  }
})

t.test('H9: systems name their errors, and so does the failure', async t => {
  const cases = [
    ['ECONNREFUSED', 'refused'],
    ['EHOSTUNREACH', 'unreachable'],
    ['DEPTH_ZERO_SELF_SIGNED_CERT', 'tls'],
    ['ERR_TLS_CERT_ALTNAME_INVALID', 'tls'],
  ]
  for (const [code, reason] of cases) {
    const progress: Progress = { stage: 'connect', address: null, lastZxid: 5n }
    const failure = failureOf(progress, Object.assign(new Error('no'), { code }))
    t.match(failure, { reason, server: null, lastZxid: 5n, message: 'no' })
    t.equal(failureOf(progress, failure), failure, 'what is known is not told anew')
  }
})

t.test('H9: an attempt that succeeds is no failed one', async t => {
  const world = newWorld(t)
  const failures: unknown[] = []
  world.zk.on('attemptFailed', error => failures.push(error))
  outcomeOf(world.zk.connect())
  await world.clock.settle()
  await reconnect(world)
  t.equal(world.zk.state, 'connected')
  t.strictSame(failures, [])
  t.strictSame(world.zk.status().troubles, { warning: null, attemptFailed: null })
})

function reset(): Error {
  return Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' })
}
