// Identities that a server takes from elsewhere than a user's password: the address, the super user; and IPv6.
import type { AddressInfo } from 'node:net'
import { createServer, connect as dial } from 'node:net'
import type { Acl } from '../../../protocol/index.ts'
import { creatorAcl, digestId, Permission } from '../../../protocol/index.ts'
import { concurrently } from '../../support/concurrently.ts'
import { client, ownServer } from '../../support/zookeeper.ts'
import { t } from '../../tap.ts'
import { errorOf } from './support.ts'

const server = await ownServer(t, { superDigest: digestId('super', 'duper') })

const test = concurrently({ jobs: 8, timeout: 90_000 })

test('H32: the super user may do everything, and who only takes its name nothing', async t => {
  const owner = await client(t, server.connectString, { auth: [{ scheme: 'digest', auth: 'al:secret' }] })
  await owner.create('/private', 'x', { acl: creatorAcl })
  const other = await client(t, server.connectString, { auth: [{ scheme: 'digest', auth: 'super:wrong' }] })
  t.match(await errorOf(other.get('/private')), { code: 'NO_AUTH' })
  await other.addAuth('digest', 'super:duper')
  t.equal(Buffer.from((await other.get('/private')).data!).toString(), 'x')
  await other.setAcl('/private', [{ perms: Permission.READ, id: { scheme: 'world', id: 'anyone' } }])
  await other.delete('/private')
})

test('H32: an ACL may name addresses, of which the client has one', async t => {
  const zk = await client(t, server.connectString)
  const from = (id: string): Acl[] => [{ perms: Permission.ALL, id: { scheme: 'ip', id } }]
  await zk.create('/here', 'x', { acl: from('127.0.0.1') })
  await zk.create('/net', 'x', { acl: from('127.0.0.0/8') })
  await zk.create('/elsewhere', 'x', { acl: from('10.1.2.0/24') })
  for (const path of ['/here', '/net']) t.ok((await zk.get(path)).data)
  t.match(await errorOf(zk.get('/elsewhere')), { code: 'NO_AUTH', path: '/elsewhere' })
  t.match(await errorOf(zk.create('/odd', null, { acl: from('nonsense') })), { code: 'INVALID_ACL' })
})

test('H29: a server at an IPv6 address', async t => {
  const relay = createServer(socket => {
    const onward = dial(server.port, server.host)
    socket.pipe(onward).pipe(socket)
    for (const one of [socket, onward]) one.on('error', () => {})
    socket.on('close', () => onward.destroy())
    onward.on('close', () => socket.destroy())
  })
  await new Promise<void>((resolve, reject) => {
    relay.on('error', reject)
    relay.listen(0, '::1', resolve)
  })
  t.teardown(() => relay.close())
  const { port } = relay.address() as AddressInfo
  const zk = await client(t, `[::1]:${port}`)
  t.equal(zk.remote, `[::1]:${port}`)
  await zk.create('/six', '6')
  t.equal((await zk.get('/six')).stat.version, 0)
  t.match(await zk.command('srvr'), /Zookeeper version/)
})
