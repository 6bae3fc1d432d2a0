// Parents that are made on the way: which level gets which ACL, and in which order things are tried.
import type { Acl, ZooKeeperView } from '../../protocol/index.ts'
import { openAcl, readAcl, ZooKeeperError } from '../../protocol/index.ts'
import { withParents } from '../../src/registry/parents.ts'
import { t } from '../tap.ts'

/** A tree that knows nothing but which paths exist; keeps what was asked of it. */
function tree(...present: string[]): {
  zk: ZooKeeperView
  calls: unknown[]
  create: (path: string) => Promise<string>
} {
  const calls: unknown[] = []
  const there = new Set(['/', ...present])
  const zk = {
    ensurePath: async (path: string, options: { acl?: readonly Acl[] }) => {
      calls.push([path, options.acl])
      for (let end = path.length; end > 0; end = path.lastIndexOf('/', end - 1)) there.add(path.slice(0, end))
    },
  }
  const create = async (path: string): Promise<string> => {
    calls.push(path)
    if (!there.has(path.slice(0, path.lastIndexOf('/')) || '/')) throw new ZooKeeperError('NO_NODE', { path })
    return path
  }
  return { zk: zk as unknown as ZooKeeperView, calls, create }
}

t.test('N19: what has its parent is created at once', async t => {
  const { zk, calls, create } = tree('/a')
  t.equal(await withParents(zk, '/a/b', readAcl, () => create('/a/b')), '/a/b')
  t.same(calls, ['/a/b'])
})

t.test('N19: the levels above the nearest are open, the nearest has the ACL of the registry', async t => {
  const { zk, calls, create } = tree()
  t.equal(await withParents(zk, '/a/b/c/x', readAcl, () => create('/a/b/c/x')), '/a/b/c/x')
  t.same(calls, ['/a/b/c/x', ['/a/b', openAcl], ['/a/b/c', readAcl], '/a/b/c/x'])
})

t.test('N19: a single level, and no ACL', async t => {
  const { zk, calls, create } = tree()
  await withParents(zk, '/a/x', undefined, () => create('/a/x'))
  t.same(calls.slice(-2), [['/a', undefined], '/a/x'])
})

t.test('other errors are passed on, and a second NO_NODE too', async t => {
  const { zk, calls } = tree()
  const refused = new ZooKeeperError('NO_AUTH')
  await t.rejects(
    withParents(zk, '/a/x', undefined, () => Promise.reject(refused)),
    refused,
  )
  t.same(calls, [])
  await t.rejects(
    withParents(zk, '/a/x', undefined, () => Promise.reject(new ZooKeeperError('NO_NODE'))),
    { code: 'NO_NODE' },
  )
})
