// Servers that say what none should, or what some compatible ones do: taken at their word only where that harms nobody.
import { Buffer } from 'node:buffer'
import type { ConnectError } from '../../../protocol/errors.ts'
import type { SaslMechanism } from '../../../protocol/session/sasl/mechanism.ts'
import { codeOf, failureOf, outcomeOf, outcomesOf } from '../../support/outcome.ts'
import type { World } from '../../support/scripted-client.ts'
import { connectedWorld, newWorld, reconnect } from '../../support/scripted-client.ts'
import { aStat } from '../../support/scripted-server.ts'
import { t } from '../../tap.ts'

function failuresOf({ zk }: World): ConnectError[] {
  const failures: ConnectError[] = []
  zk.on('attemptFailed', error => failures.push(error))
  return failures
}

t.test('handshake: a session without an id is none, and the next server is asked', async t => {
  const world = newWorld(t, { servers: 'a:1,b:2' })
  const { zk, clock, ensemble } = world
  const failures = failuresOf(world)
  ensemble.onHandshake = link => {
    if (link.address.host === 'a') link.accept({ sessionId: 0n })
    else ensemble.admit(link)
  }
  outcomeOf(zk.connect())
  await clock.advance(1000)
  t.match(failures, [{ reason: 'badResponse', server: 'a (10.0.0.1:1)', message: /without an id/ }])
  t.strictSame([zk.state, zk.generation], ['connected', 1])
  t.notOk(zk.sessionId === 0n)
})

t.test(
  'H5: handshake: with another session than the one asked for, that one is over, and everybody hears of it',
  async t => {
    const world = await connectedWorld(t)
    const { zk, clock, ensemble, states } = world
    const { sessionId } = zk
    // As ClickHouse Keeper does, which resumes no session.
    let next = 0x900n
    ensemble.onHandshake = link => link.accept({ sessionId: ++next })
    ensemble.link.close()
    await clock.advance(3000)
    t.strictSame(states, ['connected', 'suspended', 'expired', 'connecting', 'connected'])
    t.equal(zk.generation, 2)
    t.strictSame(
      ensemble.connections.map(({ handshake }) => handshake?.sessionId),
      [0n, sessionId, 0n],
    )
    t.ok(ensemble.connections[1]?.closed, 'nobody uses the session that was not asked for')
    t.equal(zk.sessionId, 0x902n)
  },
)

t.test('H5: handshake: a negative timeout says that the session is gone, as zero does', async t => {
  for (const timeout of [-1, -(2 ** 31)]) {
    const { clock, ensemble, states } = await connectedWorld(t)
    ensemble.onHandshake = link => {
      if (link.handshake?.sessionId === 0n) ensemble.admit(link)
      else link.accept({ timeout })
    }
    ensemble.link.close()
    await clock.advance(3000)
    t.strictSame(states, ['connected', 'suspended', 'expired', 'connecting', 'connected'])
  }
})

t.test(
  'handshake: the longest timeout that a server can grant is kept, and sets no timer off early',
  async t => {
    const { zk, clock, ensemble, states } = newWorld(t)
    ensemble.sessionTimeout = 2 ** 31 - 1
    outcomeOf(zk.connect())
    await clock.advance(60_000)
    t.strictSame([zk.sessionTimeout, ensemble.link.pings, states], [2 ** 31 - 1, 0, ['connected']])
  },
)

t.test('handshake: a password of any length is given back as it came', async t => {
  for (const length of [0, 5, 32]) {
    const world = newWorld(t)
    const { zk, clock, ensemble } = world
    const password = Buffer.alloc(length, 'pw')
    ensemble.onHandshake = link => link.accept({ sessionId: 5n, password })
    outcomeOf(zk.connect())
    await clock.settle()
    await reconnect(world)
    t.strictSame(Buffer.from(ensemble.link.handshake?.passwd ?? 'none'), password)
  }
})

t.test('handshake: answered twice, the connection is given up, and the session goes on', async t => {
  const world = newWorld(t)
  const { zk, clock, ensemble } = world
  ensemble.onHandshake = link => {
    ensemble.admit(link)
    if (ensemble.connections.length === 1) ensemble.admit(link)
  }
  const failures = failuresOf(world)
  outcomeOf(zk.connect())
  await clock.advance(1000)
  t.strictSame([zk.state, ensemble.connections.length], ['connected', 2])
  t.ok(ensemble.connections[0]?.closed)
  t.match(failures, [{ reason: 'badResponse', cause: { name: 'XidMismatch' }, message: /reply with xid 0/ }])
})

t.test('H7: sessions that are lost as soon as they are made do not follow each other in a storm', async t => {
  const { zk, clock, ensemble, warnings } = newWorld(t)
  // As behind a balancer whose servers have nothing to do with each other.
  ensemble.onHandshake = link => {
    ensemble.admit(link)
    clock.schedule(10, () => {
      ensemble.expireAll()
      link.close()
    })
  }
  outcomeOf(zk.connect())
  await clock.advance(60_000)
  const { length } = ensemble.connections
  t.ok(length > 20 && length < 80, `${length} connections in a minute`)
  t.match(warnings, [{ message: /every connection is cut at once/ }])
  ensemble.onHandshake = link => ensemble.admit(link)
  await clock.advance(60_000)
  t.equal(zk.state, 'connected')
  ensemble.link.close()
  const before = ensemble.connections.length
  await clock.advance(51)
  t.equal(ensemble.connections.length, before + 1, 'after one that lasted, the pauses are short again')
})

t.test('H21: zxid: answers to pings and credentials, and events, do not move the newest one', async t => {
  const world = await connectedWorld(t)
  const { zk, clock, ensemble } = world
  const [read, added] = outcomesOf(zk.exists('/a'), zk.addAuth('digest', 'a:b'))
  await clock.settle()
  const { link } = ensemble
  link.reply(link.take('exists'), aStat, 7n)
  link.pongs = false
  await clock.advance(3000)
  t.equal(link.pings, 1)
  link.raw('00000010 fffffffe 0000000000000999 00000000')
  link.raw('00000010 fffffffc 0000000000000999 00000000')
  link.notify('dataChanged', '/a', 0x999n)
  await clock.settle()
  t.strictSame([read, added].map(codeOf), ['resolved', 'resolved'])
  t.equal(zk.lastZxid, 7n)
  await reconnect(world)
  t.equal(ensemble.link.handshake?.lastZxidSeen, 7n)
})

t.test('answers that nobody waits for: pings and credentials in any number harm nobody', async t => {
  const { zk, clock, ensemble, states, warnings } = await connectedWorld(t)
  for (let i = 0; i < 1000; i++) {
    ensemble.link.raw('00000010 fffffffe 0000000000000009 00000000')
    ensemble.link.raw('00000010 fffffffc 0000000000000009 ffffff9b')
  }
  await clock.settle()
  t.strictSame([states, warnings, zk.status().inFlight], [['connected'], [], 0])
})

t.test('an answer with the number that other clients give to setWatches is nobody’s', async t => {
  const { clock, ensemble, states } = await connectedWorld(t)
  ensemble.link.raw('00000010 fffffff8 0000000000000009 00000000')
  await clock.advance(1000)
  t.strictSame(states, ['connected', 'suspended', 'connected'])
})

t.test('events: a path that is empty, null or no path is nobody’s, and harms nobody', async t => {
  const { zk, clock, ensemble, states } = await connectedWorld(t)
  const heard: string[] = []
  const read = outcomeOf(zk.exists('/a', { watch: event => heard.push(event.path) }))
  await clock.settle()
  const { link } = ensemble
  link.refuse(link.take('exists'), -101)
  for (const path of ['00000000', 'ffffffff', '00000001 61']) {
    const body = `ffffffff 0000000000000007 00000000 00000001 00000077 ${path}`.replaceAll(' ', '')
    link.raw((body.length / 2).toString(16).padStart(8, '0') + body)
  }
  link.notify('created', '/a')
  await clock.settle()
  t.strictSame([read.state, heard, states], ['resolved', ['/a'], ['connected']])
})

t.test('H31: a write that a server gave up on may have been applied, whatever number says so', async t => {
  const { zk, clock, ensemble } = await connectedWorld(t)
  for (const [number, code, mayHaveApplied] of [
    [-7, 'OPERATION_TIMEOUT', true],
    [-4, 'CONNECTION_LOSS', true],
    [-122, 'REQUEST_TIMEOUT', true],
    [-1, 'SYSTEM_ERROR', true],
    [-9999, 'UNKNOWN', true],
    [-103, 'BAD_VERSION', false],
    [-127, 'THROTTLED_OP', false],
    [-5, 'MARSHALLING_ERROR', false],
  ] as const) {
    const [write, read] = outcomesOf(zk.set('/a', 'x'), zk.get('/a'))
    await clock.settle()
    ensemble.link.refuse(ensemble.link.take('setData'), number)
    ensemble.link.refuse(ensemble.link.take('getData'), number)
    await clock.settle()
    t.match(failureOf(write), { code, number, mayHaveApplied, path: '/a' })
    t.match(failureOf(read), { code, mayHaveApplied: false })
  }
})

t.test(
  'H6: sasl: an answered token is no sign of life of the session, the handshake before it is',
  async t => {
    let steps = 1
    const sasl: SaslMechanism = {
      name: 'STEPS',
      begin: () => {
        let left = steps
        return { initial: () => Buffer.from('x'), respond: () => (--left > 0 ? Buffer.from('x') : null) }
      },
    }
    const { zk, clock, ensemble, states } = newWorld(t, { sasl })
    ensemble.onHandshake = link => {
      ensemble.admit(link)
      void clock.settle().then(() => link.reply(link.take('sasl'), { token: Buffer.from('x') }))
    }
    outcomeOf(zk.connect())
    await clock.advance(10)
    t.equal(zk.state, 'connected')
    const before = zk.sessionRemaining
    steps = 2
    ensemble.link.close()
    await clock.advance(1000)
    t.strictSame(ensemble.link.names, ['sasl', 'sasl'], 'a token was answered, the next one is not')
    t.ok(
      zk.sessionRemaining <= before - 1000,
      `${before} ms before, ${zk.sessionRemaining} ms a second later`,
    )
    t.strictSame(states, ['connected', 'suspended'])
  },
)

t.test('H32: a server that takes nothing without authentication ends the client, at once', async t => {
  const inReplyTo = [
    ({ ensemble: { link } }: World) => link.refuse(link.take('getData'), -124),
    ({ ensemble: { link } }: World) => link.raw('00000010 fffffffe 0000000000000009 ffffff84'),
  ]
  for (const refuse of inReplyTo) {
    const world = await connectedWorld(t)
    const { zk, clock, ensemble, states } = world
    const read = outcomeOf(zk.get('/a'))
    await clock.settle()
    refuse(world)
    ensemble.link.close()
    await clock.advance(30_000)
    t.match(codeOf(read), /SESSION_CLOSED_REQUIRE_SASL_AUTH|AUTH_FAILED/)
    t.strictSame([states, ensemble.connections.length], [['connected', 'authFailed'], 1])
  }
})

t.test('H18: compatible servers leave the body of an answered addWatch out', async t => {
  const { zk, clock, ensemble, states } = await connectedWorld(t)
  const stream = zk.watch('/a')
  const first = outcomeOf(stream.next())
  await clock.settle()
  ensemble.link.reply(ensemble.link.take('addWatch'))
  await clock.settle()
  t.match(first.value, { value: { type: 'resync', path: '/a' } })
  t.strictSame(states, ['connected'])
  await stream.return()
})

t.test('four-letter words: an answer without an end is an error, not half an answer', async t => {
  const { zk, clock, ensemble } = await connectedWorld(t)
  ensemble.answerTo = word => word.repeat(4 * 1024 * 1024 + 1)
  const asked = outcomeOf(zk.command('dump'))
  await clock.settle()
  t.match(failureOf(asked), { code: 'PACKET_TOO_LARGE', operation: 'dump', limit: 16 * 1024 * 1024 })
  t.ok(ensemble.connections.every(({ word, closed }) => word === undefined || closed))
})
