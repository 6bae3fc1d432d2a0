// The search for a server after a loss: in which order, with which pauses, and how long each may take.
import { outcomeOf } from '../../support/outcome.ts'
import { connectedWorld, newWorld } from '../../support/scripted-client.ts'
import { t } from '../../tap.ts'

t.test('search: the next server is tried at once, a pause comes only after all of them', async t => {
  const addresses = { a: ['10.0.0.1'], b: ['10.0.0.2'], c: ['10.0.0.3'] }
  const { zk, clock, ensemble } = newWorld(t, { servers: 'a,b,c', addresses })
  ensemble.reach = () => 'refused'
  outcomeOf(zk.connect())
  await clock.settle()
  t.strictSame(ensemble.tried, ['10.0.0.1:2181', '10.0.0.2:2181', '10.0.0.3:2181'])
  await clock.advance(49)
  t.equal(ensemble.tried.length, 3)
  await clock.advance(1)
  t.equal(ensemble.tried.length, 6)
  await clock.advance(99)
  t.equal(ensemble.tried.length, 6, 'and it grows')
  await clock.advance(1)
  t.equal(ensemble.tried.length, 9)
})

t.test('search: after a loss it goes on with the following server', async t => {
  const addresses = { a: ['10.0.0.1'], b: ['10.0.0.2'], c: ['10.0.0.3'] }
  const world = await connectedWorld(t, { servers: 'a,b,c', addresses })
  world.ensemble.link.close()
  await world.clock.settle()
  t.strictSame(world.ensemble.tried, ['10.0.0.1:2181', '10.0.0.2:2181'])
  t.equal(world.zk.remote, 'b (10.0.0.2:2181)')
})

t.test('H8: search: all addresses of the last name are tried before the pause', async t => {
  const addresses = { a: ['10.0.0.1', '10.0.0.2'] }
  const { zk, clock, ensemble } = newWorld(t, { servers: 'a', addresses })
  ensemble.reach = () => 'refused'
  outcomeOf(zk.connect())
  await clock.settle()
  t.strictSame(ensemble.tried, ['10.0.0.1:2181', '10.0.0.2:2181'])
})

t.test(
  'H7: search: while a session may be saved, no pause is longer than a quarter of its timeout',
  async t => {
    const { clock, ensemble } = await connectedWorld(t)
    ensemble.reach = () => 'refused'
    ensemble.link.close()
    const times: number[] = []
    let known = ensemble.tried.length
    for (let waited = 0; waited < 9000; waited += 10) {
      await clock.advance(10)
      if (ensemble.tried.length > known) times.push(waited)
      known = ensemble.tried.length
    }
    const gaps = times.slice(1).map((at, i) => at - (times[i] ?? 0))
    t.ok(Math.max(...gaps) <= 2260, `${gaps}`)
  },
)

t.test('H8: search: a name that does not resolve does not stop it', async t => {
  const { zk, clock, ensemble } = newWorld(t, { servers: 'gone,b', addresses: { gone: [] } })
  const failures: Error[] = []
  zk.on('attemptFailed', error => failures.push(error))
  const connecting = outcomeOf(zk.connect())
  await clock.settle()
  t.equal(connecting.state, 'resolved')
  t.match(failures, [{ message: 'gone has no address' }])
  t.strictSame(ensemble.tried, ['10.0.0.1:2181'])
})

t.test('H2: search: an address that does not answer costs its share of the session timeout', async t => {
  const addresses = { a: ['10.0.0.1'], b: ['10.0.0.2'], c: ['10.0.0.3'] }
  const { zk, clock, ensemble } = newWorld(t, { servers: 'a,b,c', addresses })
  ensemble.reach = address => (address.host === 'a' ? 'hanging' : 'open')
  const connecting = outcomeOf(zk.connect())
  await clock.advance(2999)
  t.equal(connecting.state, 'pending')
  await clock.advance(1)
  t.equal(connecting.state, 'resolved')
  t.equal(zk.remote, 'b (10.0.0.2:2181)')
})

t.test('H2: search: a server that accepts the connection and then says nothing costs the same', async t => {
  const addresses = { a: ['10.0.0.1'], b: ['10.0.0.2'] }
  const { zk, clock, ensemble } = newWorld(t, { servers: 'a,b', addresses })
  ensemble.onHandshake = link => {
    if (link.address.host === 'b') ensemble.admit(link)
  }
  outcomeOf(zk.connect())
  await clock.advance(4500)
  t.equal(zk.remote, 'b (10.0.0.2:2181)')
  t.strictSame(
    ensemble.connections.map(({ closed }) => closed),
    [true, false],
  )
})

t.test('H7: search: a server that hangs up after each handshake is not hammered', async t => {
  const { zk, clock, ensemble } = newWorld(t)
  ensemble.onHandshake = link => {
    ensemble.admit(link)
    link.close()
  }
  outcomeOf(zk.connect())
  await clock.advance(1000)
  t.ok(ensemble.connections.length < 10, `${ensemble.connections.length} connections in a second`)
})

t.test(
  'H2: search: with little time left of a session, a server that says nothing gets less of it',
  async t => {
    const addresses = { a: ['10.0.0.1'], b: ['10.0.0.2'] }
    const { zk, clock, ensemble } = await connectedWorld(t, { servers: 'a,b', addresses })
    ensemble.link.pongs = false
    ensemble.reach = ({ host }) => (host === 'b' ? 'hanging' : 'open')
    // Six of nine seconds are over when the silence of the first one is noticed, and three are left for two servers.
    await clock.advance(6000)
    t.equal(zk.state, 'suspended')
    t.equal(ensemble.connections.length, 1)
    await clock.advance(1600)
    t.equal(ensemble.connections.length, 2)
    t.equal(zk.state, 'connected')
  },
)
