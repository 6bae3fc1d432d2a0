// An ephemeral znode as its registration sees it, on an embedded server: what it finds, and writes that come too late.
import { ZooKeeper } from '../../protocol/index.ts'
import { EmbeddedZooKeeper } from '../../src/embedded/index.ts'
import { Creations } from '../../src/registry/creations.ts'
import type { Found } from '../../src/registry/owned-node.ts'
import { OwnedNode } from '../../src/registry/owned-node.ts'
import type { Test } from '../tap.ts'
import { t } from '../tap.ts'

interface Stage {
  readonly zk: ZooKeeper
  readonly stranger: ZooKeeper
  readonly node: OwnedNode
}

async function stage(t: Test): Promise<Stage> {
  const server = await EmbeddedZooKeeper.start()
  t.teardown(() => server.close())
  const [zk, stranger] = [new ZooKeeper(server.connectString), new ZooKeeper(server.connectString)]
  for (const each of [zk, stranger]) {
    t.teardown(() => each.close())
    await each.connect()
  }
  const port = {
    zk,
    acl: undefined,
    limited: <T>(call: () => Promise<T>): Promise<T> => call(),
    wasOurs: () => false,
    creations: new Creations({ zk, defer: task => void setImmediate(task) }),
  }
  return { zk, stranger, node: new OwnedNode('/a', port, () => {}) }
}

function statOf(found: Found): Exclude<Found, { kind: 'none' }>['stat'] {
  if (found.kind === 'none') throw new Error('nothing was found')
  return found.stat
}

t.test("owned node: nothing, ours, a stranger's, and nobody's", async t => {
  const { zk, stranger, node } = await stage(t)
  t.match(await node.find(), { kind: 'none' })
  t.equal(await node.create(Buffer.from('1')), true)
  t.match(await node.find(), { kind: 'mine', data: Buffer.from('1') })
  t.equal(await node.create(Buffer.from('2')), false, 'it stands already')
  await node.remove(statOf(await node.find()))
  await stranger.create('/a', 'theirs', { mode: 'ephemeral' })
  t.match(await node.find(), { kind: 'foreign' })
  await stranger.delete('/a')
  await zk.create('/a')
  t.match(await node.find(), { kind: 'nobodys' })
})

t.test('owned node: what changed since the look is neither replaced nor written nor removed', async t => {
  const { stranger, node } = await stage(t)
  await stranger.create('/a', 'theirs', { mode: 'ephemeral' })
  const seen = statOf(await node.find())
  await stranger.set('/a', 'newer')
  for (const late of [
    () => node.replace(seen, Buffer.from('ours')),
    () => node.write(seen, Buffer.from('ours')),
    () => node.remove(seen),
  ]) {
    await t.rejects(late(), { code: 'BAD_VERSION' })
  }
  const { data, stat } = await stranger.get('/a')
  t.equal(data?.toString(), 'newer')
  t.equal(stat.ephemeralOwner, stranger.sessionId)
  await node.replace(stat, Buffer.from('ours'))
  t.match(await node.find(), { kind: 'mine' })
})
