// The walk through the tree, on a tree in memory: what is asked for, how much at once, and what goes wrong.
import type { Stat } from '../../protocol/index.ts'
import { childOf, ZooKeeperError } from '../../protocol/index.ts'
import type { Reader } from '../../src/cli/get.ts'
import { readTree } from '../../src/cli/get.ts'
import { t } from '../tap.ts'

type Fault = (operation: string, path: string) => Error | null

/** Nodes by path; `calls` keeps what was asked for. */
class Tree {
  readonly calls: string[] = []
  readonly #nodes: ReadonlyMap<string, string | null>
  readonly #fault: Fault
  running = 0
  most = 0

  constructor(nodes: Readonly<Record<string, string | null>>, fault: Fault = () => null) {
    this.#nodes = new Map(Object.entries(nodes))
    this.#fault = fault
  }

  get reader(): Reader {
    return {
      exists: path =>
        this.#answer('exists', path).catch(error => {
          if (ZooKeeperError.is(error, 'NO_NODE')) return null
          throw error
        }),
      get: async path => {
        const stat = await this.#answer('get', path)
        const text = this.#nodes.get(path)
        return { data: text == null ? null : new TextEncoder().encode(text), stat }
      },
      getChildren: async path => ({
        stat: await this.#answer('getChildren', path),
        children: this.#childrenOf(path),
      }),
    }
  }

  #childrenOf(path: string): string[] {
    const start = childOf(path, '')
    const below = [...this.#nodes.keys()].filter(each => each.startsWith(start) && each !== path)
    // Neither sorted nor in the order of creation: servers promise neither.
    return below
      .map(each => each.slice(start.length))
      .filter(name => !name.includes('/'))
      .reverse()
  }

  async #answer(operation: string, path: string): Promise<Stat> {
    this.calls.push(`${operation} ${path}`)
    this.most = Math.max(this.most, ++this.running)
    await new Promise(setImmediate)
    this.running--
    const error = this.#fault(operation, path)
    if (error !== null) throw error
    if (!this.#nodes.has(path)) throw new ZooKeeperError('NO_NODE', { path })
    return { numChildren: this.#childrenOf(path).length } as Stat
  }
}

const small = { '/a': '{"x": 1}', '/a/b': null, '/a/b/d': 'text', '/a/c': '', '/ab': null }

t.test('N83: get: without -d and -r only the existence is asked for', async t => {
  const tree = new Tree(small)
  t.same(await readTree(tree.reader, '/a', { data: false, recursive: false }), {
    branch: { path: '/a' },
    denied: [],
  })
  t.same(tree.calls, ['exists /a'])
})

t.test('N83: get: -d reads the data', async t => {
  const tree = new Tree(small)
  const { branch } = await readTree(tree.reader, '/a', { data: true, recursive: false })
  t.same(branch, { path: '/a', data: { x: 1 } })
  t.same(tree.calls, ['get /a'])
})

t.test('N85: get: -r goes through everything below, children sorted by name', async t => {
  const tree = new Tree(small)
  const { branch } = await readTree(tree.reader, '/a', { data: false, recursive: true })
  t.same(branch, {
    path: '/a',
    children: [
      { path: '/a/b', children: [{ path: '/a/b/d', children: [] }] },
      { path: '/a/c', children: [] },
    ],
  })
})

t.test('get: -d and -r together ask leaves once', async t => {
  const tree = new Tree(small)
  const { branch } = await readTree(tree.reader, '/a', { data: true, recursive: true })
  t.same(branch, {
    path: '/a',
    data: { x: 1 },
    children: [
      {
        path: '/a/b',
        data: null,
        children: [{ path: '/a/b/d', data: { string_value: 'text' }, children: [] }],
      },
      { path: '/a/c', data: null, children: [] },
    ],
  })
  t.same(tree.calls.sort(), [
    'get /a',
    'get /a/b',
    'get /a/b/d',
    'get /a/c',
    'getChildren /a',
    'getChildren /a/b',
  ])
})

t.test('N86: get: below the root names are not doubled with slashes', async t => {
  const { branch } = await readTree(new Tree({ '/': null, '/a': null }).reader, '/', {
    data: false,
    recursive: true,
  })
  t.same(branch, { path: '/', children: [{ path: '/a', children: [] }] })
})

t.test('N87: get: an absent path is no branch, whatever is asked for', async t => {
  for (const data of [false, true]) {
    for (const recursive of [false, true]) {
      const reading = await readTree(new Tree(small).reader, '/no', { data, recursive })
      t.same(reading, { branch: null, denied: [] })
    }
  }
})

t.test('N81: get: the requests at once are many and bounded', async t => {
  const nodes: Record<string, null> = { '/': null }
  for (let i = 0; i < 300; i++) nodes[`/n${i}`] = null
  const tree = new Tree(nodes)
  const { branch } = await readTree(tree.reader, '/', { data: true, recursive: true })
  t.equal(branch?.children?.length, 300)
  t.equal(tree.most, 32)
  t.equal(tree.running, 0)
})

t.test('get: what vanishes on the way is left out', async t => {
  const gone: Fault = (operation, path) =>
    path === '/a/b' && operation === 'getChildren' ? new ZooKeeperError('NO_NODE', { path }) : null
  const { branch, denied } = await readTree(new Tree(small, gone).reader, '/a', {
    data: true,
    recursive: true,
  })
  t.same(branch?.children, [{ path: '/a/c', data: null, children: [] }])
  t.same(denied, [])
})

t.test('get: what may not be read below the path is told and does not hide the rest', async t => {
  const secret: Fault = (_operation, path) =>
    path === '/a/b' ? new ZooKeeperError('NO_AUTH', { path }) : null
  const { branch, denied } = await readTree(new Tree(small, secret).reader, '/a', {
    data: true,
    recursive: true,
  })
  t.same(branch?.children, [{ path: '/a/b' }, { path: '/a/c', data: null, children: [] }])
  t.same(denied, ['/a/b'])
})

t.test('get: no permission for the path itself is an error', async t => {
  const secret: Fault = (_operation, path) => new ZooKeeperError('NO_AUTH', { path })
  await t.rejects(readTree(new Tree(small, secret).reader, '/a', { data: true, recursive: false }), {
    code: 'NO_AUTH',
  })
})

t.test('get: after an error the walk ends, and the first error is the one told', async t => {
  const nodes: Record<string, null> = { '/': null }
  for (let i = 0; i < 500; i++) nodes[`/n${i}`] = null
  let failures = 0
  const fault: Fault = (_operation, path) =>
    path === '/' ? null : new ZooKeeperError(failures++ === 0 ? 'CONNECTION_LOSS' : 'CLOSED', { path })
  const tree = new Tree(nodes, fault)
  await t.rejects(readTree(tree.reader, '/', { data: true, recursive: true }), { code: 'CONNECTION_LOSS' })
  while (tree.running > 0) await new Promise(setImmediate)
  t.ok(tree.calls.length < 2 * 32, `${tree.calls.length} calls for 501 nodes`)
})
