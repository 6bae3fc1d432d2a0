// ACLs beside the Python package: both make the same ones, at the same levels, and the server holds both to them.
import { Buffer } from 'node:buffer'
import type { ZooKeeper } from '../../protocol/index.ts'
import { eventually } from '../support/eventually.ts'
import { sideBySide, text } from './python-pair.ts'
import type { PythonSnapshot } from './python-peer.ts'

const test = await sideBySide()

type Entry = readonly [perms: number, scheme: string, id: string]

const secret = { username: 'al', password: 's3cret:with colon' }

const aclOf = async (zk: ZooKeeper, path: string): Promise<readonly Entry[]> =>
  (await zk.getAcl(path)).acl.map(({ perms, id }) => [perms, id.scheme, id.id] as const)

test('N15, N19: with a name and a password, both make the same ACLs, on the deepest level only', async (t, pair) => {
  const { python, ours } = await pair({ ours: secret, python: secret })
  await python.call('set_node', { path: '/python/x/y/host:1' })
  await python.call('set_node', { path: '/python1/host:1' })
  await python.call('set_data', { path: '/python2/x/data', data: 'x' })
  await ours.setNode('/ours/x/y/host:1')
  await ours.setNode('/ours1/host:1')
  await ours.setData('/ours2/x/data', 'x')
  const acl = (path: string): Promise<readonly Entry[]> => aclOf(ours.client, path)
  for (const path of ['', '/x', '/x/y', '/x/y/host:1', '1', '1/host:1', '2', '2/x', '2/x/data']) {
    t.same(await acl(`/ours${path}`), await acl(`/python${path}`), path)
  }
  const own = await acl('/ours/x/y/host:1')
  t.match(own, [
    [31, 'digest', /^al:/],
    [1, 'world', 'anyone'],
  ])
  t.same((await python.call<{ acl: readonly Entry[] }>('read', { path: '/ours1/host:1' })).acl, own)
  t.same(await acl('/ours/x'), [[31, 'world', 'anyone']])
  t.equal(await ours.unset('/python2/x/data', { force: true }), true, 'each may delete what the other made')
  await python.call('unset', { path: '/ours2/x/data' })
  t.equal(await ours.client.exists('/ours2/x/data'), null)
})

test('N20: every new level of the path of a lock has the ACL, whoever makes it', async (t, pair) => {
  const { python, ours } = await pair({ ours: secret, python: secret })
  await python.call('acquire_lock', { path: '/python/x/lock', wait: 5 })
  await ours.acquireLock('/ours/x/lock')
  const levels = async (root: string): Promise<readonly (readonly Entry[])[]> => {
    const { children } = await ours.client.getChildren(`${root}/x/lock`)
    const paths = [
      root,
      `${root}/x`,
      `${root}/x/lock`,
      `${root}/x/lock-__lock__`,
      `${root}/x/lock/${children[0]}`,
    ]
    return Promise.all(paths.map(path => aclOf(ours.client, path)))
  }
  const own = await levels('/ours')
  t.same(own, await levels('/python'))
  for (const acl of own)
    t.match(acl, [
      [31, 'digest', /^al:/],
      [1, 'world', 'anyone'],
    ])
})

test('N16: an ACL that was given is that of both, with credentials and without', async (t, pair) => {
  const given: readonly Entry[] = [
    [31, 'world', 'anyone'],
    [1, 'ip', '127.0.0.1'],
  ]
  const acl = given.map(([perms, scheme, id]) => ({ perms, id: { scheme, id } }))
  for (const credentials of [{}, secret]) {
    const { python, ours } = await pair({
      ours: { ...credentials, acl },
      python: { ...credentials, acl: given },
    })
    await python.call('set_node', { path: '/python/x/host:1' })
    await ours.setNode('/ours/x/host:1')
    for (const side of ['/python', '/ours']) {
      t.same(await aclOf(ours.client, `${side}/x/host:1`), given)
      t.same(await aclOf(ours.client, `${side}/x`), given)
      t.same(await aclOf(ours.client, side), [[31, 'world', 'anyone']])
    }
  }
})

test('N14, N15: credentials that come later make the same ACL on both sides', async (t, pair) => {
  const { python, ours } = await pair()
  await python.call('set_username', { username: secret.username })
  await python.call('set_password', { password: secret.password })
  await ours.setUsername(secret.username)
  await ours.setPassword(secret.password)
  await python.call('set_data', { path: '/python/data' })
  await ours.setData('/ours/data')
  const acl = await aclOf(ours.client, '/ours/data')
  t.match(acl, [
    [31, 'digest', /^al:/],
    [1, 'world', 'anyone'],
  ])
  t.same(await aclOf(ours.client, '/python/data'), acl)
  await python.call('set_data', { path: '/ours/data', data: 'by Python' })
  await eventually('with the same name, each may write', async () => {
    return (await text(ours.client, '/ours/data')).includes('by Python')
  })
})

test('N14, N32: without the credentials of the other, each reads its nodes and changes none', async (t, pair) => {
  const owned = await pair({ ours: secret })
  await owned.ours.setData('/ours', 'mine')
  t.match((await owned.python.call<PythonSnapshot>('get', { path: '/ours' })).data, { string_value: 'mine' })
  const write = { path: '/ours', data: Buffer.from('x').toString('base64') }
  t.equal(await owned.python.call('write', write).catch(error => error.name), 'NoAuthError')
  t.match(await text(owned.witness, '/ours'), '"mine"')

  const theirs = await pair({ python: secret })
  await theirs.python.call('set_data', { path: '/theirs', data: 'mine' })
  t.match((await theirs.ours.get('/theirs')).data, { string_value: 'mine' })
  t.equal(await theirs.ours.setData('/theirs', 'x').catch(error => error.code), 'NO_AUTH')
  t.match(await text(theirs.witness, '/theirs'), '"mine"')
})
