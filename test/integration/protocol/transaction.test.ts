// Transactions against a real server: all or nothing, and which operation it was that failed.
import { Buffer } from 'node:buffer'
import { MultiError, ZooKeeperError } from '../../../protocol/index.ts'
import { concurrently } from '../../support/concurrently.ts'
import { atLeast, serverVersion } from '../../support/versions.ts'
import { client, connect, connectInChroot } from '../../support/zookeeper.ts'
import { errorOf } from './support.ts'

const test = concurrently({ jobs: 16, timeout: 90_000 })

test('H31: all operations, each with its result', async t => {
  const zk = await connect(t)
  await zk.create('/there', 'a')
  await zk.create('/old')
  const transaction = zk.transaction()
  transaction
    .check('/there', 0)
    .create('/new', 'n')
    .create('/new/child', null, { mode: 'ephemeral' })
    .create('/new/seq-', '', { mode: 'persistentSequential' })
    .set('/there', 'b', { version: 0 })
    .set('/new', null)
    .delete('/old', { version: 0 })
  t.equal(transaction.length, 7)
  const results = await transaction.commit()
  t.same(
    results.map(result => result.type),
    ['check', 'create', 'create', 'create', 'set', 'set', 'delete'],
  )
  // Before 3.7 a transaction does not tell the Stat of what it created.
  const told = atLeast(await serverVersion(), '3.7')
  t.match(results[1], { path: '/new', stat: told ? { version: 0 } : null })
  t.match(results[2], { path: '/new/child', stat: told ? { ephemeralOwner: zk.sessionId } : null })
  t.match(results[3], { path: /^\/new\/seq-\d{10}$/ })
  t.match(results[4], { stat: { version: 1, dataLength: 1 } })
  t.match(results[5], { stat: { version: 1, dataLength: 0 } })
  t.same(Buffer.from((await zk.get('/there')).data ?? []).toString(), 'b')
  t.equal(await zk.exists('/old'), null)
  const [one, two] = [await zk.exists('/new'), await zk.exists('/there')]
  t.equal(one?.mzxid, two?.mzxid, 'one zxid for all')
})

test('H31: a failure tells its operation, and nothing of the transaction was done', async t => {
  const { zk, chroot } = await connectInChroot(t)
  await zk.create('/there')
  const commit = zk
    .transaction()
    .create('/first')
    .set('/there', 'x')
    .check('/there', 7)
    .delete('/none')
    .commit()
  const error = await errorOf(commit)
  if (!(error instanceof MultiError)) throw new Error('not a MultiError', { cause: error })
  t.ok(ZooKeeperError.is(error, 'BAD_VERSION'))
  t.match(error, {
    index: 2,
    code: 'BAD_VERSION',
    number: -103,
    operation: 'multi',
    path: '/there',
    mayHaveApplied: false,
  })
  t.notMatch(error.message, chroot, 'paths as the client writes them')
  t.match(error.errors.slice(2), [
    { code: 'BAD_VERSION', operation: 'check', path: '/there' },
    { code: 'RUNTIME_INCONSISTENCY', operation: 'delete', path: '/none' },
  ])
  t.same(error.errors.slice(0, 2), [undefined, undefined])
  t.equal(error.errors.length, 4)
  t.match(error.results, [
    { type: 'undone' },
    { type: 'undone' },
    { type: 'error', error: error.errors[2] },
    { type: 'error' },
  ])
  t.equal(error.cause, error.errors[2])
  t.equal(await zk.exists('/first'), null)
  t.equal((await zk.exists('/there'))?.version, 0)
})

test('H31: each operation may be the one that fails', async t => {
  const zk = await connect(t)
  await zk.create('/full/child', null, { parents: true })
  const table = {
    'NODE_EXISTS /full': zk.transaction().check('/full').create('/full'),
    'NO_NODE /none/child': zk.transaction().check('/full').create('/none/child'),
    'NO_NODE /none': zk.transaction().check('/full').check('/none'),
    'NO_NODE /gone': zk.transaction().check('/full').delete('/gone'),
    'NOT_EMPTY /full': zk.transaction().check('/full').delete('/full'),
    'BAD_VERSION /full': zk.transaction().check('/full').set('/full', 'x', { version: 3 }),
  }
  for (const [words, transaction] of Object.entries(table)) {
    const [code, path] = words.split(' ')
    t.match(await errorOf(transaction.commit()), { name: 'MultiError', index: 1, code, path }, words)
  }
})

test('later operations see what earlier ones of the same transaction did', async t => {
  const zk = await connect(t)
  await zk
    .transaction()
    .create('/a')
    .create('/a/b')
    .set('/a', 'x', { version: 0 })
    .check('/a', 1)
    .delete('/a/b')
    .delete('/a', { version: 1 })
    .create('/a', 'again')
    .commit()
  t.equal((await zk.exists('/a'))?.version, 0)
})

test('one watch hears of a transaction as of single changes', async t => {
  const { zk, connectString } = await connectInChroot(t)
  const other = await client(t, connectString)
  const heard: string[] = []
  const watch = ({ type, path }: { type: string; path: string }): void => {
    heard.push(`${type} ${path}`)
  }
  await zk.create('/a')
  await zk.get('/a', { watch })
  await zk.getChildren('/', { watch })
  await zk.exists('/b', { watch })
  await other.transaction().set('/a', 'x').create('/b').set('/a', 'y').commit()
  await zk.sync('/')
  t.same(heard.sort(), ['nodeChildrenChanged /', 'nodeCreated /b', 'nodeDataChanged /a'])
})

test('H31: a transaction is used once, and an empty one needs no server', async t => {
  const zk = await connect(t)
  const transaction = zk.transaction().create('/a')
  await transaction.commit()
  t.match(await errorOf(transaction.commit()), { code: 'INVALID_ARGUMENT' })
  t.same(await zk.transaction().commit(), [])
  await zk.close()
  t.same(await zk.transaction().commit(), [])
})

test('H30: a transaction that is too large is refused here, and the connection lives', async t => {
  const zk = await connect(t)
  const large = zk.transaction()
  for (let i = 0; i < 12; i++) large.create(`/large-${i}`, Buffer.alloc(100_000))
  t.match(await errorOf(large.commit()), {
    code: 'PACKET_TOO_LARGE',
    operation: 'multi',
    mayHaveApplied: false,
  })
  const many = zk.transaction()
  for (let i = 0; i < 1000; i++) many.create(`/many-${i}`)
  t.equal((await many.commit()).length, 1000)
  t.equal(zk.state, 'connected')
})

test('H29: paths of a view are taken from its root and told from there', async t => {
  const { zk } = await connectInChroot(t)
  await zk.create('/deep/root', null, { parents: true })
  const view = zk.chroot('/deep').chroot('/root')
  const results = await view
    .transaction()
    .create('/a')
    .create('/s-', null, { mode: 'ephemeralSequential' })
    .commit()
  t.match(results, [{ path: '/a' }, { path: /^\/s-\d{10}$/ }])
  t.ok(await zk.exists('/deep/root/a'))
  const error = await errorOf(view.transaction().set('/a', 'x').delete('/none').commit())
  t.match(error, { index: 1, code: 'NO_NODE', path: '/none' })
})
