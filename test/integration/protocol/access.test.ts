// ACLs and identities against a real server: who may do what, and who is told that they may not.
import type { Acl } from '../../../protocol/index.ts'
import { creatorAcl, digestAcl, digestId, openAcl, Permission, readAcl } from '../../../protocol/index.ts'
import { concurrently } from '../../support/concurrently.ts'
import { client, connect, connectInChroot } from '../../support/zookeeper.ts'
import { errorOf } from './support.ts'

const test = concurrently({ jobs: 16, timeout: 90_000 })

const anyone = (perms: number): Acl => ({ perms, id: { scheme: 'world', id: 'anyone' } })

test('an ACL is read back as it was given, and a client may have one for all that it creates', async t => {
  const { zk, connectString } = await connectInChroot(t)
  await zk.create('/open')
  t.same((await zk.getAcl('/open')).acl, openAcl)
  const acl = [anyone(Permission.READ | Permission.ADMIN), digestAcl('al', 'secret', Permission.WRITE)]
  await zk.create('/given', null, { acl })
  const given = await zk.getAcl('/given')
  t.same(given.acl, acl)
  t.equal(given.stat.aversion, 0)
  const own = await client(t, connectString, { acl: [...readAcl, ...openAcl] })
  await own.create('/own')
  await own.transaction().create('/own-multi').commit()
  for (const path of ['/own', '/own-multi']) t.same((await own.getAcl(path)).acl, [...readAcl, ...openAcl])
})

test('an ACL is replaced by its version, and by none but those who may', async t => {
  const zk = await connect(t)
  await zk.create('/a')
  const stat = await zk.setAcl('/a', [anyone(Permission.ALL)], { version: 0 })
  t.match(stat, { aversion: 1, version: 0 })
  const stale = await errorOf(zk.setAcl('/a', readAcl, { version: 0 }))
  t.match(stale, { code: 'BAD_VERSION', operation: 'setACL', path: '/a' })
  await zk.setAcl('/a', [anyone(Permission.READ)])
  t.match(await errorOf(zk.setAcl('/a', openAcl)), {
    code: 'NO_AUTH',
    number: -102,
    operation: 'setACL',
    path: '/a',
  })
  t.ok(await zk.get('/a'))
})

test('what the creator alone may do is denied to a stranger', async t => {
  const { zk, connectString } = await connectInChroot(t)
  await zk.addAuth('digest', 'al:secret')
  await zk.create('/private', 'x', { acl: creatorAcl })
  t.same((await zk.getAcl('/private')).acl, [digestAcl('al', 'secret')])
  t.equal((await zk.getAcl('/private')).acl[0]?.id.id, digestId('al', 'secret'))
  const stranger = await client(t, connectString)
  const denied: readonly (readonly [string, () => Promise<unknown>])[] = [
    ['getData', () => stranger.get('/private')],
    ['getChildren', () => stranger.getChildren('/private')],
    ['setData', () => stranger.set('/private', 'y')],
    ['create', () => stranger.create('/private/child')],
    ['setACL', () => stranger.setAcl('/private', openAcl)],
    ['multi', () => stranger.transaction().set('/private', 'y').commit()],
  ]
  for (const [operation, run] of denied) {
    t.match(
      await errorOf(run()),
      { code: 'NO_AUTH', number: -102, operation, mayHaveApplied: false },
      operation,
    )
  }
  await stranger.addAuth('digest', 'al:wrong')
  t.match(await errorOf(stranger.get('/private')), { code: 'NO_AUTH' }, 'a wrong password proves nothing')
  await stranger.addAuth('digest', 'al:secret')
  t.ok((await stranger.get('/private')).data, 'both identities count')
  const born = await client(t, connectString, { auth: [{ scheme: 'digest', auth: 'al:secret' }] })
  t.ok((await born.get('/private')).data)
})

test('permissions are told apart', async t => {
  const { zk, connectString } = await connectInChroot(t, { auth: [{ scheme: 'digest', auth: 'al:secret' }] })
  const stranger = await client(t, connectString)
  const owner = digestAcl('al', 'secret')
  await zk.create('/read', 'x', { acl: [owner, anyone(Permission.READ)] })
  await zk.create('/write', 'x', { acl: [owner, anyone(Permission.WRITE)] })
  await zk.create('/create', 'x', { acl: [owner, anyone(Permission.CREATE)] })
  await zk.create('/delete/child', 'x', { parents: true })
  await zk.setAcl('/delete', [owner, anyone(Permission.DELETE)])
  t.ok(await stranger.get('/read'))
  t.match(await errorOf(stranger.set('/read', 'y')), { code: 'NO_AUTH' })
  t.match(await errorOf(stranger.get('/write')), { code: 'NO_AUTH' })
  await stranger.set('/write', 'y')
  await stranger.create('/create/child')
  t.match(await errorOf(stranger.delete('/create/child')), { code: 'NO_AUTH' })
  await stranger.delete('/delete/child')
})

test('the creator ACL without an identity is refused, and so are entries that mean nothing', async t => {
  const zk = await connect(t)
  t.match(await errorOf(zk.create('/a', null, { acl: creatorAcl })), {
    code: 'INVALID_ACL',
    number: -114,
    path: '/a',
    operation: 'create',
  })
  const odd = [{ perms: 31, id: { scheme: 'nonsense', id: 'x' } }]
  t.match(await errorOf(zk.create('/a', null, { acl: odd })), { code: 'INVALID_ACL' })
  t.match(await errorOf(zk.ensurePath('/a/b', { acl: creatorAcl })), { code: 'INVALID_ACL' })
})

test('H33: no secret shows in what is printed', async t => {
  const zk = await connect(t, { auth: [{ scheme: 'digest', auth: 'al:hush' }] })
  const { inspect } = await import('node:util')
  const shown = inspect(zk, { depth: 10, showHidden: true })
  t.notMatch(shown, /hush/)
  const error = await errorOf(zk.addAuth('', 'al:hush'))
  t.notMatch(inspect(error), /hush/)
})
