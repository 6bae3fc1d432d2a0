// Every operation on znodes against a real server: results, data as it is, versions, and what errors carry.
import { Buffer } from 'node:buffer'
import { ZooKeeperError } from '../../../protocol/index.ts'
import { concurrently } from '../../support/concurrently.ts'
import { eventually } from '../../support/eventually.ts'
import { client, connect, connectInChroot } from '../../support/zookeeper.ts'
import { errorOf, proxyTo } from './support.ts'

const test = concurrently({ jobs: 16, timeout: 90_000 })

const text = (data: Uint8Array | null): string | null => (data === null ? null : Buffer.from(data).toString())

test('H28: data: null, empty, text and bytes stay what they are', async t => {
  const zk = await connect(t)
  const bytes = Uint8Array.from({ length: 256 }, (_, i) => i)
  const table = { '/null': null, '/empty': '', '/bytes': bytes, '/text': 'grüße, 世界 🦓' } as const
  for (const [path, data] of Object.entries(table)) {
    const { stat } = await zk.create(path, data)
    const got = await zk.get(path)
    if (data === null) t.equal(got.data, null)
    else t.same(Buffer.from(got.data ?? 'null'), Buffer.from(data as Uint8Array))
    t.same(got.stat, stat)
    t.equal(got.stat.dataLength, got.data?.length ?? 0)
  }
  await zk.set('/text', null)
  t.equal((await zk.get('/text')).data, null)
  await zk.set('/null', '')
  t.equal((await zk.get('/null')).data?.length, 0)
})

test('data handed out is not touched by what comes later', async t => {
  const zk = await connect(t)
  await zk.create('/a', Buffer.alloc(1000, 'a'))
  await zk.create('/b', Buffer.alloc(1000, 'b'))
  const { data } = await zk.get('/a')
  await Promise.all(Array.from({ length: 500 }, () => zk.get('/b')))
  t.same(data, Buffer.alloc(1000, 'a'))
  const sent = Buffer.alloc(100, 'x')
  const writing = zk.set('/a', sent)
  sent.fill('y')
  await writing
  const first = text((await zk.get('/a')).data)?.[0]
  t.ok(first === 'x' || first === 'y')
})

test('H30: the largest data that a server takes, and one byte more', async t => {
  const zk = await connect(t)
  const size = 0xfffff - 500
  await zk.create('/large', Buffer.alloc(size, 7))
  t.equal((await zk.get('/large')).data?.length, size)
  const error = await errorOf(zk.set('/large', Buffer.alloc(0x100000)))
  t.match(error, { code: 'PACKET_TOO_LARGE', path: '/large', operation: 'setData', mayHaveApplied: false })
  t.equal((await zk.exists('/large'))?.version, 0)
})

test('versions: what does not match is refused and changes nothing', async t => {
  const zk = await connect(t)
  await zk.create('/a', '0')
  t.equal((await zk.set('/a', '1', { version: 0 })).version, 1)
  const refused = { code: 'BAD_VERSION', number: -103, path: '/a', mayHaveApplied: false }
  t.match(await errorOf(zk.set('/a', '2', { version: 0 })), { ...refused, operation: 'setData' })
  t.match(await errorOf(zk.delete('/a', { version: 0 })), { ...refused, operation: 'delete' })
  t.match(await errorOf(zk.delete('/a', { version: 7, recursive: true })), {
    ...refused,
    operation: 'delete',
  })
  t.equal(text((await zk.get('/a')).data), '1')
  t.equal((await zk.set('/a', '2', { version: -1 })).version, 2)
  await zk.delete('/a', { version: 2 })
  t.equal(await zk.exists('/a'), null)
})

test('errors say what failed, on which path, and that nothing was applied', async t => {
  const zk = await connect(t)
  await zk.create('/full/child', null, { parents: true })
  const table: readonly (readonly [string, number, string, () => Promise<unknown>])[] = [
    ['NO_NODE', -101, 'getData', () => zk.get('/none')],
    ['NO_NODE', -101, 'getChildren', () => zk.getChildren('/none')],
    ['NO_NODE', -101, 'getACL', () => zk.getAcl('/none')],
    ['NO_NODE', -101, 'setData', () => zk.set('/none', 'x')],
    ['NO_NODE', -101, 'delete', () => zk.delete('/none')],
    ['NO_NODE', -101, 'getChildren', () => zk.delete('/none', { recursive: true })],
    ['NO_NODE', -101, 'create', () => zk.create('/none/child')],
    ['NODE_EXISTS', -110, 'create', () => zk.create('/full')],
    ['NOT_EMPTY', -111, 'delete', () => zk.delete('/full')],
  ]
  for (const [code, number, operation, run] of table) {
    const error = await errorOf(run())
    if (!ZooKeeperError.is(error)) throw new Error(`${operation}: an error of ours`, { cause: error })
    t.match(error, { code, number, operation, mayHaveApplied: false, name: 'ZooKeeperError' })
    t.match(error.path, /^\/(none|none\/child|full)$/, 'the path as the caller wrote it')
    t.match(error.message, new RegExp(`^${code} \\(${operation} ${error.path}\\)`))
  }
  t.equal(await zk.exists('/none'), null, 'for exists it is no error')
})

test('children: names and Stat, many of them, and of the root', async t => {
  const { zk, connectString } = await connectInChroot(t)
  t.same((await zk.getChildren('/')).children, [])
  const names = Array.from({ length: 500 }, (_, i) => `child-${String(i).padStart(4, '0')}-ü`)
  await Promise.all(names.map(name => zk.create(`/${name}`)))
  const other = await client(t, connectString)
  await other.sync('/')
  const { children, stat } = await other.getChildren('/')
  t.same([...children].sort(), names)
  t.equal(stat.numChildren, 500)
  t.equal(stat.cversion, 500)
})

test('parents are made when they are missing, by any number of clients at once', async t => {
  const { zk, connectString } = await connectInChroot(t)
  const others = await Promise.all([1, 2, 3].map(() => client(t, connectString)))
  const { path } = await zk.create('/a/b/c', 'x', { parents: true, mode: 'ephemeral' })
  t.equal(path, '/a/b/c')
  t.equal((await zk.exists('/a/b'))?.ephemeralOwner, 0n, 'parents are persistent')
  t.equal((await zk.get('/a/b')).data?.length, 0)
  for (let round = 0; round < 10; round++) {
    const deep = `/race/${round}/b/c/d/e`
    await Promise.all([zk, ...others].map(client => client.ensurePath(deep)))
    const made = await Promise.allSettled(
      [zk, ...others].map(c => c.create(`${deep}/x/y`, null, { parents: true })),
    )
    t.equal(made.filter(outcome => outcome.status === 'fulfilled').length, 1)
    for (const outcome of made)
      if (outcome.status === 'rejected') t.match(outcome.reason, { code: 'NODE_EXISTS' })
  }
  await zk.ensurePath('/a/b/c')
  await zk.ensurePath('/')
})

test('a branch is deleted while others delete it and create in it', async t => {
  const { zk, connectString } = await connectInChroot(t)
  const others = await Promise.all([1, 2, 3].map(() => client(t, connectString)))
  for (let round = 0; round < 5; round++) {
    const branches = Array.from({ length: 30 }, (_, i) => `/tree/${i % 5}/${i % 3}/${i}`)
    await Promise.all(branches.map(path => zk.create(path, null, { parents: true }).catch(() => {})))
    const deletes = await Promise.allSettled([zk, ...others].map(c => c.delete('/tree', { recursive: true })))
    t.ok(
      deletes.some(outcome => outcome.status === 'fulfilled'),
      'somebody did it',
    )
    for (const outcome of deletes)
      if (outcome.status === 'rejected') t.match(outcome.reason, { code: 'NO_NODE' })
    t.equal(await zk.exists('/tree'), null)
  }
  await zk.create('/busy/x', null, { parents: true })
  let creating = true
  const creator = (async () => {
    for (let i = 0; creating && i < 200; i++) await others[0]!.create(`/busy/${i}`).catch(() => {})
  })()
  const outcome = await zk.delete('/busy', { recursive: true }).then(
    () => 'deleted',
    error => error.code,
  )
  creating = false
  await creator
  t.match(outcome, /^(deleted|NOT_EMPTY)$/, 'it ends either way')
})

test('sync: what another client was told is written is read after it', async t => {
  const { zk, connectString } = await connectInChroot(t)
  const other = await client(t, connectString)
  await zk.create('/a', '0')
  for (let i = 1; i <= 20; i++) {
    await zk.set('/a', `${i}`)
    await other.sync('/a')
    t.equal(text((await other.get('/a')).data), `${i}`)
  }
  await zk.sync('/none')
})

test('many operations at once are answered each by its own reply', async t => {
  const zk = await connect(t)
  const answers = await Promise.all(
    Array.from({ length: 300 }, async (_, i) => {
      const path = `/n-${i}`
      const made = zk.create(path, `${i}`)
      const got = zk.get(path)
      const missing = errorOf(zk.get(`/none-${i}`))
      const set = zk.set(path, `${i}-${i}`, { version: 0 })
      const again = zk.get(path)
      await Promise.all([made, set])
      return (
        (await made).path === path &&
        text((await got).data) === `${i}` &&
        text((await again).data) === `${i}-${i}` &&
        ((await missing) as ZooKeeperError).path === `/none-${i}`
      )
    }),
  )
  t.ok(answers.every(Boolean))
})

test('H10: deadlines and signals end a call, and the client goes on', async t => {
  const { zk: writer, chroot, servers } = await connectInChroot(t)
  await writer.create('/a')
  const proxy = await proxyTo(t, servers)
  const zk = await client(t, `${proxy.connectString}${chroot}`)
  // No answer is faster than the deadline.
  proxy.set({ kind: 'stall', direction: 'toClient' })
  t.match(await errorOf(zk.get('/a', { timeout: 0 })), {
    code: 'REQUEST_TIMEOUT',
    path: '/a',
    mayHaveApplied: false,
  })
  const write = await errorOf(zk.set('/a', 'x', { timeout: 0 }))
  t.match(write, { code: 'REQUEST_TIMEOUT', operation: 'setData', mayHaveApplied: true })
  proxy.set({ kind: 'pass' })
  await eventually('it was applied', async () => (await zk.exists('/a'))?.version === 1)
  const reason = new Error('enough')
  t.equal(await errorOf(zk.get('/a', { signal: AbortSignal.abort(reason) })), reason)
  const controller = new AbortController()
  const reads = Array.from({ length: 10 }, () => errorOf(zk.get('/a', { signal: controller.signal })))
  controller.abort(reason)
  for (const error of await Promise.all(reads)) t.equal(error, reason)
  t.ok(await zk.get('/a', { signal: new AbortController().signal, timeout: 10_000 }))
})

test('what can never work is refused before it is sent', async t => {
  const zk = await connect(t)
  const bad = ['', 'a', '/a/', '//', '/a//b', '/.', '/a/../b', '/\u0000', '/\ud800']
  for (const path of bad) {
    t.match(await errorOf(zk.create(path)), { code: 'INVALID_PATH', path }, JSON.stringify(path))
    t.match(await errorOf(zk.get(path)), { code: 'INVALID_PATH', path }, JSON.stringify(path))
  }
  t.match(await errorOf(zk.set('/a', 1 as never)), { code: 'INVALID_ARGUMENT' })
  t.match(await errorOf(zk.create('/a', null, { mode: 'odd' as never })), { code: 'INVALID_ARGUMENT' })
  t.match(await errorOf(zk.create('/a', null, { acl: [] })), { code: 'INVALID_ARGUMENT' })
  t.match(await errorOf(zk.get('/a', { watch: 'x' as never })), { code: 'INVALID_ARGUMENT' })
  t.match(await errorOf(zk.get('/a', { timeout: 'x' as never })), { code: 'INVALID_ARGUMENT' })
  t.equal(zk.state, 'connected')
})

test('H29: paths that the server takes are taken here, and the other way round', async t => {
  const zk = await connect(t)
  const odd = [
    '/a b',
    '/…',
    '/.hidden',
    '/..a',
    '/a.',
    '/%2F',
    '/日本',
    '/\u00a0',
    '/a:b@c',
    '/🦓'.normalize(),
  ]
  for (const path of odd) {
    const outcome = await zk.create(path).then(
      created => created.path,
      error => error.code,
    )
    t.match(outcome, path === '/🦓' ? 'INVALID_PATH' : path, path)
    if (outcome === path) t.ok((await zk.getChildren('/')).children.includes(path.slice(1)))
  }
})
