// Writes that are repeated after a lost answer, on a real server: executed once, whatever others do meanwhile.
import type { ZooKeeper, ZooKeeperView } from '../../../protocol/index.ts'
import { commitOnce, deleteOnce, setOnce } from '../../../protocol/index.ts'
import { eventually } from '../../support/eventually.ts'
import { connectInChroot } from '../../support/zookeeper.ts'
import type { Test } from '../../tap.ts'
import { t } from '../../tap.ts'
import { proxied } from './support.ts'

const lost = { code: 'CONNECTION_LOSS', mayHaveApplied: true }

const path = '/a'

/** A client whose answers get lost until `hear`, and another one that sees what the server did with `path`. */
async function deaf(t: Test): Promise<{ zk: ZooKeeperView; other: ZooKeeper; hear(): void }> {
  const { zk: other, servers, chroot } = await connectInChroot(t)
  const { zk, proxy } = await proxied(t, servers)
  await other.create(path, 'old')
  await zk.sync('/')
  proxy.set({ kind: 'blackHole', direction: 'toClient' })
  const hear = (): void => {
    proxy.set({ kind: 'pass' })
    proxy.cut()
  }
  return { zk: zk.chroot(chroot), other, hear }
}

t.test('H31: deleteOnce: a znode made by others after the lost deletion stays', async t => {
  const { zk, other, hear } = await deaf(t)
  const deleting = deleteOnce(zk, path, { version: 0 })
  await eventually('the deletion', async () => (await other.exists(path)) === null)
  await other.create(path, 'of another')
  hear()
  await t.rejects(deleting, lost)
  t.equal((await other.get(path)).data?.toString(), 'of another')
})

t.test(
  'H31: deleteOnce and setOnce: what was executed is found to be, and what was not is executed',
  async t => {
    const { zk, other, hear } = await deaf(t)
    const setting = setOnce(zk, path, 'new', { version: 0 })
    await eventually('the write', async () => (await other.get(path)).stat.version === 1)
    hear()
    t.equal((await setting).version, 1)
    await deleteOnce(zk, path, { version: 1 })
    t.equal(await other.exists(path), null)
  },
)

t.test('H31: commitOnce: executed once, with its results lost', async t => {
  const { zk, other, hear } = await deaf(t)
  const committing = commitOnce(zk, transaction => transaction.set(path, 'new'))
  await eventually('the write', async () => (await other.get(path)).stat.version === 1)
  hear()
  t.equal(await committing, null)
  t.equal((await other.get(path)).stat.version, 1)
  // It is taken back behind the results, which nobody keeps waiting for that.
  await eventually('no mark is left', async () => {
    const { children } = await other.getChildren('/')
    return !children.some(name => name.startsWith('_once-'))
  })
})
