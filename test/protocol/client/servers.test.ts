// Finding a server: names that do not resolve, addresses that change, servers that hang up without a word.
import { getDefaultResultOrder, setDefaultResultOrder } from 'node:dns'
import { systemLookup } from '../../../protocol/net/server-list.ts'
import { outcomeOf } from '../../support/outcome.ts'
import { connectedWorld, newWorld, reconnect } from '../../support/scripted-client.ts'
import { t } from '../../tap.ts'

t.test('H8: a name that does not resolve is skipped, and asked again the next time', async t => {
  const asked: string[] = []
  let known = false
  const lookup = async (host: string): Promise<string[]> => {
    asked.push(host)
    if (host === 'late' && !known) throw new Error(`ENOTFOUND ${host}`)
    return [host === 'late' ? '10.0.0.1' : '10.0.0.2']
  }
  const world = newWorld(t, { servers: 'late:1,sound:2', lookup })
  const failures: Error[] = []
  world.zk.on('attemptFailed', error => failures.push(error))
  const connecting = outcomeOf(world.zk.connect())
  await world.clock.settle()
  t.equal(connecting.state, 'resolved', 'without a pause')
  t.strictSame(world.ensemble.tried, ['10.0.0.2:2'])
  t.match(failures, [{ message: /ENOTFOUND late/ }])
  known = true
  await reconnect(world)
  t.strictSame(world.ensemble.tried, ['10.0.0.2:2', '10.0.0.1:1'])
  t.strictSame(asked, ['late', 'sound', 'late'])
})

t.test('H8: a name is resolved at every attempt, so a server that moved is found', async t => {
  let ip = '10.0.0.1'
  const world = await connectedWorld(t, { lookup: async () => [ip] })
  const { sessionId } = world.zk
  world.ensemble.reach = address => (address.ip === ip ? 'open' : 'refused')
  for (const next of ['10.0.0.2', 'fd00::3', '10.0.0.4']) {
    ip = next
    await reconnect(world)
    t.equal(world.ensemble.tried.at(-1), `${next}:2181`)
  }
  t.equal(world.zk.sessionId, sessionId)
})

t.test('H8: all addresses of a name are tried, of both families, before the pause', async t => {
  const addresses = { zk: ['10.0.0.1', 'fd00::1', '10.0.0.2'] }
  const world = newWorld(t, { addresses })
  world.ensemble.reach = ({ ip }) => (ip === '10.0.0.2' ? 'open' : 'refused')
  world.zk.connect().catch(() => {})
  await world.clock.settle()
  t.strictSame(world.ensemble.tried, ['10.0.0.1:2181', 'fd00::1:2181', '10.0.0.2:2181'])
  t.equal(world.zk.state, 'connected')
})

t.test('H8: a server that leaves the list during an attempt is not stayed with', async t => {
  const addresses = { old: ['10.0.0.1'], new: ['10.0.1.1'] }
  for (const isFirst of [true, false]) {
    const world = newWorld(t, { addresses, servers: 'old' })
    const { zk, clock, ensemble } = world
    if (!isFirst) {
      outcomeOf(zk.connect())
      await clock.settle()
      ensemble.onHandshake = () => {}
      await reconnect(world)
    }
    ensemble.onHandshake = () => {}
    const write = outcomeOf(zk.set('/a', ''))
    await clock.settle()
    const { link } = ensemble
    zk.updateServers('new')
    ensemble.onHandshake = connection => ensemble.admit(connection)
    ensemble.admit(link)
    await clock.advance(2000)
    t.strictSame([zk.state, zk.remote], ['connected', 'new (10.0.1.1:2181)'])
    const known = isFirst ? 0n : zk.sessionId
    t.equal(ensemble.link.handshake?.sessionId, known, 'a session that somebody knows went along')
    t.equal(zk.generation, 1)
    t.strictSame([link.names, ensemble.link.names], [[], ['setData']], 'and nothing was asked on the way')
    t.equal(write.state, 'pending')
  }
})

t.test('H8: a session of a server that left the list meanwhile expires unheard of', async t => {
  const addresses = { old: ['10.0.0.1'], new: ['10.0.1.1'] }
  const { zk, clock, ensemble, states } = newWorld(t, { addresses, servers: 'old', onExpired: 'close' })
  ensemble.onHandshake = () => {}
  const connecting = outcomeOf(zk.connect())
  await clock.settle()
  const { link } = ensemble
  zk.updateServers('new')
  ensemble.onHandshake = connection => ensemble.admit(connection)
  ensemble.reach = () => 'refused'
  ensemble.admit(link)
  await clock.advance(20_000)
  ensemble.expireAll()
  ensemble.reach = () => 'open'
  await clock.advance(30_000)
  t.strictSame([states, connecting.state], [['connected'], 'resolved'])
})

t.test('H8: what only a read-only server that left the list has seen is asked of nobody', async t => {
  const addresses = { old: ['10.0.0.1'], new: ['10.0.1.1'] }
  const { zk, clock, ensemble, states } = newWorld(t, { addresses, servers: 'old', readOnly: true })
  ensemble.onHandshake = () => {}
  outcomeOf(zk.connect())
  await clock.settle()
  const { link } = ensemble
  zk.updateServers('new')
  ensemble.onHandshake = connection => ensemble.admit(connection)
  ensemble.admit(link, { readOnly: true })
  ensemble.expireAll()
  await clock.advance(2000)
  t.strictSame([zk.remote, states], ['new (10.0.1.1:2181)', ['connected']], 'nothing expired')
  t.equal(ensemble.link.handshake?.sessionId, 0n)
})

t.test('H8: addresses that are found for a server which left the list are not tried', async t => {
  let found = (_: string[]): void => {}
  const lookup = (host: string): Promise<string[]> =>
    host === 'old' ? new Promise(resolve => (found = resolve)) : Promise.resolve(['10.0.1.1'])
  const { zk, clock, ensemble } = newWorld(t, { servers: 'old', lookup })
  outcomeOf(zk.connect())
  await clock.settle()
  zk.updateServers('new')
  found(['10.0.0.1', '10.0.0.2'])
  await clock.settle()
  t.strictSame([zk.state, ensemble.tried], ['connected', ['10.0.1.1:2181']])
})

t.test('H8: the lookup of the system takes all addresses in their order, and changes no setting', async t => {
  const before = getDefaultResultOrder()
  t.teardown(() => setDefaultResultOrder(before))
  setDefaultResultOrder('ipv4first')
  const found = await systemLookup('localhost')
  t.ok(found.length > 0 && found.every(ip => ip === '127.0.0.1' || ip === '::1'), found.join())
  t.equal(getDefaultResultOrder(), 'ipv4first')
})

t.test('H2: a resolver that hangs costs its share of the session timeout, and no more', async t => {
  const lookup = (host: string): Promise<string[]> =>
    host === 'hangs' ? new Promise(() => {}) : Promise.resolve(['10.0.0.2'])
  const { zk, clock, ensemble } = newWorld(t, { servers: 'hangs:1,sound:2,third:3', lookup })
  zk.connect().catch(() => {})
  await clock.advance(2999)
  t.strictSame(ensemble.tried, [])
  await clock.advance(1)
  t.strictSame(ensemble.tried, ['10.0.0.2:2'])
  t.equal(zk.state, 'connected')
})

t.test('H2: one deadline for name, connection and handshake together', async t => {
  let resolve = (_: string[]): void => {}
  const lookup = (host: string): Promise<string[]> =>
    host === 'slow' ? new Promise(yes => (resolve = yes)) : Promise.resolve(['10.0.0.2'])
  const { zk, clock, ensemble } = newWorld(t, { servers: 'slow:1,sound:2,third:3', lookup })
  ensemble.onHandshake = made => made.address.port !== 1 && ensemble.admit(made)
  zk.connect().catch(() => {})
  await clock.advance(2000)
  resolve(['10.0.0.1'])
  await clock.advance(999)
  t.strictSame(ensemble.tried, ['10.0.0.1:1'], 'connected, and waiting for the answer')
  await clock.advance(1)
  t.strictSame(ensemble.tried, ['10.0.0.1:1', '10.0.0.2:2'])
  t.equal(ensemble.connections[0]?.closed, true)
  t.equal(zk.state, 'connected')
})

t.test('H8: a server that leaves the list is left, and the session goes on with another', async t => {
  const addresses = { a: ['10.0.0.1'], b: ['10.0.0.2'] }
  const { zk, clock, states } = await connectedWorld(t, { servers: 'a', addresses })
  const { sessionId } = zk
  zk.updateServers('a,b')
  await clock.advance(1000)
  t.strictSame(
    [zk.remote, ...states],
    ['a (10.0.0.1:2181)', 'connected'],
    'one that is listed is stayed with',
  )
  zk.updateServers('b')
  await clock.advance(1000)
  t.equal(zk.remote, 'b (10.0.0.2:2181)')
  t.strictSame(states, ['connected', 'suspended', 'connected'])
  t.equal(zk.sessionId, sessionId)
})
