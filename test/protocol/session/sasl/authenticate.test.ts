// SASL on a connection: before anything else, again on each one, and wrong credentials are the end, once.
import { inspect } from 'node:util'
import { digestMd5 } from '../../../../protocol/session/sasl/digest-md5.ts'
import type { SaslMechanism } from '../../../../protocol/session/sasl/mechanism.ts'
import { codeOf, failureOf, outcomeOf } from '../../../support/outcome.ts'
import { reconnect } from '../../../support/scripted-client.ts'
import { t } from '../../../tap.ts'
import { answer, answering, bytes, failuresOf, fourStep, saslWorld } from './sasl-support.ts'

t.test('H33: sasl: before auth, watches and requests, on every connection', async t => {
  const hosts: string[] = []
  const auth = [{ scheme: 'digest', auth: 'a:b' }]
  const world = saslWorld(t, fourStep(hosts), { auth, servers: 'zk.example:2181' })
  answering(world, 'two', 'four')
  const read = outcomeOf(world.zk.get('/a', { watch: () => {} }))
  await world.clock.advance(10)
  const { link } = world.ensemble
  t.strictSame(link.names, ['sasl', 'sasl', 'auth', 'getData'])
  t.match(link.requests, [{ body: { token: bytes('one') } }, { body: { token: bytes('three') } }])
  t.equal(read.state, 'pending')
  t.equal(world.zk.state, 'connected')
  link.refuse(link.requests[3] as never, 0)
  await reconnect(world)
  await world.clock.advance(10)
  t.strictSame(world.ensemble.link.names.slice(0, 3), ['sasl', 'sasl', 'auth'])
  t.strictSame(hosts, ['zk.example', 'zk.example'], 'each with an exchange of its own')
})

t.test('H32: sasl: wrong credentials are one AUTH_FAILED, and the end', async t => {
  const world = saslWorld(t, digestMd5({ username: 'bob', password: 'sesame-open' }))
  const { zk, clock, ensemble, states } = world
  ensemble.onHandshake = connection => {
    ensemble.admit(connection)
    connection.onRequest = request => {
      if (connection.requests.length === 1) connection.reply(request, { token: bytes('realm="r",nonce="n"') })
      else connection.refuse(request, -115)
    }
  }
  const failures: Error[] = []
  zk.on('attemptFailed', error => failures.push(error))
  const [connecting, reading] = [outcomeOf(zk.connect()), outcomeOf(zk.get('/a'))]
  await clock.advance(60_000)
  t.match(failureOf(connecting), { code: 'AUTH_FAILED', cause: { reason: 'authFailed' } })
  t.equal(codeOf(reading), 'AUTH_FAILED')
  t.strictSame(states, ['authFailed'])
  t.equal(ensemble.connections.length, 1, 'it is not tried again')
  t.match(failures, [{ code: 'AUTH_FAILED', operation: 'sasl' }])
  t.notMatch(inspect([failures, connecting, zk], { depth: 9, showHidden: true }), /sesame/)
})

t.test('sasl: a server that does not prove itself, or has none, is not trusted', async t => {
  for (const [token, message] of [
    ['five', /not this token/],
    [null, /the server has no SASL/],
  ] as const) {
    const world = saslWorld(t, fourStep())
    answering(world, token)
    const failures: Error[] = []
    world.zk.on('attemptFailed', error => failures.push(error))
    const read = outcomeOf(world.zk.get('/a'))
    await world.clock.advance(10)
    t.equal(failureOf(read).code, 'AUTH_FAILED')
    t.match(failures, [{ code: 'AUTH_FAILED', cause: { message } }])
    t.notOk(world.ensemble.link.names.includes('getData'), 'the request stayed here')
  }
})

t.test('sasl: an exchange that does not end is ended', async t => {
  const endless: SaslMechanism = {
    name: 'ENDLESS',
    begin: () => ({ initial: () => bytes('x'), respond: () => bytes('x') }),
  }
  const world = saslWorld(t, endless)
  answering(world, ...Array.from({ length: 100 }, () => 'y'))
  const read = outcomeOf(world.zk.get('/a'))
  await world.clock.advance(10)
  t.equal(codeOf(read), 'AUTH_FAILED')
  t.equal(world.ensemble.link.names.length, 10)
})

t.test('H2: sasl: a server that says nothing to a token is passed over in time', async t => {
  const world = saslWorld(t, fourStep(), { servers: 'one:1,two:2,three:3' })
  const { zk, clock, ensemble } = world
  ensemble.onHandshake = connection => {
    ensemble.admit(connection)
    if (connection.address.port !== 1) answer(connection, ['two', 'four'])
  }
  zk.connect().catch(() => {})
  await clock.advance(2999)
  t.equal(ensemble.connections.length, 1)
  t.equal(zk.state, 'connecting')
  await clock.advance(2)
  t.equal(ensemble.connections.length, 2)
  t.equal(zk.state, 'connected')
  t.equal(ensemble.connections[0]?.closed, true)
})

t.test('sasl: a link that breaks in the middle is a failed attempt, and the next one follows', async t => {
  const world = saslWorld(t, fourStep())
  const { zk, clock, ensemble } = world
  let breaks = 1
  ensemble.onHandshake = connection => {
    ensemble.admit(connection)
    if (breaks-- > 0) connection.close()
    else answer(connection, ['two', 'four'])
  }
  const connecting = outcomeOf(zk.connect())
  await clock.advance(100)
  t.equal(connecting.state, 'resolved')
  t.equal(ensemble.connections.length, 2)
})

t.test('sasl: answers that pass, and one that cannot be read, are failed attempts', async t => {
  for (const [number, reason, code] of [
    [-127, 'closedBeforeResponse', 'THROTTLED_OP'],
    [-118, 'closedBeforeResponse', 'SESSION_MOVED'],
    [null, 'badResponse', 'MARSHALLING_ERROR'],
    ['out of turn', 'badResponse', 'CONNECTION_LOSS'],
  ] as const) {
    const world = saslWorld(t, fourStep())
    const { zk, clock, ensemble } = world
    const failures = failuresOf(world)
    ensemble.onHandshake = connection => {
      ensemble.admit(connection)
      if (ensemble.connections.length > 1) return answer(connection, ['two', 'four'])
      connection.onRequest = request => {
        if (number === null) connection.reply(request)
        else if (number === 'out of turn') connection.reply({ ...request, xid: 99 })
        else connection.refuse(request, number)
      }
    }
    const connecting = outcomeOf(zk.connect())
    await clock.advance(100)
    t.equal(connecting.state, 'resolved')
    t.match(failures, [{ reason, code }])
  }
})

t.test('sasl: any other refusal is the word of the server, and the end', async t => {
  for (const number of [-115, -124, -6, -997]) {
    const world = saslWorld(t, fourStep())
    const { zk, clock, ensemble } = world
    const failures = failuresOf(world)
    ensemble.onHandshake = connection => {
      ensemble.admit(connection)
      connection.onRequest = request => connection.refuse(request, number)
    }
    const connecting = outcomeOf(zk.connect())
    await clock.advance(10_000)
    t.equal(codeOf(connecting), 'AUTH_FAILED', `${number}`)
    // That a session without a proof is over is told by its state alone.
    if (number !== -124) t.match(failures, [{ reason: 'authFailed', code: 'AUTH_FAILED' }])
    t.equal(ensemble.connections.length, 1)
  }
})

t.test('H5: sasl: a session that is gone is told at once, without an exchange on its connection', async t => {
  const hosts: string[] = []
  const world = saslWorld(t, fourStep(hosts))
  answering(world, 'two', 'four')
  outcomeOf(world.zk.connect())
  await world.clock.advance(10)
  world.ensemble.expireAll()
  await reconnect(world)
  await world.clock.advance(100)
  t.strictSame(world.states, ['connected', 'suspended', 'expired', 'connecting', 'connected'])
  t.equal(hosts.length, 2, 'one for each session')
})
