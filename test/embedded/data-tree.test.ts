// The data tree: each change and the way back, counters at their limits, and what is counted.
import { DataTree } from '../../src/embedded/data-tree.ts'
import { parseQuota, QuotaPaths } from '../../src/embedded/quotas.ts'
import { Transaction } from '../../src/embedded/transaction.ts'
import type { Owner } from '../../src/embedded/znode.ts'
import { CONTAINER, NO_OWNER, statOf } from '../../src/embedded/znode.ts'
import { t } from '../tap.ts'
import { OPEN } from './support.ts'

const text = (data: Uint8Array | null): string => Buffer.from(data ?? []).toString()

function grow(tree: DataTree, txn: Transaction, path: string, data = '', owner: Owner = NO_OWNER): void {
  tree.create(txn, path, { data: Buffer.from(data), acl: OPEN, owner })
}

/** Everything that a client could see. */
function pictureOf(tree: DataTree, path = '/'): unknown {
  const node = tree.get(path)!
  const children = [...(node.children ?? [])].sort()
  const below = children.map(name => pictureOf(tree, path === '/' ? `/${name}` : `${path}/${name}`))
  return { path, stat: statOf(node), data: text(node.data), below }
}

t.test('a rollback takes back every kind of change, newest first', async t => {
  const tree = new DataTree()
  const first = new Transaction(1n, 1000)
  grow(tree, first, '/a', 'one')
  grow(tree, first, '/a/b')
  grow(tree, first, '/e', '', { kind: 'session', id: 5n })
  grow(tree, first, '/zookeeper/quota/a')
  grow(tree, first, '/zookeeper/quota/a/zookeeper_limits', 'count=9,bytes=9')
  grow(tree, first, '/zookeeper/quota/a/zookeeper_stats')
  const [before, size] = [pictureOf(tree), tree.size]
  const second = new Transaction(2n, 2000)
  grow(tree, second, '/c', '', CONTAINER)
  grow(tree, second, '/c/e', '', { kind: 'session', id: 5n })
  tree.setData(second, '/a/b', Buffer.from('two'))
  tree.delete(second, '/a/b')
  tree.setData(second, '/a', null)
  tree.delete(second, '/e')
  tree.delete(second, '/zookeeper/quota/a/zookeeper_limits')
  t.equal(second.changes.length, 7)
  t.notSame(pictureOf(tree), before)
  second.rollback()
  t.strictSame(pictureOf(tree), before)
  t.equal(tree.size, size)
  t.same(tree.ephemeralsOf(5n), ['/e'])
  t.same([...tree.reapable], [])
  t.equal(tree.quotas.above('/a/b'), '/a')
  t.same(second.changes, [])
})

t.test('8.3.6: the counter of creates stays at its end', async t => {
  const tree = new DataTree()
  const txn = new Transaction(1n, 0)
  grow(tree, txn, '/a')
  const parent = tree.get('/a')!
  parent.creates = 2 ** 31 - 2
  grow(tree, txn, '/a/x')
  t.equal(parent.creates, 2 ** 31 - 1)
  grow(tree, txn, '/a/y')
  t.equal(parent.creates, 2 ** 31 - 1)
  t.equal(statOf(parent).cversion, -4, 'and cversion wraps')
})

t.test('a deep tree is counted without running out of stack', async t => {
  const tree = new DataTree()
  const txn = new Transaction(1n, 0)
  let path = ''
  for (let depth = 0; depth < 5000; depth++) {
    path += '/d'
    grow(tree, txn, path)
  }
  t.equal(tree.countBelow('/d'), 4999)
  t.equal(tree.countBelow('/'), 5003)
})

t.test('usage is kept for the nearest quota', async t => {
  const tree = new DataTree()
  const txn = new Transaction(1n, 0)
  grow(tree, txn, '/a', 'abc')
  grow(tree, txn, '/a/b', 'de')
  for (const path of ['/a', '/a/b']) {
    grow(tree, txn, `/zookeeper/quota${path}`)
    grow(tree, txn, `/zookeeper/quota${path}/zookeeper_limits`, 'count=1,bytes=1')
    grow(tree, txn, `/zookeeper/quota${path}/zookeeper_stats`)
  }
  const usage = (path: string): string =>
    text(tree.get(`/zookeeper/quota${path}/zookeeper_stats`)?.data ?? null)
  t.equal(usage('/a'), 'count=2,bytes=5')
  t.equal(usage('/a/b'), 'count=1,bytes=2')
  grow(tree, txn, '/a/b/c', 'f')
  tree.setData(txn, '/a', Buffer.from('abcdef'))
  t.equal(usage('/a'), 'count=2,bytes=8')
  t.equal(usage('/a/b'), 'count=2,bytes=3')
  tree.delete(txn, '/a/b/c')
  t.equal(usage('/a/b'), 'count=1,bytes=2')
})

t.test('quota texts', async t => {
  const none = { count: -1, bytes: -1, countHardLimit: -1, byteHardLimit: -1 }
  const parse = (data: string): unknown => parseQuota(Buffer.from(data))
  t.same(parse(''), none)
  t.same(parse('count=+1,'), { ...none, count: 1 })
  t.same(parse('count==1;bytes=2=3'), { ...none, bytes: 2 })
  t.equal(parseQuota(null), null)
  for (const wrong of ['nonsense', 'count', 'count=', ',count=1', 'count=x', 'count= 1'])
    t.equal(parse(wrong), null, wrong)
  t.same(parseQuota(Buffer.from('count=5,bytes=-1=;byteHardLimit=10;countHardLimit=3')), {
    count: 5,
    bytes: -1,
    countHardLimit: 3,
    byteHardLimit: 10,
  })
  const paths = new QuotaPaths()
  paths.add('/')
  t.equal(paths.above('/a'), null, 'a quota on the root does not count')
  paths.add('/a')
  t.equal(paths.above('/ab'), null)
})
