// Read-only servers: reads work, and the search for a server that takes writes goes on beside them.

import { codeOf, failureOf, outcomeOf } from '../../support/outcome.ts'
import { connectedWorld, newWorld } from '../../support/scripted-client.ts'
import { aStat } from '../../support/scripted-server.ts'
import { t } from '../../tap.ts'

const addresses = { a: ['10.0.0.1'], b: ['10.0.0.2'], c: ['10.0.0.3'] }

t.test('read-only: reads are answered, writes are refused', async t => {
  const { zk, clock, ensemble } = newWorld(t, { readOnly: true })
  ensemble.onHandshake = link => ensemble.admit(link, { readOnly: true })
  const read = outcomeOf(zk.get('/a'))
  const write = outcomeOf(zk.set('/a', ''))
  await clock.settle()
  const { link } = ensemble
  link.reply(link.take('getData'), { data: null, stat: aStat })
  link.refuse(link.take('setData'), -119)
  await clock.settle()
  t.strictSame([read, write].map(codeOf), ['resolved', 'NOT_READ_ONLY'])
  t.equal(zk.state, 'connectedReadOnly')
})

t.test('read-only: the others are asked in turn, and the one that takes writes gets the session', async t => {
  const { zk, clock, ensemble, states } = newWorld(t, { servers: 'a,b,c', addresses, readOnly: true })
  ensemble.onHandshake = link => ensemble.admit(link, { readOnly: link.address.host !== 'c' })
  const asked: string[] = []
  ensemble.answerTo = (word, { host }) => {
    asked.push(`${word} ${host}`)
    return host === 'c' ? 'rw\n' : 'ro\n'
  }
  outcomeOf(zk.connect())
  await clock.settle()
  t.equal(zk.remote, 'a (10.0.0.1:2181)')
  await clock.advance(2000)
  t.strictSame(asked, ['isro b', 'isro c'])
  t.equal(zk.remote, 'c (10.0.0.3:2181)')
  t.strictSame(states, ['connectedReadOnly', 'suspended', 'connected'])
  await clock.advance(120_000)
  t.equal(asked.length, 2, 'and then nobody is asked any more')
})

t.test('read-only: servers that say nothing, or cannot be reached, do not end the search', async t => {
  const { zk, clock, ensemble } = newWorld(t, { servers: 'a,b,c', addresses, readOnly: true })
  ensemble.onHandshake = link => ensemble.admit(link, { readOnly: link.address.host !== 'c' })
  ensemble.answerTo = (_, { host }) => (host === 'c' ? 'rw' : undefined)
  outcomeOf(zk.connect())
  await clock.settle()
  ensemble.reach = ({ host }) => (host === 'a' ? 'refused' : 'open')
  await clock.advance(60_000)
  t.equal(zk.remote, 'c (10.0.0.3:2181)')
  const words = ensemble.connections.filter(({ word }) => word !== undefined)
  t.ok(words.length > 0 && words.every(({ closed }) => closed), 'nothing is left of the questions')
})

t.test('read-only: while nobody takes writes, the pauses of the search double up to a minute', async t => {
  const { zk, clock, ensemble } = newWorld(t, { servers: 'a,b', addresses, readOnly: true })
  ensemble.onHandshake = link => ensemble.admit(link, { readOnly: true })
  const asked: number[] = []
  const began = clock.now()
  ensemble.answerTo = () => {
    asked.push(clock.now() - began)
    return 'ro'
  }
  outcomeOf(zk.connect())
  await clock.settle()
  await clock.advance(300_000)
  const pauses = asked.map((at, i) => at - (asked[i - 1] ?? 0))
  t.strictSame(pauses.slice(0, 12), [
    ...[100, 200, 400, 800, 1600, 3200, 6400, 12_800, 25_600, 51_200],
    ...[60_000, 60_000],
  ])
})

t.test('read-only: a server that opens no sessions says so, and the next one is asked', async t => {
  const { zk, clock, ensemble } = newWorld(t, { servers: 'a,b', addresses, readOnly: true })
  const failures: Error[] = []
  zk.on('attemptFailed', error => failures.push(error))
  ensemble.onHandshake = link => {
    if (link.address.host === 'b') ensemble.admit(link, { readOnly: true })
    // A reply header in the place of the answer: xid, zxid, -119.
    else link.raw('00000010 00000000 0000000000000000 ffffff89')
  }
  outcomeOf(zk.connect())
  await clock.settle()
  await clock.advance(10_000)
  t.equal(zk.state, 'connectedReadOnly')
  t.match(failures[0], { message: /opens no sessions/, cause: { code: 'NOT_READ_ONLY' } })
})

t.test('read-only: a session that only read-only servers knew is given up without a loss', async t => {
  const { zk, clock, ensemble, states } = newWorld(t, { servers: 'a,b', addresses, readOnly: true })
  ensemble.onHandshake = link => ensemble.admit(link, { readOnly: link.address.host === 'a' })
  ensemble.answerTo = (_, { host }) => (host === 'b' ? 'rw' : 'ro')
  outcomeOf(zk.connect())
  await clock.settle()
  const { sessionId } = zk
  await clock.advance(2000)
  t.equal(ensemble.link.handshake?.sessionId, 0n)
  t.not(zk.sessionId, sessionId)
  t.equal(zk.generation, 2)
  t.strictSame(states, ['connectedReadOnly', 'suspended', 'connected'])
  ensemble.link.close()
  await clock.advance(2000)
  t.equal(ensemble.link.handshake?.sessionId, zk.sessionId, 'one that others know is kept')
})

t.test('read-only: a client that wants writes does not ask', async t => {
  const { clock, ensemble } = await connectedWorld(t)
  await clock.advance(120_000)
  t.equal(ensemble.connections.length, 1)
})

t.test('four-letter words: the server at the other end answers', async t => {
  const { zk, clock, ensemble } = await connectedWorld(t)
  ensemble.answerTo = word => `${word} to you\n`
  const answer = outcomeOf(zk.command('ruok'))
  await clock.settle()
  t.equal(answer.value, 'ruok to you\n')
})

t.test('four-letter words: faults', async t => {
  const { zk, clock, ensemble } = await connectedWorld(t)
  ensemble.answerTo = word =>
    word === 'mntr' ? 'mntr is not executed because it is not in the whitelist.\n' : undefined
  const refused = outcomeOf(zk.command('mntr'))
  const late = outcomeOf(zk.command('srvr', { timeout: 500 }))
  const controller = new AbortController()
  const aborted = outcomeOf(zk.command('stat', { signal: controller.signal }))
  const wrong = outcomeOf(zk.command('rm -rf'))
  await clock.settle()
  controller.abort(new Error('enough'))
  await clock.advance(500)
  t.strictSame([refused, late, aborted, wrong].map(codeOf), [
    'NO_AUTH',
    'REQUEST_TIMEOUT',
    'Error: enough',
    'INVALID_ARGUMENT',
  ])
  const words = ensemble.connections.filter(({ word }) => word !== undefined)
  t.ok(words.length === 3 && words.every(({ closed }) => closed), 'nothing is left of them')
})

t.test('four-letter words: what keeps from asking is a connection loss, with its cause', async t => {
  const lookup = async (host: string): Promise<string[]> => {
    if (host === 'unknown') throw new Error('getaddrinfo ENOTFOUND unknown')
    return ['10.0.0.1']
  }
  for (const [servers, cause] of [['unknown', /ENOTFOUND/] as const, ['zk', /ECONNREFUSED/] as const]) {
    const { zk, clock, ensemble } = newWorld(t, { servers, lookup })
    ensemble.reach = () => 'refused'
    const asked = outcomeOf(zk.command('ruok'))
    await clock.settle()
    t.match(failureOf(asked), { code: 'CONNECTION_LOSS', operation: 'ruok', cause: { message: cause } })
  }
})

t.test('H10: four-letter words: close() ends one that was asked before a restart', async t => {
  const { zk, clock } = await connectedWorld(t)
  const asked = outcomeOf(zk.command('ruok', { timeout: Number.POSITIVE_INFINITY }))
  const renewed = outcomeOf(zk.restart())
  await clock.advance(1000)
  t.strictSame([renewed.state, asked.state], ['resolved', 'pending'])
  const closing = outcomeOf(zk.close())
  await clock.advance(1000)
  t.strictSame([codeOf(asked), closing.state], ['CLOSED', 'resolved'])
})

t.test('read-only: the search ends with the link that it was made for', async t => {
  const { zk, clock, ensemble } = newWorld(t, { servers: 'a,b', addresses, readOnly: true })
  ensemble.onHandshake = link => ensemble.admit(link, { readOnly: true })
  let asked = 0
  ensemble.answerTo = () => {
    asked++
    return 'ro'
  }
  outcomeOf(zk.connect())
  await clock.settle()
  await clock.advance(100)
  t.equal(asked, 1)
  ensemble.reach = () => 'refused'
  ensemble.link.close()
  await clock.advance(2000)
  t.equal(zk.state, 'suspended')
  const tried = ensemble.tried.length
  ensemble.onHandshake = link => ensemble.admit(link)
  ensemble.reach = () => 'open'
  await clock.advance(120_000)
  t.equal(zk.state, 'connected')
  t.equal(asked, 1, 'nobody is asked without a link to leave')
  t.equal(ensemble.tried.length, tried + 1)
})

t.test('four-letter words: who asks at each failed attempt keeps no server from being tried', async t => {
  const { zk, clock, ensemble } = newWorld(t, { servers: 'a,b', addresses })
  ensemble.reach = ({ host }) => (host === 'a' ? 'refused' : 'open')
  ensemble.answerTo = () => 'imok'
  const asked: unknown[] = []
  zk.on('attemptFailed', () => asked.push(outcomeOf(zk.command('ruok'))))
  const connecting = outcomeOf(zk.connect())
  await clock.advance(10_000)
  t.equal(connecting.state, 'resolved')
  t.equal(zk.remote, 'b (10.0.0.2:2181)')
  t.match(asked, [{ value: 'imok' }])
})

t.test('four-letter words: a client that is not connecting asks one server after the other', async t => {
  const { zk, clock, ensemble } = newWorld(t, { servers: 'a,b', addresses })
  ensemble.answerTo = (_, { host }) => `this is ${host}`
  const asked: unknown[] = []
  for (let i = 0; i < 3; i++) {
    const answer = outcomeOf(zk.command('ruok'))
    await clock.settle()
    asked.push(answer.value)
  }
  t.strictSame(asked, ['this is a', 'this is b', 'this is a'])
})
