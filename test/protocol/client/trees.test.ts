// Whole branches: created from the top, deleted from the leaves, while others do the same.

import type { TreePort } from '../../../protocol/client/trees.ts'
import { deleteTree, ensurePath } from '../../../protocol/client/trees.ts'
import { ZooKeeperError } from '../../../protocol/errors.ts'
import { childOf, parentOf } from '../../../protocol/paths.ts'
import type { CreateRequest } from '../../../protocol/records/nodes.ts'
import { codeOf, outcomeOf } from '../../support/outcome.ts'
import { connectedWorld } from '../../support/scripted-client.ts'
import { aStat } from '../../support/scripted-server.ts'
import { t } from '../../tap.ts'

/** A tree of names with the rules of a server, and a list of what was done to it. */
class Tree implements TreePort {
  readonly nodes: Set<string>
  readonly done: string[] = []
  /** Runs before each step: what others do at the same time. */
  meanwhile: (step: string) => void = () => {}

  constructor(...nodes: string[]) {
    this.nodes = new Set(['/', ...nodes])
  }

  async create(path: string): Promise<void> {
    this.#step(`create ${path}`)
    if (this.nodes.has(path)) throw new ZooKeeperError('NODE_EXISTS', { path })
    if (!this.nodes.has(parentOf(path))) throw new ZooKeeperError('NO_NODE', { path })
    this.nodes.add(path)
  }

  async delete(path: string, { version }: { version?: number }): Promise<void> {
    this.#step(`delete ${path}`)
    if (!this.nodes.has(path)) throw new ZooKeeperError('NO_NODE', { path })
    if (version !== -1) throw new ZooKeeperError('BAD_VERSION', { path })
    if (this.#children(path).length > 0) throw new ZooKeeperError('NOT_EMPTY', { path })
    this.nodes.delete(path)
  }

  async getChildren(path: string): Promise<{ children: string[] }> {
    this.#step(`list ${path}`)
    if (!this.nodes.has(path)) throw new ZooKeeperError('NO_NODE', { path })
    return { children: this.#children(path) }
  }

  #children(path: string): string[] {
    const prefix = childOf(path, '')
    return [...this.nodes]
      .filter(node => node !== path && node.startsWith(prefix) && !node.slice(prefix.length).includes('/'))
      .map(node => node.slice(prefix.length))
  }

  #step(what: string): void {
    this.meanwhile(what)
    this.done.push(what)
  }
}

const turn = (): Promise<void> => new Promise(resolve => setImmediate(resolve))

t.test('ensurePath: the deepest level is tried first, since its parents usually exist', async t => {
  const tree = new Tree('/a')
  await ensurePath(tree, '/a/b', {})
  t.strictSame(tree.done, ['create /a/b'])
})

t.test('ensurePath: missing parents are created from the top', async t => {
  const tree = new Tree()
  await ensurePath(tree, '/a/b/c', {})
  t.strictSame([...tree.nodes], ['/', '/a', '/a/b', '/a/b/c'])
})

t.test('ensurePath: what is there already is fine, and the root always is', async t => {
  const tree = new Tree('/a')
  await ensurePath(tree, '/a', {})
  await ensurePath(tree, '/', {})
  t.strictSame(tree.done, ['create /a'])
})

t.test('ensurePath: somebody else who creates the same is fine', async t => {
  const tree = new Tree()
  tree.meanwhile = step => {
    if (step === 'create /a') tree.nodes.add('/a').add('/a/b')
  }
  await ensurePath(tree, '/a/b', {})
  t.strictSame([...tree.nodes], ['/', '/a', '/a/b'])
})

t.test('ensurePath: other errors pass through', async t => {
  const tree = new Tree()
  tree.meanwhile = () => {
    throw new ZooKeeperError('NO_AUTH')
  }
  await t.rejects(ensurePath(tree, '/a/b', {}), { code: 'NO_AUTH' })
})

t.test('delete recursive: the leaves first, the siblings of the branch not at all', async t => {
  const tree = new Tree('/a', '/a/b', '/a/b/c', '/a/d', '/ab')
  await deleteTree(tree, '/a', {})
  t.strictSame([...tree.nodes], ['/', '/ab'])
})

t.test('delete recursive: what appears meanwhile is deleted too', async t => {
  const tree = new Tree('/a', '/a/b')
  let added = 0
  tree.meanwhile = step => {
    if (step === 'delete /a' && added++ < 3) tree.nodes.add(`/a/new${added}`)
  }
  await deleteTree(tree, '/a', {})
  t.strictSame([...tree.nodes], ['/'])
})

t.test('delete recursive: what others delete meanwhile is fine, below the top', async t => {
  const tree = new Tree('/a', '/a/b', '/a/c')
  tree.meanwhile = step => {
    if (step === 'list /a/b') tree.nodes.delete('/a/b')
    if (step === 'delete /a/c') tree.nodes.delete('/a/c')
  }
  await deleteTree(tree, '/a', {})
  t.strictSame([...tree.nodes], ['/'])
  await t.rejects(deleteTree(tree, '/a', {}), { code: 'NO_NODE' })
})

t.test('delete recursive: somebody who never stops creating wins in the end', async t => {
  const tree = new Tree('/a')
  let added = 0
  tree.meanwhile = step => {
    if (step === 'delete /a') tree.nodes.add(`/a/n${added++}`)
  }
  await t.rejects(deleteTree(tree, '/a', {}), { code: 'NOT_EMPTY' })
  t.ok(added <= 20)
})

t.test('delete recursive: however wide and deep the branch is, few requests are made at a time', async t => {
  const names = [...'abcdefghijkl']
  const levels = [['/a'], [], [], []] as string[][]
  for (let depth = 1; depth < levels.length; depth++) {
    const above = levels[depth - 1] as string[]
    levels[depth] = above.flatMap(path => names.map(name => `${path}/${name}`))
  }
  const tree = new Tree(...levels.flat())
  let now = 0
  let most = 0
  const counted = async <T>(request: Promise<T>): Promise<T> => {
    now++
    most = Math.max(most, now)
    try {
      return await request
    } finally {
      now--
    }
  }
  const port: TreePort = {
    create: path => tree.create(path),
    delete: (path, { version }) => counted(tree.delete(path, { version: version ?? -1 })),
    getChildren: path => counted(tree.getChildren(path)),
  }
  await deleteTree(port, '/a', {})
  t.strictSame([...tree.nodes], ['/'])
  t.ok(most > names.length && most <= 64, `${most} at a time`)
  const first = tree.done.findIndex(step => step.startsWith('delete'))
  t.ok(first < tree.done.length / 4, 'a branch is done with before all others are begun')
})

t.test(
  'delete recursive: many children are deleted in one go, and their parent is asked of once',
  async t => {
    const children = Array.from({ length: 130 }, (_, i) => `/a/${i}`)
    const tree = new Tree('/a', ...children)
    await deleteTree(tree, '/a', {})
    t.strictSame([...tree.nodes], ['/'])
    t.strictSame(
      tree.done.filter(step => step.endsWith(' /a')),
      ['list /a', 'delete /a'],
    )
  },
)

t.test('delete recursive: the version is that of the top', async t => {
  const tree = new Tree('/a', '/a/b')
  await t.rejects(deleteTree(tree, '/a', { version: 5 }), { code: 'BAD_VERSION' })
  t.strictSame([...tree.nodes], ['/', '/a'])
})

t.test(
  'create with parents: the parents are made when the server misses them, and then the znode',
  async t => {
    const { zk, clock, ensemble } = await connectedWorld(t)
    const { link } = ensemble
    const made = outcomeOf(zk.create('/a/b', 'hi', { parents: true, mode: 'ephemeral' }))
    await clock.settle()
    link.refuse(link.take('create'), -101)
    await clock.settle()
    const parent = link.take('create')
    t.match(parent.body, { path: /^\/a$/, data: Buffer.alloc(0), flags: 0 })
    link.reply(parent, { path: '/a', stat: aStat })
    await clock.settle()
    const again = link.take('create')
    t.match(again.body, { path: '/a/b', data: Buffer.from('hi'), flags: 1 })
    link.reply(again, { path: '/a/b', stat: aStat })
    await clock.settle()
    t.equal(made.value?.path, '/a/b')
  },
)

t.test(
  'create with parents: it is made as it was asked for, whatever its caller changes meanwhile',
  async t => {
    for (const timeout of [undefined, 5000]) {
      const { zk, clock, ensemble } = await connectedWorld(t)
      const { link } = ensemble
      const data = Buffer.from('as it was')
      const entry = { perms: 1, id: { scheme: 'ip', id: '10.0.0.1' } }
      const acl = [entry]
      outcomeOf(zk.create('/a/b', data, { parents: true, acl, ...(timeout && { timeout }) }))
      data.fill(0)
      entry.perms = 31
      acl.push(entry)
      const wanted = [{ perms: 1, id: { scheme: 'ip', id: '10.0.0.1' } }]
      await clock.settle()
      link.refuse(link.take('create'), -101)
      await clock.settle()
      const parent = link.take('create')
      t.strictSame((parent.body as CreateRequest).acl, wanted)
      link.reply(parent, { path: '/a', stat: aStat })
      await clock.settle()
      const { body } = link.take('create')
      t.match(body, { path: '/a/b', data: Buffer.from('as it was') })
      t.strictSame((body as CreateRequest).acl, wanted)
    }
  },
)

t.test('create with parents: what is wrong with data or ACL is told before anything is sent', async t => {
  const { zk, ensemble } = await connectedWorld(t)
  const data = 5 as unknown as string
  const acl = [{ perms: 32, id: { scheme: 'world', id: 'anyone' } }]
  await t.rejects(zk.create('/a/b', data, { parents: true }), { code: 'INVALID_ARGUMENT', message: /data/ })
  await t.rejects(zk.create('/a/b', '', { parents: true, acl }), { code: 'INVALID_ARGUMENT', message: /acl/ })
  await t.rejects(zk.ensurePath('/a/b', { acl }), { code: 'INVALID_ARGUMENT', message: /acl/ })
  t.strictSame(ensemble.link.names, [])
})

t.test('ensurePath: all levels get the ACL of the call, whatever its caller changes meanwhile', async t => {
  const { zk, clock, ensemble } = await connectedWorld(t)
  const { link } = ensemble
  const acl = [{ perms: 1, id: { scheme: 'ip', id: '10.0.0.1' } }]
  outcomeOf(zk.ensurePath('/a/b', { acl }))
  acl.pop()
  for (const [path, answer] of [
    ['/a/b', -101],
    ['/a', 0],
    ['/a/b', 0],
  ] as const) {
    await clock.settle()
    const made = link.take('create')
    t.match(made.body, { path })
    t.strictSame((made.body as CreateRequest).acl, [{ perms: 1, id: { scheme: 'ip', id: '10.0.0.1' } }])
    if (answer === 0) link.reply(made, { path, stat: aStat })
    else link.refuse(made, answer)
  }
})

t.test('delete of a branch: once it has failed, nothing is deleted any more', async t => {
  const names = Array.from({ length: 300 }, (_, i) => `/a/b${i % 3}/c${i}`)
  const tree = new Tree('/a', '/a/bad', '/a/b0', '/a/b1', '/a/b2', ...names)
  tree.meanwhile = step => {
    if (step === 'delete /a/bad') throw new ZooKeeperError('NO_AUTH', { path: '/a/bad' })
  }
  const slowly = async <T>(answer: Promise<T>): Promise<T> => {
    const outcome = await Promise.allSettled([answer])
    await turn()
    if (outcome[0].status === 'rejected') throw outcome[0].reason
    return outcome[0].value
  }
  const slow: TreePort = {
    create: path => tree.create(path),
    delete: (path, options) => slowly(tree.delete(path, options as { version: number })),
    getChildren: path => slowly(tree.getChildren(path)),
  }
  await t.rejects(deleteTree(slow, '/a', {}), { code: 'NO_AUTH', path: '/a/bad' })
  const { length } = tree.done
  for (let i = 0; i < 100; i++) await turn()
  t.equal(tree.done.length, length)
  t.ok(tree.nodes.size > 200, `${tree.nodes.size} are left`)
})

t.test('create with parents: other errors pass through, and without the wish NO_NODE does', async t => {
  const { zk, clock, ensemble } = await connectedWorld(t)
  const { link } = ensemble
  const parents = outcomeOf(zk.create('/a/b', '', { parents: true }))
  const plain = outcomeOf(zk.create('/a/b', ''))
  await clock.settle()
  link.refuse(link.take('create'), -110)
  link.refuse(link.take('create'), -101)
  await clock.settle()
  t.strictSame([codeOf(parents), codeOf(plain)], ['NODE_EXISTS', 'NO_NODE'])
})
