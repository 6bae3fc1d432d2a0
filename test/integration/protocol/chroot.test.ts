// Views under a chroot, against a real server: every path in and out is the view's own.
import { ZooKeeper } from '../../../protocol/index.ts'
import { concurrently } from '../../support/concurrently.ts'
import { client, connectInChroot } from '../../support/zookeeper.ts'
import { errorOf } from './support.ts'

const test = concurrently({ jobs: 16, timeout: 90_000 })

test('H29: what a view creates lies under its root, and is told without it', async t => {
  const { zk, servers, chroot } = await connectInChroot(t)
  const root = await client(t, servers)
  const view = zk.chroot('/v')
  await zk.create('/v')
  t.equal((await view.create('/a')).path, '/a')
  t.match((await view.create('/s-', null, { mode: 'ephemeralSequential' })).path, /^\/s-\d{10}$/)
  t.equal((await view.create('/x/y/z', null, { parents: true })).path, '/x/y/z')
  t.ok(await root.exists(`${chroot}/v/x/y/z`))
  t.same([...(await view.getChildren('/')).children].filter(name => !name.startsWith('s-')).sort(), [
    'a',
    'x',
  ])
  t.equal((await view.exists('/'))?.czxid, (await zk.exists('/v'))?.czxid, 'the root of a view is its chroot')
  await view.set('/', 'root data')
  t.equal((await zk.get('/v')).data?.length, 9)
  await view.sync('/')
  await view.delete('/x', { recursive: true })
  t.equal(await zk.exists('/v/x'), null)
  t.ok(await zk.chroot('/').exists('/v'))
})

test('H29: errors carry the path of the view, whatever it begins with', async t => {
  const { zk } = await connectInChroot(t)
  await zk.create('/v/v/v', null, { parents: true })
  const view = zk.chroot('/v')
  t.match(await errorOf(view.get('/none')), { code: 'NO_NODE', path: '/none' })
  t.match(await errorOf(view.create('/v')), { code: 'NODE_EXISTS', path: '/v' })
  t.match(await errorOf(view.create('/none/a')), { code: 'NO_NODE', path: '/none/a' })
  t.match(await errorOf(view.delete('/v')), { code: 'NOT_EMPTY', path: '/v' })
  t.equal((await view.create('/v/vv')).path, '/v/vv')
  t.ok(await zk.exists('/v/v/vv'))
  t.throws(() => zk.chroot('v'), { code: 'INVALID_PATH' })
  t.throws(() => zk.chroot('/v/'), { code: 'INVALID_PATH' })
})

test('H29: a sequential znode that is its number alone lies below the chroot, not beside it', async t => {
  const { zk } = await connectInChroot(t)
  await zk.create('/v')
  const view = zk.chroot('/v')
  const mode = 'persistentSequential'
  t.equal((await view.create('/', null, { mode })).path, '/0000000000')
  const [made] = await view.transaction().create('/', null, { mode }).commit()
  t.match(made, { type: 'create', path: '/0000000001' })
  t.same([...(await zk.getChildren('/')).children], ['v'])
  t.same([...(await zk.getChildren('/v')).children].sort(), ['0000000000', '0000000001'])
})

test('a chroot that is not there: reads and creates say so', async t => {
  const { connectString } = await connectInChroot(t)
  const zk = await client(t, `${connectString}/not/there`)
  t.match(await errorOf(zk.get('/')), { code: 'NO_NODE', path: '/' })
  t.equal(await zk.exists('/a'), null)
  t.match(await errorOf(zk.create('/a')), { code: 'NO_NODE', path: '/a' })
})

test('the chroot of a connect string may end in a slash-less path only', async t => {
  const { connectString } = await connectInChroot(t)
  t.throws(() => new ZooKeeper(`${connectString}/`), { code: 'INVALID_CONNECT_STRING' })
})
