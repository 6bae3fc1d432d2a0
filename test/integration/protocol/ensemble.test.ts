// A client of a real ensemble of three: the leader dies, a follower freezes, and sessions and watches go on.
import type { ZooKeeper } from '../../../protocol/index.ts'
import { isLinked } from '../../../protocol/index.ts'
import { startEnsemble } from '../../../scripts/zookeeper/ensemble.ts'
import type { Server } from '../../../scripts/zookeeper/server.ts'
import { eventually } from '../../support/eventually.ts'
import { client } from '../../support/zookeeper.ts'
import type { Test } from '../../tap.ts'
import { t } from '../../tap.ts'
import { clientAt, errorOf, freeze, historyOf, inOrder, names, passed } from './support.ts'

// One after the other: each needs a whole ensemble to begin with.
const ensemble = await startEnsemble(3, {
  tickTime: 400,
  config: { initLimit: '60', syncLimit: '15', maxSessionTimeout: '60000' },
})
t.teardown(() => ensemble.stop())

/** A client whose first server is this one, and that tries the others in order. */
async function clientOf(t: Test, first: Server, sessionTimeout: number): Promise<ZooKeeper> {
  const others = ensemble.members.filter(member => member !== first)
  const connectString = [first, ...others].map(member => member.connectString).join(',')
  return await clientAt(t, first, connectString, { sessionTimeout, ports: { random: inOrder } })
}

/** Writes until it works, as the caller of a write has to decide for itself. */
async function persist(zk: ZooKeeper, path: string): Promise<void> {
  await eventually(`${path} is written`, () =>
    zk.create(path).catch(error => {
      if (error.code === 'NODE_EXISTS') return true
      if (error.code === 'CONNECTION_LOSS') return false
      throw error
    }),
  )
}

t.test(
  'H16: the leader dies: clients of every member keep their sessions and watches, and writes go on',
  async t => {
    const leader = await ensemble.leader()
    const clients = await Promise.all(ensemble.members.map(member => clientOf(t, member, 20_000)))
    const histories = clients.map(historyOf)
    const ids = clients.map(zk => zk.sessionId)
    const heard = clients.map((): string[] => [])
    await clients[0]!.create('/leader')
    for (const [i, zk] of clients.entries()) {
      await zk.create(`/leader/${i}`, null, { mode: 'ephemeral' })
      await zk.sync('/leader')
      await zk.get('/leader', { watch: event => heard[i]!.push(event.type) })
      await zk.exists('/leader/born', { watch: event => heard[i]!.push(event.type) })
    }
    await leader.kill()
    const written = clients.map((zk, i) => persist(zk, `/leader-written-${i}`))
    const read = clients.map(zk => zk.getChildren('/leader'))
    for (const [i, answer] of (await Promise.all(read)).entries()) {
      t.same([...answer.children].sort(), ['0', '1', '2'], `ephemerals as client ${i} sees them`)
    }
    await Promise.all(written)
    t.same(
      clients.map(zk => zk.sessionId),
      ids,
    )
    for (const history of histories) t.notOk(names(history).includes('expired'), names(history).join())
    t.same(heard, [[], [], []])
    await clients[0]!.set('/leader', 'x')
    await clients[1]!.create('/leader/born')
    await Promise.all(clients.map(zk => zk.sync('/')))
    t.same(
      heard.map(types => types.sort()),
      Array(3).fill(['nodeCreated', 'nodeDataChanged']),
    )
    await leader.restart()
    await ensemble.ready()
  },
)

t.test(
  'a follower freezes: its client moves on with the same session, and what it wrote is there',
  async t => {
    const follower = await ensemble.follower()
    const zk = await clientOf(t, follower, 12_000)
    const history = historyOf(zk)
    const { sessionId } = zk
    await zk.create('/follower', null, { mode: 'ephemeral' })
    const other = await client(t, (await ensemble.leader()).connectString)
    let fired = 0
    await zk.exists('/follower-born', { watch: () => fired++ })
    await freeze(t, follower)
    const write = errorOf(zk.set('/follower', 'x'))
    await other.create('/follower-born')
    await passed(history, 'connected')
    t.match(await write, { code: 'CONNECTION_LOSS', mayHaveApplied: true })
    t.not(zk.remote, follower.connectString)
    t.equal(zk.sessionId, sessionId)
    t.same(names(history), ['suspended', 'connected'])
    t.equal((await zk.exists('/follower'))?.ephemeralOwner, sessionId)
    await zk.sync('/')
    t.equal(fired, 1, 'the event that the frozen member owed')
    follower.thaw()
    await ensemble.ready()
    t.equal(zk.sessionId, sessionId)
    await zk.set('/follower', 'y')
  },
)

t.test('without a quorum nothing is answered, and nothing is forgotten', async t => {
  const [one, two, three] = ensemble.members as [Server, Server, Server]
  const zk = await clientOf(t, one, 12_000)
  const history = historyOf(zk)
  await zk.create('/quorum', 'a')
  await Promise.all([two.kill(), three.kill()])
  await passed(history, 'suspended')
  t.match(await errorOf(zk.get('/quorum', { timeout: 300 })), {
    code: 'REQUEST_TIMEOUT',
    mayHaveApplied: false,
  })
  await Promise.all([two.restart({ wait: false }), three.restart({ wait: false })])
  await ensemble.ready()
  await eventually('connected', () => isLinked(zk.state))
  t.ok((await zk.get('/quorum')).data)
})
