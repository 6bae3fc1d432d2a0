// The handshake of a connection: what a client says first, and which answers it takes.
import { Buffer } from 'node:buffer'
import { outcomeOf } from '../../support/outcome.ts'
import { connectedWorld, newWorld, reconnect } from '../../support/scripted-client.ts'
import { aStat } from '../../support/scripted-server.ts'
import { t } from '../../tap.ts'

const zeros = '00'.repeat(16)

t.test('handshake: the first bytes of a new client', async t => {
  const { zk, clock, ensemble } = newWorld(t, { sessionTimeout: 30_000 })
  outcomeOf(zk.connect())
  await clock.settle()
  const wanted = `0000002d 00000000 0000000000000000 00007530 0000000000000000 00000010 ${zeros} 00`
  t.equal(ensemble.link.writes[0]?.toString('hex'), wanted.replaceAll(' ', ''))
})

t.test('H33: handshake: nothing follows it until it is answered', async t => {
  const { zk, clock, ensemble } = newWorld(t, { auth: [{ scheme: 'digest', auth: 'bob:pw' }] })
  ensemble.onHandshake = () => {}
  outcomeOf(zk.get('/a'))
  await clock.advance(500)
  t.equal(ensemble.link.writes.length, 1)
  ensemble.admit(ensemble.link)
  await clock.settle()
  t.strictSame(ensemble.link.names, ['auth', 'getData'])
})

t.test(
  'H9: handshake: a reconnect names the session, its password, the newest zxid and the wish',
  async t => {
    const world = await connectedWorld(t, { readOnly: true })
    const { zk, clock, ensemble } = world
    ensemble.sessionTimeout = 4000
    outcomeOf(zk.exists('/a'))
    await clock.settle()
    ensemble.link.reply(ensemble.link.take('exists'), aStat, 777n)
    await clock.settle()
    await reconnect(world)
    const [id, password] = [...ensemble.sessions][0] ?? []
    t.match(ensemble.link.handshake, {
      protocolVersion: 0,
      lastZxidSeen: 777n,
      timeOut: 9000,
      sessionId: id,
      passwd: password,
      readOnly: true,
    })
  },
)

t.test('handshake: a session that is given is continued, with its id and password', async t => {
  const password = Buffer.alloc(16, 'pw')
  const { zk, clock, ensemble } = newWorld(t, { session: { id: 0x77n, password } })
  ensemble.sessions.set(0x77n, password)
  outcomeOf(zk.connect())
  await clock.settle()
  t.match(ensemble.link.handshake, { sessionId: 0x77n, passwd: password, lastZxidSeen: 0n })
  t.equal(zk.sessionId, 0x77n)
  t.equal(zk.generation, 1)
  t.strictSame(zk.session, { id: 0x77n, password })
})

t.test('handshake: the negotiated timeout counts from then on, the asked one is asked again', async t => {
  const world = newWorld(t, { sessionTimeout: 60_000 })
  const { zk, clock, ensemble } = world
  ensemble.sessionTimeout = 6000
  t.equal(zk.sessionTimeout, 60_000)
  outcomeOf(zk.connect())
  await clock.settle()
  t.equal(zk.sessionTimeout, 6000)
  await clock.advance(2000)
  t.equal(ensemble.link.pings, 1, 'a third of the negotiated timeout')
  await reconnect(world)
  t.equal(ensemble.link.handshake?.timeOut, 60_000)
})

t.test('handshake: a read-only server is a state of its own', async t => {
  const { zk, clock, ensemble } = newWorld(t, { readOnly: true })
  ensemble.onHandshake = link => ensemble.admit(link, { readOnly: true })
  const connecting = outcomeOf(zk.connect())
  await clock.settle()
  t.equal(connecting.state, 'resolved')
  t.equal(zk.state, 'connectedReadOnly')
})

t.test('handshake: an answer without the last flag, as of servers before 3.4', async t => {
  const { zk, clock, ensemble } = newWorld(t)
  ensemble.onHandshake = link => link.raw(`00000024 00000000 00002328 0000000000000005 00000010 ${zeros}`)
  outcomeOf(zk.connect())
  await clock.settle()
  t.equal(zk.state, 'connected')
  t.equal(zk.sessionId, 5n)
})

t.test('H3: handshake: garbage for an answer is a failed attempt, and the next one follows', async t => {
  const { zk, clock, ensemble } = newWorld(t)
  const failures: Error[] = []
  zk.on('attemptFailed', error => failures.push(error))
  const answers = [
    '00000010 00000000 0000000000000000 ffffff89', // a reply header, as of a read-only server
    'ffffffff', // a negative length
    '485454502f312e31', // HTTP/1.1
  ]
  ensemble.onHandshake = link => {
    const answer = answers.shift()
    if (answer === undefined) ensemble.admit(link)
    else link.raw(answer)
  }
  outcomeOf(zk.connect())
  await clock.advance(1000)
  t.equal(zk.state, 'connected')
  t.strictSame(
    failures.map(error => (error.cause as Error).name),
    ['ZooKeeperError', 'FrameError', 'FrameError'],
  )
  t.strictSame(
    ensemble.connections.map(({ closed }) => closed),
    [true, true, true, false],
  )
})

t.test(
  'H3: handshake: garbage right behind the answer does not leave a dead link that looks alive',
  async t => {
    const { zk, clock, ensemble } = newWorld(t)
    let first = true
    ensemble.onHandshake = link => {
      ensemble.sessions.set(5n, Buffer.alloc(16))
      const answer = `00000025 00000000 00002328 0000000000000005 00000010 ${zeros} 00`
      link.raw(first ? `${answer} ffffffff` : answer)
      first = false
    }
    outcomeOf(zk.connect())
    await clock.settle()
    t.equal(zk.state, 'connecting')
    await clock.advance(1000)
    t.equal(ensemble.connections.length, 2)
    t.equal(zk.state, 'connected')
  },
)

t.test(
  'H7: handshake: a server that answers a request for a new session with "expired" is not hammered',
  async t => {
    const { zk, clock, ensemble, states } = newWorld(t)
    ensemble.onHandshake = link => link.denySession()
    outcomeOf(zk.connect())
    await clock.advance(1000)
    t.equal(zk.state, 'connecting')
    t.strictSame(states, [], 'there was no session that could have expired')
    t.ok(ensemble.connections.length < 20, `${ensemble.connections.length} attempts in a second`)
    t.ok(ensemble.connections.length > 1)
  },
)
