// Creations that are asked for in one turn: one transaction, and an outcome for each.
import { ZooKeeper } from '../../protocol/index.ts'
import { EmbeddedZooKeeper } from '../../src/embedded/index.ts'
import { Creations } from '../../src/registry/creations.ts'
import { FaultProxy, recordFrames } from '../../src/testing/index.ts'
import type { Test } from '../tap.ts'
import { t } from '../tap.ts'

interface Stage {
  readonly zk: ZooKeeper
  readonly creations: Creations
  readonly proxy: FaultProxy
  /** Names of the operations that were sent since the last call. */
  sent(): string[]
}

async function stage(t: Test): Promise<Stage> {
  const server = await EmbeddedZooKeeper.start()
  t.teardown(() => server.close())
  const proxy = await FaultProxy.start({ target: server.connectString })
  t.teardown(() => proxy.close())
  const zk = new ZooKeeper(proxy.connectString)
  t.teardown(() => zk.close())
  await zk.create('/s')
  const recorder = recordFrames(proxy)
  const creations = new Creations({ zk, defer: task => void setImmediate(task) })
  const sent = (): string[] => {
    const names = recorder.frames
      .filter(({ kind }) => kind === 'request')
      .map(({ operation }) => operation ?? '')
    recorder.clear()
    return names.filter(name => name !== 'ping')
  }
  return { zk, creations, proxy, sent }
}

const paths = (count: number): string[] => Array.from({ length: count }, (_, i) => `/s/n${i}`)
const DATA = Buffer.from('x')

t.test('creations: one alone is an ordinary create, many are one transaction', async t => {
  const { zk, creations, sent } = await stage(t)
  await creations.create('/s/alone', DATA, undefined)
  t.same(sent(), ['create2'])
  await Promise.all(paths(50).map(path => creations.create(path, DATA, undefined)))
  t.same(sent(), ['multi'])
  t.equal((await zk.getChildren('/s')).children.length, 51)
  t.equal((await zk.exists('/s/n7'))?.ephemeralOwner, zk.sessionId)
})

t.test('creations: a transaction stays small, in operations and in bytes', async t => {
  const { zk, creations, sent } = await stage(t)
  await Promise.all(paths(250).map(path => creations.create(path, DATA, undefined)))
  t.same(sent(), ['multi', 'multi', 'multi'])
  const large = Buffer.alloc(60_000)
  await Promise.all(['/s/a', '/s/b', '/s/c', '/s/d'].map(path => creations.create(path, large, undefined)))
  t.same(sent(), ['multi', 'multi'])
  t.equal((await zk.getChildren('/s')).children.length, 254)
})

t.test('creations: one that fails fails alone', async t => {
  const { zk, creations } = await stage(t)
  await zk.create('/s/n3')
  const outcomes = await Promise.allSettled([
    ...paths(5).map(path => creations.create(path, DATA, undefined)),
    creations.create('/no/parent', DATA, undefined),
    creations.create('/s/bad acl', DATA, [{ perms: 31, id: { scheme: 'nobody', id: 'x' } }]),
  ])
  t.match(
    outcomes.map(outcome => (outcome.status === 'rejected' ? outcome.reason.code : 'created')),
    ['created', 'created', 'created', 'NODE_EXISTS', 'created', 'NO_NODE', 'INVALID_ACL'],
  )
})

t.test('creations: what cannot be put into a request rejects, and the others stand', async t => {
  const { creations } = await stage(t)
  const outcomes = await Promise.allSettled([
    creations.create('/s/a', DATA, undefined),
    creations.create('no path', DATA, undefined),
    creations.create('/s/b', Buffer.alloc(2 * 1024 * 1024), undefined),
    creations.create('/s/c', DATA, undefined),
  ])
  t.match(
    outcomes.map(outcome => (outcome.status === 'rejected' ? outcome.reason.code : 'created')),
    ['created', 'INVALID_PATH', 'PACKET_TOO_LARGE', 'created'],
  )
})

t.test('creations: a lost reply is told to each, and says that it may have been applied', async t => {
  const { creations, proxy } = await stage(t)
  const undo = proxy.filter(frame => (frame.kind === 'reply' && frame.opcode === 14 ? 'cut' : 'pass'))
  const outcomes = await Promise.allSettled(paths(3).map(path => creations.create(path, DATA, undefined)))
  undo()
  for (const outcome of outcomes) {
    t.match(outcome, { status: 'rejected', reason: { code: 'CONNECTION_LOSS', mayHaveApplied: true } })
  }
})
