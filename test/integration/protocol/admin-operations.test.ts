// What a server tells of itself and of this client, and what an old server does not know, against real ones.
import { Buffer } from 'node:buffer'
import { ZooKeeperError } from '../../../protocol/index.ts'
import { concurrently } from '../../support/concurrently.ts'
import { eventually } from '../../support/eventually.ts'
import { atLeast, before, since } from '../../support/versions.ts'
import { client, connect, connectInChroot, ownServer, servers } from '../../support/zookeeper.ts'
import { t } from '../../tap.ts'
import { errorOf, historyOf, names, passed, proxied } from './support.ts'

const server = await ownServer(t, { tickTime: 500, fourLetterWords: 'ruok,srvr' })

const test = concurrently({ jobs: 16, timeout: 90_000 })

const text = (data: Uint8Array | null): string | null => (data === null ? null : Buffer.from(data).toString())

test('getEphemerals: those of this session, below a path, and as the view writes them', async t => {
  if (!(await since(t, '3.6'))) return
  const { zk, connectString, servers: at, chroot } = await connectInChroot(t)
  const other = await client(t, connectString)
  const mode = 'ephemeral'
  for (const path of ['/app', '/app/deep', '/application']) await zk.create(path)
  for (const path of ['/app/a', '/app/deep/b', '/application/c', '/d']) await zk.create(path, null, { mode })
  await other.create('/app/foreign', null, { mode })
  await zk.create('/app/persistent')
  t.same((await zk.getEphemerals()).sort(), ['/app/a', '/app/deep/b', '/application/c', '/d'])
  t.same((await zk.getEphemerals('/app')).sort(), ['/app/a', '/app/deep/b'], 'and not those of /application')
  t.same(await zk.getEphemerals('/app/a'), ['/app/a'])
  t.same(await zk.getEphemerals('/none'), [])
  const view = zk.chroot('/app')
  t.same((await view.getEphemerals()).sort(), ['/a', '/deep/b'])
  t.same(await view.getEphemerals('/deep'), ['/deep/b'])
  t.same(await other.getEphemerals(), ['/app/foreign'])
  const root = await client(t, at, { session: zk.session! })
  t.same(await root.getEphemerals(`${chroot}/app/deep`), [`${chroot}/app/deep/b`])
  t.match(await errorOf(zk.getEphemerals('app')), { code: 'INVALID_PATH' })
})

test('getAllChildrenNumber: everything below, at any depth', async t => {
  if (!(await since(t, '3.6'))) return
  const zk = await connect(t)
  await zk.create('/a/b/c', null, { parents: true })
  await zk.create('/a/d')
  t.equal(await zk.getAllChildrenNumber('/a'), 3)
  t.equal(await zk.getAllChildrenNumber('/'), 4)
  t.equal(await zk.chroot('/a/b').getAllChildrenNumber('/'), 1)
  t.equal(await zk.getAllChildrenNumber('/a/d'), 0)
  t.match(await errorOf(zk.getAllChildrenNumber('/none')), {
    code: 'NO_NODE',
    path: '/none',
    operation: 'getAllChildrenNumber',
  })
  await zk.create('/private', null, { acl: [{ perms: 2, id: { scheme: 'world', id: 'anyone' } }] })
  t.match(await errorOf(zk.getAllChildrenNumber('/private')), { code: 'NO_AUTH', path: '/private' })
})

test('whoAmI: the address, and each identity that was proved', async t => {
  if (!(await since(t, '3.7'))) return
  const zk = await connect(t)
  t.same(await zk.whoAmI(), [{ authScheme: 'ip', user: '127.0.0.1' }])
  await zk.addAuth('digest', 'al:secret')
  await zk.addAuth('digest', 'bo:hidden')
  const known = await zk.whoAmI()
  t.same(known.map(({ authScheme, user }) => `${authScheme} ${user}`).sort(), [
    'digest al',
    'digest bo',
    'ip 127.0.0.1',
  ])
  t.notMatch(JSON.stringify(known), /secret|hidden/)
})

test('removeAuth: this connection keeps the identity, the next one is without it', async t => {
  if (!(await since(t, '3.7'))) return
  const { zk, proxy, history } = await proxied(t, await servers())
  await zk.addAuth('digest', 'al:secret')
  await zk.addAuth('digest', 'bo:hidden')
  zk.removeAuth('digest', 'al:secret')
  zk.removeAuth('digest', 'nobody:ever')
  const users = async (): Promise<string[]> => (await zk.whoAmI()).map(({ user }) => user).sort()
  t.same(await users(), ['127.0.0.1', 'al', 'bo'])
  proxy.cut()
  await passed(history, 'connected')
  t.same(await users(), ['127.0.0.1', 'bo'])
})

test('multiRead: several reads in one request, each with its own outcome', async t => {
  if (!(await since(t, '3.6'))) return
  const { zk } = await connectInChroot(t)
  await zk.create('/a/b', 'data', { parents: true })
  await zk.create('/a/c', null)
  await zk.create('/private', 'x', { acl: [{ perms: 2, id: { scheme: 'world', id: 'anyone' } }] })
  const view = zk.chroot('/a')
  const results = await zk.multiRead([
    { get: '/a/b' },
    { get: '/none' },
    { children: '/a' },
    { children: '/none/child' },
    { get: '/private' },
    { get: '/a/c' },
    { children: '/a/b' },
  ])
  t.match(results, [
    { type: 'data' },
    { type: 'error', error: { code: 'NO_NODE', path: '/none', operation: 'multiRead' } },
    { type: 'children' },
    { type: 'error', error: { code: 'NO_NODE', path: '/none/child' } },
    { type: 'error', error: { code: 'NO_AUTH', path: '/private' } },
    { type: 'data', data: null },
    { type: 'children', children: { length: 0 } },
  ])
  const [first, second, third] = results
  if (first?.type !== 'data' || third?.type !== 'children' || second?.type !== 'error')
    throw new Error('types')
  t.equal(text(first.data), 'data')
  t.same(first.stat, await zk.exists('/a/b'))
  t.same([...third.children].sort(), ['b', 'c'])
  t.ok(ZooKeeperError.is(second.error, 'NO_NODE'))
  t.same(await zk.multiRead([]), [])
  t.match(await view.multiRead([{ get: '/b' }, { children: '/' }]), [{ type: 'data' }, { type: 'children' }])
  const many = await zk.multiRead(Array.from({ length: 500 }, () => ({ get: '/a/b' })))
  t.equal(many.filter(item => item.type === 'data' && text(item.data) === 'data').length, 500)
  t.match(await errorOf(zk.multiRead([{ get: 'a' }])), { code: 'INVALID_PATH' })
})

test('multiRead is sent again after a lost connection', async t => {
  if (!(await since(t, '3.6'))) return
  const { zk, proxy } = await proxied(t, await servers())
  const restore = proxy.filter(frame => (frame.kind === 'reply' && frame.opcode === 22 ? 'cut' : 'pass'))
  const reading = zk.multiRead([{ children: '/' }])
  await eventually('the cut', () => proxy.accepted > 1)
  restore()
  t.match(await reading, [{ type: 'children' }])
})

test('the configuration of a standalone server: none, and none that can be changed', async t => {
  const { zk } = await connectInChroot(t)
  const { data, stat } = await zk.getConfig()
  t.equal(data?.length ?? 0, 0)
  t.equal(stat.numChildren, 0)
  const error = await errorOf(zk.reconfig({ leaving: ['1'] }))
  t.match(error, { code: /RECONFIG_DISABLED|UNIMPLEMENTED/, operation: 'reconfig', mayHaveApplied: false })
  const wrong = [
    zk.getConfig({ watch: 'x' as never }),
    zk.getConfig({ timeout: -1 }),
    zk.reconfig({ joining: 'server.1' as never }),
    zk.reconfig({ leaving: ['1'], from: 7 as never }),
    zk.reconfig({}, { signal: 1 as never }),
  ]
  for (const call of wrong) t.match(await errorOf(call), { code: 'INVALID_ARGUMENT' })
  t.equal(zk.state, 'connected')
})

test('four-letter words: the answer as the server gives it', async t => {
  const zk = await client(t, server.connectString)
  t.equal(await zk.command('ruok'), 'imok')
  t.match(await zk.command('srvr'), new RegExp(`Zookeeper version: ${server.version}[^]*Mode: standalone`))
  for (const word of ['stat', 'wchs']) {
    const error = await errorOf(zk.command(word))
    t.match(error, { code: 'NO_AUTH', operation: word, message: new RegExp(`${word}.*whitelist`) })
  }
  t.equal(await zk.command('nono'), '', 'a word that there is not gets no answer')
  t.match(await errorOf(zk.command('RUOK')), { code: 'INVALID_ARGUMENT', argument: 'word' })
  t.match(await errorOf(zk.command(4 as never)), { code: 'INVALID_ARGUMENT' })
  t.match(await errorOf(zk.command('ruok', { timeout: -1 })), { code: 'INVALID_ARGUMENT' })
  const reason = new Error('enough')
  t.equal(await errorOf(zk.command('ruok', { signal: AbortSignal.abort(reason) })), reason)
  t.equal(
    (await Promise.all(Array.from({ length: 50 }, () => zk.command('ruok')))).join(),
    Array(50).fill('imok').join(),
  )
  t.equal(zk.state, 'connected')
})

test('four-letter words: without a session, with a chroot, and from a server that is silent', async t => {
  const { zk, proxy } = await proxied(t, await servers())
  const { ZooKeeper } = await import('../../../protocol/index.ts')
  const idle = new ZooKeeper(`${await servers()}/chroot`)
  t.teardown(() => idle.close())
  t.equal(await idle.command('ruok'), 'imok')
  t.equal(idle.state, 'connecting', 'no session was opened for it')
  t.match(await zk.command('mntr'), /^zk_version\t/m)
  proxy.set({ kind: 'stall', direction: 'both' })
  t.match(await errorOf(zk.command('ruok', { timeout: 100 })), { code: 'REQUEST_TIMEOUT', operation: 'ruok' })
  const waiting = errorOf(zk.command('ruok', { timeout: 20_000 }))
  await zk.close({ timeout: 100 })
  t.match(await waiting, { code: 'CLOSED' }, 'close() ends what still waits')
  t.match(await errorOf(zk.command('ruok')), { code: 'CLOSED' })
  const nobody = new ZooKeeper('127.0.0.1:1')
  t.teardown(() => nobody.close())
  t.ok(await errorOf(nobody.command('ruok')))
})

test('a write that is unknown costs nothing but itself', async t => {
  const zk = await client(t, server.connectString)
  const history = historyOf(zk)
  const create = errorOf(zk.create('/ttl', null, { mode: 'persistentWithTtl', ttl: 1000 }))
  const others = await Promise.all([zk.exists('/'), zk.create('/beside'), zk.set('/beside', 'x')])
  t.equal(others.length, 3)
  const error = await create
  t.match(error, { code: 'UNIMPLEMENTED', name: 'UnsupportedError', since: '3.5.3', mayHaveApplied: false })
  t.match((error as Error).message, /3\.5\.3/)
  const inMulti = zk.transaction().create('/ttl', null, { mode: 'persistentWithTtl', ttl: 1000 }).commit()
  t.match(await errorOf(inMulti), { code: /UNIMPLEMENTED|MARSHALLING_ERROR|BAD_ARGUMENTS/ })
  t.same(names(history), [])
  t.equal((await zk.exists('/'))?.numChildren, 2)
})

test('what an old server does not know is an error that says so, and the session and the reads go on', async t => {
  if (!(await before(t, '3.7'))) return
  const { zk, servers: at } = await connectInChroot(t)
  const history = historyOf(zk)
  await zk.create('/a', 'data', { mode: 'ephemeral' })
  const { sessionId } = zk
  const old = !atLeast(server.version, '3.6')
  const unknown = [
    ...(old ? [zk.multiRead([{ get: '/a' }]), zk.getEphemerals(), zk.getAllChildrenNumber('/')] : []),
    zk.whoAmI(),
    zk.whoAmI(),
    zk.whoAmI(),
  ]
  const errors = unknown.map(errorOf)
  const reads = Array.from({ length: 100 }, () => zk.get('/a'))
  for (const error of await Promise.all(errors)) {
    t.match(error, { code: 'UNIMPLEMENTED', name: 'UnsupportedError', mayHaveApplied: false })
    t.match((error as Error).message, /needs ZooKeeper 3\.[67]/)
  }
  t.ok((await Promise.all(reads)).every(({ data }) => text(data) === 'data'))
  t.equal(zk.sessionId, sessionId)
  t.notOk(names(history).includes('expired'))
  history.length = 0
  const write = zk.set('/a', 'new')
  t.match(await errorOf(zk.whoAmI()), { code: 'UNIMPLEMENTED' })
  await write
  t.same(names(history), [], 'what is known to be unknown is not sent')
  const other = await client(t, at)
  t.match(await errorOf(other.whoAmI()), { code: 'UNIMPLEMENTED' }, 'alone on its connection')
  await other.exists('/')
})

test('status() tells what the client does', async t => {
  const { zk, chroot } = await connectInChroot(t)
  await zk.create('/a')
  await zk.exists('/a', { watch: () => {} })
  await zk.exists('/b', { watch: () => {} })
  const reads = [zk.get('/a'), zk.get('/a')]
  const status = zk.status()
  t.match(status, { state: 'connected', generation: 1, watches: 2, inFlight: 2, queued: 0 })
  t.equal(status.sessionId, zk.sessionId)
  t.equal(status.lastZxid, zk.lastZxid)
  t.equal(status.server, (await servers()).split('/')[0])
  t.ok(status.sessionTimeout > 0)
  t.notMatch(
    JSON.stringify(status, (_, value) => (typeof value === 'bigint' ? `${value}` : value)),
    chroot,
  )
  await Promise.all(reads)
  await zk.close()
  t.match(zk.status(), { state: 'closed', server: null, watches: 0, inFlight: 0, queued: 0 })
})
