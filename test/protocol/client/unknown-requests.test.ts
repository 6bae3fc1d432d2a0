// Requests that the server at hand does not know: what they cost, and what becomes of the others.
import { codeOf, outcomeOf, outcomesOf } from '../../support/outcome.ts'
import { connectedWorld, reconnect } from '../../support/scripted-client.ts'
import { aStat } from '../../support/scripted-server.ts'
import { t } from '../../tap.ts'

const UNKNOWN = -6

t.test('unknown requests: what a server did not know is not sent to it again', async t => {
  const world = await connectedWorld(t)
  const { zk, clock, ensemble } = world
  const first = outcomeOf(zk.whoAmI())
  await clock.settle()
  ensemble.link.refuse(ensemble.link.take('whoAmI'), UNKNOWN, -1n)
  await reconnect(world)
  const again = outcomeOf(zk.whoAmI())
  const other = outcomeOf(zk.getEphemerals())
  await clock.settle()
  t.strictSame([first, again, other].map(codeOf), ['UNIMPLEMENTED', 'UNIMPLEMENTED', 'pending'])
  t.strictSame(ensemble.link.names, ['getEphemerals'])
})

t.test(
  'unknown requests: one that lost a connection goes alone on the next, behind what is ahead',
  async t => {
    const world = await connectedWorld(t)
    const { zk, clock, ensemble } = world
    outcomesOf(zk.exists('/before'), zk.whoAmI(), zk.exists('/behind'))
    await reconnect(world)
    const { link } = ensemble
    t.strictSame(link.names, ['exists'])
    link.reply(link.take('exists'), aStat)
    await clock.settle()
    t.strictSame(link.names, ['exists', 'whoAmI'])
    link.reply(link.take('whoAmI'), { clientInfo: [] })
    await clock.settle()
    t.strictSame(link.names, ['exists', 'whoAmI', 'exists'])
  },
)

t.test('unknown requests: one that is refused without being sent holds nobody up', async t => {
  const addresses = { a: ['10.0.0.1'], b: ['10.0.0.2'] }
  const world = await connectedWorld(t, { servers: 'a,b', addresses })
  const { zk, clock, ensemble } = world
  outcomeOf(zk.whoAmI())
  await clock.settle()
  ensemble.link.refuse(ensemble.link.take('whoAmI'), UNKNOWN, -1n)
  await reconnect(world)
  t.equal(zk.remote, 'b (10.0.0.2:2181)')
  const [refused, read] = outcomesOf(zk.whoAmI(), zk.exists('/a'))
  await reconnect(world)
  t.equal(zk.remote, 'a (10.0.0.1:2181)')
  t.equal(codeOf(refused), 'UNIMPLEMENTED')
  const write = outcomeOf(zk.set('/a', ''))
  await clock.settle()
  const { link } = ensemble
  t.strictSame(link.names, ['exists', 'setData'])
  link.reply(link.take('exists'), aStat)
  link.reply(link.take('setData'), aStat)
  await clock.settle()
  t.strictSame([read.state, write.state], ['resolved', 'resolved'])
})

t.test(
  'unknown requests: a write may be switched off alone: it is asked again, on the same connection',
  async t => {
    const { zk, clock, ensemble } = await connectedWorld(t)
    const { link } = ensemble
    const options = { mode: 'persistentWithTtl', ttl: 1000 } as const
    for (const name of ['/1', '/2']) {
      const [refused, other, read] = outcomesOf(
        zk.create(name, null, options),
        zk.create(`${name}b`, null, options),
        zk.exists('/a'),
      )
      await clock.settle()
      link.refuse(link.take('createTTL'), UNKNOWN)
      link.reply(link.take('createTTL'), { path: `${name}b`, stat: aStat })
      link.reply(link.take('exists'), aStat)
      await clock.settle()
      t.strictSame([refused, other, read].map(codeOf), ['UNIMPLEMENTED', 'resolved', 'resolved'])
    }
    t.strictSame(ensemble.connections, [link])
  },
)

t.test(
  'unknown requests: with the first read of a kind, those behind it are refused, whoever is next',
  async t => {
    const addresses = { a: ['10.0.0.1'], b: ['10.0.0.2'] }
    const world = await connectedWorld(t, { servers: 'a,b', addresses })
    const { zk, clock, ensemble } = world
    const calls = outcomesOf(zk.whoAmI(), zk.exists('/a'), zk.whoAmI())
    await clock.settle()
    ensemble.link.refuse(ensemble.link.take('whoAmI'), UNKNOWN, -1n)
    await reconnect(world)
    t.strictSame(calls.map(codeOf), ['UNIMPLEMENTED', 'pending', 'UNIMPLEMENTED'])
    t.strictSame(ensemble.link.names, ['exists'])
  },
)
