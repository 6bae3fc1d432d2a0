// ACLs and identities: who may do what, how lists are put right, what is hidden. Section 7.1 to 7.5.
import { OpCode } from '../../protocol/opcodes.ts'
import { operations } from '../../protocol/operations.ts'
import type { Acl } from '../../protocol/records/data.ts'
import { t } from '../tap.ts'
import {
  acl,
  create,
  login,
  OPEN,
  onBoth,
  read,
  tryCreate,
  tryDelete,
  tryRead,
  trySet,
  trySetAcl,
} from './both.ts'
import type { RawClient } from './raw-client.ts'

t.jobs = 8
const test = onBoth()
const BEN = 'ben:GnIFqmuceuc/72KWrVhTHjDv9u4='

async function aclOf(client: RawClient, path: string): Promise<readonly Acl[]> {
  const reply = await client.call(OpCode.getACL, operations.getACL.request, { path })
  return read(operations.getACL.reply!, reply).acl
}

test('each permission opens its own operations', async (t, { open, root }) => {
  const client = await open()
  const errors = async (perms: number): Promise<number[]> => {
    const path = `${root}/${perms}`
    await create(client, path)
    await create(client, `${path}/child`)
    await trySetAcl(client, path, [acl(perms)])
    return [
      (await tryRead(client, OpCode.getData, path)).err,
      (await tryRead(client, OpCode.exists, path)).err,
      (await trySet(client, path)).err,
      (await tryCreate(client, `${path}/new`)).err,
      (await tryDelete(client, `${path}/child`)).err,
      (await client.call(OpCode.getACL, operations.getACL.request, { path })).err,
      (await trySetAcl(client, path, [acl(perms)])).err,
    ]
  }
  const no = -102
  t.same(await errors(1), [0, 0, no, no, no, 0, no], 'READ')
  t.same(await errors(2), [no, no, 0, no, no, no, no], 'WRITE')
  t.same(await errors(4), [no, no, no, 0, no, no, no], 'CREATE')
  t.same(await errors(8), [no, no, no, no, 0, no, no], 'DELETE, of the children')
  t.same(await errors(16), [no, no, no, no, no, 0, 0], 'ADMIN')
})

test('lists are put right before they are stored', async (t, { open, root }) => {
  const client = await open()
  const stored = async (list: Acl[]): Promise<readonly Acl[] | number> => {
    const { err } = await trySetAcl(client, root, list)
    return err === 0 ? await aclOf(client, root) : err
  }
  t.same(await stored([...OPEN, acl(1), ...OPEN]), [...OPEN, acl(1)], 'without duplicates, in order')
  t.equal(await stored([]), -114)
  t.equal(await stored([acl(31, 'auth', '')]), -114, 'nobody is logged in')
  t.equal(await stored([acl(31, 'world', 'somebody')]), -114)
  t.equal(await stored([acl(31, 'super', '')]), -114)
  t.equal(await stored([acl(31, 'digest', 'no-colon')]), -114)
  t.equal(await stored([acl(31, 'digest', 'a:b:c')]), -114)
  t.equal(await stored([acl(31, 'ip', '10.0.0.0/33')]), -114)
  t.equal(await stored([acl(31, 'ip', 'nowhere')]), -114)
  t.same(await stored([...OPEN, acl(1, 'ip', '10.0.0.0/8')]), [...OPEN, acl(1, 'ip', '10.0.0.0/8')])
  t.same(await stored([acl(0x7f)]), [acl(0x7f)], 'permissions are taken as they are')
  t.equal(await login(client, 'digest', 'ben:passwd'), 0)
  t.same(await stored([acl(31, 'auth', 'whatever')]), [acl(31, 'digest', BEN)])
})

test('a digest opens what its owner closed, and hides its hash from others', async (t, { open, root }) => {
  const [ben, other] = [await open(), await open()]
  await login(ben, 'digest', 'ben:passwd')
  const mixed = [acl(31, 'auth', ''), acl(1)]
  const { path } = await create(ben, `${root}/a`, { acl: mixed })
  t.same(await aclOf(ben, path), [acl(31, 'digest', BEN), acl(1)])
  t.same(await aclOf(other, path), [acl(31, 'digest', 'ben:x'), acl(1)])
  t.equal((await trySet(other, path)).err, -102)
  await login(other, 'digest', 'ben:wrong')
  t.equal((await trySet(other, path)).err, -102)
  await login(other, 'digest', 'ben:passwd')
  t.equal((await trySet(other, path)).err, 0, 'a second login adds to the first')
})

test('addresses match by prefix', async (t, { open, root }) => {
  const client = await open()
  const allowed = async (id: string): Promise<number> => {
    const path = `${root}/${id.replaceAll(/[/:.]/g, '-')}`
    await create(client, path, { acl: [acl(31, 'ip', id)] })
    return (await tryRead(client, OpCode.getData, path)).err
  }
  t.equal(await allowed('127.0.0.1'), 0)
  t.equal(await allowed('127.0.0.0/8'), 0)
  t.equal(await allowed('127.0.0.2/31'), -102)
  t.equal(await allowed('10.1.2.3/0'), 0)
  t.equal(await allowed('::/0'), -102, 'families never mix')
})

test('addresses that an ACL may hold', async (t, { open, root }) => {
  const client = await open()
  const err = async (id: string): Promise<number> =>
    (await trySetAcl(client, root, [...OPEN, acl(1, 'ip', id)])).err
  const good = [
    '1.2.3.04',
    '+1.2.3.4',
    '1.2.3.4/+8',
    '::',
    '::1',
    '1::',
    'FE80::/10',
    '0:0:0:0:0:0:0:1',
    '::1/128',
  ]
  for (const id of good) t.equal(await err(id), 0, id)
  const bad = [
    '1.2.3',
    '1.2.3.4.5',
    '1.2.3.256',
    '1.2.3.4/',
    '1.2.3.4/-1',
    '1.2.3.4/8/8',
    '1.2.3.4/0x8',
    ' 1.2.3.4',
  ]
  const bad6 = [
    '::1/129',
    '1::2::3',
    ':1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7::8',
    '12345::',
    'g::',
    '::1/',
  ]
  const odd = ['::ffff:1.2.3.4', '[::1]', 'fe80::1%lo', 'localhost', '']
  for (const id of [...bad, ...bad6, ...odd]) t.equal(await err(id), -114, JSON.stringify(id))
})

test('schemes that a server is not configured for', async (t, { open, root }) => {
  const client = await open()
  for (const scheme of ['x509', 'sasl', 'ensemble', 'super', 'nobody']) {
    t.equal((await trySetAcl(client, root, [acl(31, scheme, 'CN=a')])).err, -114, scheme)
    t.equal(await login(await open(), scheme, 'CN=a'), -115, scheme)
  }
  t.equal(await login(client, 'ip', 'whatever'), 0, 'an address is had, and may be asked for again')
})

test('8.6.14: whoAmI lists address and logins', async (t, { open }) => {
  const client = await open()
  const users = async (): Promise<string[]> => {
    const { clientInfo } = read(operations.whoAmI.reply!, await client.call(OpCode.whoAmI))
    return clientInfo.map(({ authScheme, user }) => `${authScheme} ${user}`).sort()
  }
  t.same(await users(), ['ip 127.0.0.1'])
  await login(client, 'digest', 'ben:passwd')
  await login(client, 'digest', 'amy:secret')
  await login(client, 'digest', 'ben:passwd')
  t.same(await users(), ['digest amy', 'digest ben', 'ip 127.0.0.1'])
})

test('no login at all is none, an empty one is', async (t, { open }) => {
  const proof = async (bytes: Uint8Array | null): Promise<RawClient> => {
    const client = await open()
    const reply = await client.callRaw(OpCode.auth, writer => {
      writer.writeInt(0)
      writer.writeString('digest')
      writer.writeBuffer(bytes)
    })
    t.equal(reply.err, bytes === null ? -115 : 0)
    return client
  }
  t.ok(await (await proof(null)).link.end())
  t.equal((await (await proof(new Uint8Array())).call(OpCode.whoAmI)).err, 0)
})
