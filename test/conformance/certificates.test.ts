// Client certificates: who their holders are, and what ACLs make of it, on the embedded server and on a real one.
import { readFile } from 'node:fs/promises'
import type { Acl } from '../../protocol/index.ts'
import { creatorAcl, Permission, ZooKeeper } from '../../protocol/index.ts'
import { startServer } from '../../scripts/zookeeper/server.ts'
import { EmbeddedZooKeeper } from '../../src/embedded/index.ts'
import type { Certificate } from '../integration/protocol/certificates.ts'
import { folder, makeAuthority } from '../integration/protocol/certificates.ts'
import { errorOf } from '../integration/protocol/support.ts'
import { eventually } from '../support/eventually.ts'
import type { Test } from '../tap.ts'
import { t } from '../tap.ts'

/** Subjects as openssl takes them, and as ZooKeeper calls their holders. */
const subjects: readonly (readonly [subject: string, id: string])[] = [
  ['/O=Registry/CN=alice', 'CN=alice,O=Registry'],
  [
    '/O=Smith, Sons \\+ Co/CN=a=b "q" <x>; #y \\\\z',
    'CN=a\\=b \\"q\\" \\<x\\>\\; \\#y \\\\z,O=Smith\\, Sons \\+ Co',
  ],
  ['/CN=  two  blanks  ', 'CN=\\ \\ two  blanks\\ \\ '],
  ['/CN=tab\tJürgen ☃', 'CN=tab\tJürgen ☃'],
  ['/C=DE/ST=BY/L=M/street=S 1/DC=com/DC=x/UID=u1/OU=z', 'OU=z,UID=u1,DC=x,DC=com,STREET=S 1,L=M,ST=BY,C=DE'],
  ['/CN=m/emailAddress=m@x.org', '1.2.840.113549.1.9.1=#16076d40782e6f7267,CN=m'],
  ['/serialNumber=12/title=Dr/CN=s', 'CN=s,2.5.4.12=#0c024472,2.5.4.5=#13023132'],
  ['/CN=a+UID=b/O=R', 'O=R,CN=a+UID=b'],
  ['/CN=root', 'CN=root'],
  [`/O=Long/CN=${'n'.repeat(64)}/OU=${'u'.repeat(64)}`, `OU=${'u'.repeat(64)},CN=${'n'.repeat(64)},O=Long`],
]
const SUPER = 'CN=root'

const path = await folder(t)
const [authority, foreign] = await Promise.all([
  makeAuthority(path, 'authority'),
  makeAuthority(path, 'foreign'),
])
const [own, mallory, ...holders] = await Promise.all([
  authority.issue('server', 'server', 'IP:127.0.0.1'),
  foreign.issue('mallory', 'mallory'),
  ...subjects.map(([subject], index) => authority.issue(`holder-${index}`, subject)),
])
const [alice, bob] = holders as [Certificate, Certificate]
const root = holders[subjects.findIndex(([, id]) => id === SUPER)]!

const starts: Record<string, () => Promise<string>> = {
  async embedded() {
    const [ca, cert, key] = await Promise.all([authority.ca, own.cert, own.key].map(file => readFile(file)))
    const tls = {
      ca: ca!,
      cert: cert!,
      key: key!,
      requestCert: true,
      rejectUnauthorized: false,
      superUser: SUPER,
    }
    const server = await EmbeddedZooKeeper.start({ tls })
    t.teardown(() => server.close())
    return server.connectString
  },
  async real() {
    const server = await startServer({
      tls: { keyStore: own.store, trustStore: authority.ca, clientAuth: 'want' },
      jvm: [`-Dzookeeper.X509AuthenticationProvider.superUser=${SUPER}`],
    })
    t.teardown(() => server.stop())
    return `${server.host}:${server.securePort}`
  },
}

interface Place {
  readonly at: string
  /** A client with the certificate, or with none. */
  open(holder?: Certificate): Promise<ZooKeeper>
}

function onBoth(name: string, body: (t: Test, place: Place) => Promise<void>): void {
  for (const [kind, at] of places) {
    // Seen on Deno 2.9.6: a server that lets in clients without a certificate trusts none.
    const skip =
      kind === 'embedded' && 'deno' in process.versions && 'not applicable: Deno trusts no client here'
    t.test(`${kind}: ${name}`, { buffered: true, timeout: 150_000, skip }, async t => {
      const open: Place['open'] = async holder => {
        const zk = clientOf(t, at, holder)
        await zk.connect({ timeout: 60_000 })
        return zk
      }
      await body(t, { at, open })
    })
  }
}

function clientOf(t: Test, at: string, holder?: Certificate): ZooKeeper {
  const shown = holder === undefined ? {} : { certFile: holder.cert, keyFile: holder.key }
  const zk = new ZooKeeper(at, { sessionTimeout: 40_000, tls: { caFile: authority.ca, ...shown } })
  t.teardown(() => zk.close())
  return zk
}

/** In no order, as the real server keeps them. */
async function identities(zk: ZooKeeper): Promise<{ authScheme: string; user: string }[]> {
  const known = await zk.whoAmI()
  return known.toSorted((one, other) => (one.authScheme < other.authScheme ? -1 : 1))
}

const only = (scheme: string, id: string): Acl[] => [{ perms: Permission.ALL, id: { scheme, id } }]
const ADDRESS = { authScheme: 'ip', user: '127.0.0.1' }

const places: [string, string][] = await Promise.all(
  Object.entries(starts).map(async ([kind, start]): Promise<[string, string]> => [kind, await start()]),
)

onBoth('8.10.1: the subject is the identity, in the words of RFC 2253', async (t, { open }) => {
  for (const [index, [subject, id]] of subjects.entries()) {
    if (id === SUPER) continue
    const zk = await open(holders[index])
    t.same(await identities(zk), [ADDRESS, { authScheme: 'x509', user: id }], subject)
    const node = `/identity-${index}`
    await zk.create(node, 'x', { acl: creatorAcl })
    t.same((await zk.getAcl(node)).acl, only('x509', id), 'and may stand in an ACL as it is')
    await zk.setAcl(node, only('x509', id))
    await zk.delete(node)
  }
})

onBoth('8.10.2: an ACL means one subject, letter by letter', async (t, { open }) => {
  const [asAlice, asBob] = [await open(alice), await open(bob)]
  await asAlice.create('/mine', 'x', { acl: creatorAcl })
  t.match(await errorOf(asBob.get('/mine')), { code: 'NO_AUTH' })
  await asBob.create('/given', 'x', { acl: only('x509', 'CN=alice,O=Registry') })
  t.ok((await asAlice.get('/given')).data)
  t.match(await errorOf(asBob.get('/given')), { code: 'NO_AUTH' })
  for (const id of ['CN=alice, O=Registry', 'O=Registry,CN=alice', 'cn=alice,o=Registry', 'CN=alice']) {
    await asAlice.setAcl('/mine', [...only('x509', id), ...only('digest', 'a:b')])
    t.match(await errorOf(asAlice.get('/mine')), { code: 'NO_AUTH' }, id)
    await (await open(root)).setAcl('/mine', only('x509', 'CN=alice,O=Registry'))
  }
  for (const id of ['nonsense', 'CN', 'x=y', 'CN=a,,O=b', 'CN="a']) {
    t.match(
      await errorOf(asAlice.create('/odd', null, { acl: only('x509', id) })),
      { code: 'INVALID_ACL' },
      id,
    )
  }
})

onBoth(
  '8.10.3: without a certificate there is no identity, with a foreign one no session',
  async (t, { at, open }) => {
    const nobody = await open()
    t.same(await identities(nobody), [ADDRESS])
    t.match(await errorOf(nobody.create('/no', null, { acl: creatorAcl })), { code: 'INVALID_ACL' })
    await (await open(alice)).create('/closed', 'x', { acl: creatorAcl })
    t.match(await errorOf(nobody.get('/closed')), { code: 'NO_AUTH' })

    const stranger = clientOf(t, at, mallory)
    let attempts = 0
    stranger.on('attemptFailed', () => attempts++)
    const connecting = errorOf(stranger.connect({ timeout: 60_000 }))
    await eventually('an attempt that fails', () => attempts > 0)
    t.equal(stranger.state, 'connecting')
    await stranger.close()
    t.match(await connecting, { code: 'CLOSED' })
  },
)

onBoth('8.10.4: the one subject of the configuration may do everything', async (t, { open }) => {
  await (await open(alice)).create('/hers', 'x', { acl: creatorAcl })
  const zk = await open(root)
  t.same(await identities(zk), [
    ADDRESS,
    { authScheme: 'super', user: '' },
    { authScheme: 'x509', user: SUPER },
  ])
  await zk.set('/hers', 'y')
  await zk.delete('/hers')
})

onBoth('8.10.5: a login with x509 proves the certificate once more, or fails', async (t, { open }) => {
  const zk = await open(alice)
  await zk.addAuth('x509', 'whatever')
  t.same(await identities(zk), [ADDRESS, { authScheme: 'x509', user: 'CN=alice,O=Registry' }])
  t.match(await errorOf((await open()).addAuth('x509', 'CN=alice,O=Registry')), { code: 'AUTH_FAILED' })
})
