// Credentials: sent first on every connection, rejected for good, and never shown.
import { Buffer } from 'node:buffer'
import { digestAcl, digestId } from '../../../protocol/client/acl.ts'
import { codeOf, outcomeOf, outcomesOf } from '../../support/outcome.ts'
import { connectedWorld, newWorld, reconnect } from '../../support/scripted-client.ts'
import { t } from '../../tap.ts'

const accepted = '00000010 fffffffc 0000000000000000 00000000'
const rejected = '00000010 fffffffc 0000000000000000 ffffff8d'

t.test(
  'auth: a credential is sent at once, resolves when accepted, and is sent on every later link',
  async t => {
    const world = await connectedWorld(t)
    const { zk, clock, ensemble } = world
    const added = outcomeOf(zk.addAuth('digest', 'bob:secret'))
    await clock.settle()
    t.match(ensemble.link.take('auth').body, { type: 0, scheme: 'digest', auth: Buffer.from('bob:secret') })
    t.equal(added.state, 'pending')
    ensemble.link.raw(accepted)
    await clock.settle()
    t.equal(added.state, 'resolved')
    await reconnect(world)
    t.strictSame(ensemble.link.names, ['auth'])
  },
)

t.test('auth: answers belong to credentials in their order, between other answers', async t => {
  const { zk, clock, ensemble } = await connectedWorld(t)
  const [first, second] = outcomesOf(zk.addAuth('digest', 'a:1'), zk.addAuth('digest', 'b:2'))
  const read = outcomeOf(zk.get('/a'))
  await clock.settle()
  ensemble.link.raw(accepted)
  await clock.settle()
  t.strictSame([first.state, second.state], ['resolved', 'pending'])
  ensemble.link.refuse({ xid: 1, name: 'getData', body: undefined }, -101)
  ensemble.link.raw(accepted)
  await clock.settle()
  t.strictSame([codeOf(read), second.state], ['NO_NODE', 'resolved'])
})

t.test('auth: the same credential twice is kept and sent once', async t => {
  const { zk, clock, ensemble } = await connectedWorld(t)
  outcomesOf(zk.addAuth('digest', 'a:1'), zk.addAuth('digest', Buffer.from('a:1')))
  outcomesOf(zk.addAuth('digest', 'a:2'), zk.addAuth('other', 'a:1'))
  await clock.settle()
  t.strictSame(ensemble.link.names, ['auth', 'auth', 'auth'])
})

t.test('auth: bytes are kept as they were at the call, whatever their owner does with them', async t => {
  const first = Buffer.from('a:1')
  const second = Buffer.from('b:2')
  const world = await connectedWorld(t, { auth: [{ scheme: 'digest', auth: first }] })
  outcomeOf(world.zk.addAuth('digest', second))
  await world.clock.settle()
  first.fill(0)
  second.fill(0)
  await reconnect(world)
  const sent = [1, 2].map(() => world.ensemble.link.take('auth').body)
  t.match(sent, [{ auth: Buffer.from('a:1') }, { auth: Buffer.from('b:2') }])
})

t.test('auth: before the first connection it is kept for it', async t => {
  const { zk, clock, ensemble } = newWorld(t)
  const added = outcomeOf(zk.addAuth('digest', 'a:1'))
  await clock.settle()
  t.equal(added.state, 'resolved')
  t.strictSame(ensemble.tried, [])
  outcomeOf(zk.connect())
  await clock.settle()
  t.strictSame(ensemble.link.names, ['auth'])
})

t.test('H32: auth: a rejected credential ends the client, and everything that waits', async t => {
  const { zk, clock, ensemble, states } = await connectedWorld(t)
  const [added, read, write] = outcomesOf(zk.addAuth('digest', 'a:1'), zk.get('/a'), zk.set('/a', ''))
  await clock.settle()
  ensemble.link.raw(rejected)
  ensemble.link.close()
  await clock.settle()
  t.strictSame([added, read, write].map(codeOf), ['AUTH_FAILED', 'AUTH_FAILED', 'AUTH_FAILED'])
  t.strictSame(states, ['connected', 'authFailed'])
  const [get, connect] = outcomesOf(zk.get('/a'), zk.connect())
  await clock.advance(60_000)
  t.strictSame([get, connect].map(codeOf), ['AUTH_FAILED', 'AUTH_FAILED'])
  t.equal(ensemble.connections.length, 1, 'it does not try again')
  t.equal(clock.scheduled, 0)
})

t.test('auth: what was not accepted when the client ends is not reported as accepted', async t => {
  const { zk, clock, ensemble } = await connectedWorld(t)
  const [wrong, behind] = outcomesOf(zk.addAuth('digest', 'a:1'), zk.addAuth('digest', 'b:2'))
  await clock.settle()
  ensemble.link.raw(rejected)
  ensemble.link.close()
  await clock.settle()
  t.strictSame([wrong, behind].map(codeOf), ['AUTH_FAILED', 'AUTH_FAILED'])
  for (const silent of [false, true]) {
    const other = await connectedWorld(t)
    const added = outcomeOf(other.zk.addAuth('digest', 'a:1'))
    await other.clock.settle()
    const closing = outcomeOf(other.zk.close())
    await other.clock.settle()
    if (!silent) other.ensemble.link.close()
    await other.clock.advance(1000)
    t.strictSame([codeOf(added), closing.state], ['CLOSED', 'resolved'])
  }
})

t.test(
  'auth: a credential that a session did not live to see accepted is proved by the next one',
  async t => {
    const world = await connectedWorld(t)
    const { zk, clock, ensemble } = world
    const added = outcomeOf(zk.addAuth('digest', 'a:1'))
    await clock.settle()
    ensemble.expireAll()
    const renewed = outcomeOf(zk.restart())
    await clock.advance(1000)
    t.strictSame([added.state, renewed.state], ['resolved', 'resolved'])
    t.strictSame(ensemble.link.names, ['auth'])
  },
)

t.test('H32: auth: a rejected credential of the options fails connect, or what waits behind it', async t => {
  const { zk, clock, ensemble } = newWorld(t, { auth: [{ scheme: 'digest', auth: 'a:1' }] })
  const read = outcomeOf(zk.get('/a'))
  await clock.settle()
  ensemble.link.raw(rejected)
  await clock.settle()
  t.equal(codeOf(read), 'AUTH_FAILED')
  t.equal(codeOf(await settled(zk.connect())), 'AUTH_FAILED')
})

t.test(
  'H33: auth: a link that breaks before the answer is followed by one that replays the credential',
  async t => {
    const world = await connectedWorld(t)
    const added = outcomeOf(world.zk.addAuth('digest', 'a:1'))
    await world.clock.settle()
    await reconnect(world)
    t.equal(added.state, 'resolved')
    t.strictSame(world.ensemble.link.names, ['auth'])
  },
)

t.test('auth: another error than AUTH_FAILED is told, and the client lives on', async t => {
  const { zk, clock, ensemble } = await connectedWorld(t)
  const added = outcomeOf(zk.addAuth('digest', 'a:1'))
  await clock.settle()
  ensemble.link.raw('00000010 fffffffc 0000000000000000 fffffffb')
  await clock.settle()
  t.equal(codeOf(added), 'MARSHALLING_ERROR')
  t.equal(zk.state, 'connected')
})

t.test('auth: a credential that is too large is refused, and does not harm the next connection', async t => {
  const world = await connectedWorld(t, { maxRequestSize: 1000 })
  const added = outcomeOf(world.zk.addAuth('digest', 'x'.repeat(2000)))
  await world.clock.settle()
  t.equal(codeOf(added), 'PACKET_TOO_LARGE')
  const small = outcomeOf(world.zk.addAuth('digest', 'a:1'))
  await world.clock.settle()
  world.ensemble.link.raw(accepted)
  await world.clock.settle()
  t.equal(small.state, 'resolved')
  await reconnect(world)
  t.equal(world.zk.state, 'connected')
  t.match(world.ensemble.link.requests, [{ name: 'auth', body: { auth: Buffer.from('a:1') } }])
  t.equal(world.ensemble.link.waiting, 1)
})

t.test('auth: the id of a digest is the one that the server makes', async t => {
  // The pair of ZooKeeper's own documentation: super:admin.
  t.equal(digestId('super', 'admin'), 'super:xQJmxLMiHGwaqBvst5y6rkB6HQs=')
  t.strictSame(digestAcl('super', 'admin', 1), {
    perms: 1,
    id: { scheme: 'digest', id: 'super:xQJmxLMiHGwaqBvst5y6rkB6HQs=' },
  })
})

async function settled(promise: Promise<unknown>): Promise<ReturnType<typeof outcomeOf>> {
  const outcome = outcomeOf(promise)
  await promise.catch(() => {})
  return outcome
}

t.test('auth: of a client that ends, or has ended, is refused, and kept for nobody', async t => {
  const world = await connectedWorld(t)
  const { zk, clock, ensemble } = world
  const closing = outcomeOf(zk.close())
  const during = outcomeOf(zk.addAuth('digest', 'a:1'))
  await clock.advance(1000)
  const after = outcomeOf(zk.addAuth('digest', 'b:2'))
  await clock.settle()
  t.strictSame([closing.state, codeOf(during), codeOf(after)], ['resolved', 'CLOSED', 'CLOSED'])
  outcomeOf(zk.restart())
  await clock.advance(1000)
  t.strictSame(ensemble.link.names, [])
})

t.test('auth: a credential that is taken back is left out on the next link, the others are not', async t => {
  const world = await connectedWorld(t)
  const { zk, clock, ensemble } = world
  outcomesOf(zk.addAuth('digest', 'a:1'), zk.addAuth('digest', 'a:2'))
  await clock.settle()
  zk.removeAuth('digest', Buffer.from('a:1'))
  zk.removeAuth('other', 'a:2')
  await reconnect(world)
  t.match(
    ensemble.link.requests.map(({ body }) => body),
    [{ scheme: 'digest', auth: Buffer.from('a:2') }],
  )
})
