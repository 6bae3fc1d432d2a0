// One client that moves between real servers of two releases, with and without persistent watches.
import { ZooKeeper } from '../../../protocol/index.ts'
import type { Server } from '../../../scripts/zookeeper/server.ts'
import { startServer } from '../../../scripts/zookeeper/server.ts'
import { eventually } from '../../support/eventually.ts'
import { client } from '../../support/zookeeper.ts'
import { t } from '../../tap.ts'
import { heardUpTo, reading } from './stream-support.ts'
import { atOnce } from './support.ts'

// Whatever release the rest of the run uses: these two are what the test is about.
const [old, recent] = await Promise.all([
  startServer({ version: '3.5', tickTime: 500 }),
  startServer({ version: '3.9', tickTime: 500 }),
])
t.teardown(() => Promise.all([old.stop(), recent.stop()]))

/** How many paths are watched on the server, by any session. */
async function watchesOf(server: Server): Promise<number> {
  return Number(/Total watches:(\d+)/.exec(await server.command('wchs'))?.[1])
}

t.test('H18: 3.9, then 3.5, then 3.9 again: the stream goes on, told of each gap', async t => {
  const [onOld, onRecent] = await Promise.all(
    [old, recent].map(({ connectString }) => client(t, connectString)),
  )
  for (const other of [onOld, onRecent]) await other!.create('/a/b', null, { parents: true })
  const zk = new ZooKeeper(recent.connectString, { sessionTimeout: 10_000, ports: { random: atOnce } })
  t.teardown(() => zk.close())
  await zk.connect({ timeout: 60_000 })
  const warnings: unknown[] = []
  zk.on('warning', warning => warnings.push(warning))
  const plain = await reading(t, zk, '/a')
  const deep = await reading(t, zk, '/a', { recursive: true })
  await onRecent!.set('/a/b', '1')
  await heardUpTo(deep, 'nodeDataChanged /a/b')

  zk.updateServers(old.connectString)
  await eventually('on 3.5', () => zk.remote?.endsWith(`:${old.port}`) && zk.state === 'connected')
  await eventually('one-shot watches', async () => (await watchesOf(old)) > 0)
  // A change before all is watched is told by the resync that follows, and one that comes too soon folds into another.
  const changed = (other: ZooKeeper): Promise<unknown> => {
    const before = deep.heard.length
    return eventually('a change', async () => {
      await other.set('/a/b', '')
      return deep.heard.slice(before).includes('nodeDataChanged /a/b')
    })
  }
  for (let i = 0; i < 3; i++) await changed(onOld!)
  await onOld!.create('/a/c')
  await heardUpTo(plain, 'nodeChildrenChanged /a')
  await heardUpTo(deep, 'nodeCreated /a/c')
  const { generation } = zk
  await zk.sync('/')
  t.equal(zk.generation, generation, 'the session lives on a server that lacks setWatches2')

  zk.updateServers(recent.connectString)
  await eventually('on 3.9', () => zk.remote?.endsWith(`:${recent.port}`) && zk.state === 'connected')
  // Both streams watch the same path, and one-shot watches stood on the znodes below it and on lists of children.
  await eventually('the real watches alone', async () => (await watchesOf(recent)) === 1)
  for (let i = 0; i < 3; i++) await changed(onRecent!)
  t.equal(await watchesOf(recent), 1, 'they stay')
  t.same(warnings, [])
})
