// A registry on servers that want TLS or SASL: who it is to them, through cuts and restarts, and what is refused.
import { creatorAcl, digestMd5, readAcl } from '../../../protocol/index.ts'
import { startServer } from '../../../scripts/zookeeper/server.ts'
import type { ServiceRegistryOptions } from '../../../src/registry/options.ts'
import { ServiceRegistry } from '../../../src/registry/service-registry.ts'
import { expireSession } from '../../../src/testing/index.ts'
import { runHere } from '../../cli/support.ts'
import { concurrently } from '../../support/concurrently.ts'
import { eventually } from '../../support/eventually.ts'
import type { Test } from '../../tap.ts'
import { t } from '../../tap.ts'
import { folder, makeAuthority } from '../protocol/certificates.ts'
import { errorOf, proxyTo } from '../protocol/support.ts'
import { registryAt } from './support.ts'

const path = await folder(t)
const authority = await makeAuthority(path, 'authority')
const [own, alice] = await Promise.all([
  authority.issue('server', 'server', 'DNS:localhost,IP:127.0.0.1'),
  authority.issue('alice', 'alice'),
])
const [encrypted, strict] = await Promise.all([
  startServer({
    tickTime: 3000,
    tls: { keyStore: own.store, trustStore: authority.ca, clientAuth: 'need' },
  }),
  startServer({
    tickTime: 3000,
    sasl: { users: { al: 'secret' } },
    jvm: ['-Dzookeeper.fips-mode=false', '-Dzookeeper.sessionRequireClientSASLAuth=true'],
  }),
])
t.teardown(() => Promise.all([encrypted.stop(), strict.stop()]))
const secureAt = `127.0.0.1:${encrypted.securePort}`
const asAlice = { caFile: authority.ca, certFile: alice.cert, keyFile: alice.key }
const asAl = { sasl: digestMd5({ username: 'al', password: 'secret' }) }
const acl = [...creatorAcl, ...readAcl]

const test = concurrently({ jobs: 8, timeout: 120_000 })

/** Registers, and is still the same to the server after a cut, an expiry, a rebuild, and a stop and start. */
async function livesOn(
  t: Test,
  at: string,
  options: ServiceRegistryOptions,
  scheme: string,
): Promise<ServiceRegistry> {
  const proxy = await proxyTo(t, at)
  const registry = await registryAt(t, proxy.connectString, { ...options, acl })
  await registry.setNode('/services/one:1', { n: 1 })
  const isThere = async (why: string): Promise<void> => {
    await eventually(why, async () => {
      const { acl: found } = await registry.client.getAcl('/services/one:1')
      return found.some(({ id }) => id.scheme === scheme)
    })
    await registry.setData('/services/state', { why })
  }
  await isThere('set')
  proxy.cut()
  await eventually('cut', () => !registry.getState())
  await isThere('cut')
  const { sessionId } = registry.client
  const taker = options.tls == null ? asAl : { tls: asAlice }
  await expireSession(registry, taker)
  await eventually('another session', () => registry.client.sessionId !== sessionId && registry.getState())
  await isThere('expired')
  await registry.rebuild()
  await isThere('rebuilt')
  await registry.stop()
  await registry.start()
  await isThere('started')
  return registry
}

test('secured: mutual TLS, and the certificate is the identity', async t => {
  await livesOn(t, secureAt, { tls: asAlice }, 'x509')
})

test('secured: a function is asked for the certificates before each connection', async t => {
  let asked = 0
  const tls = async (): Promise<typeof asAlice> => {
    asked++
    return asAlice
  }
  const proxy = await proxyTo(t, secureAt)
  const registry = await registryAt(t, proxy.connectString, { tls })
  t.equal(asked, 1)
  proxy.cut()
  await eventually('again', () => asked > 1 && registry.getState())
})

test('secured: SASL, where nobody gets in without', async t => {
  await livesOn(t, strict.connectString, asAl, 'sasl')
})

test('secured: who is not trusted, or trusts nobody, has no connection and is told why', async t => {
  const why = async (options: ServiceRegistryOptions): Promise<string> => {
    const registry = ServiceRegistry.connect({ connectTimeout: 20_000, ...options })
    const error = await errorOf(registry)
    t.match(error, { code: 'NO_CONNECTION' })
    const words: string[] = []
    for (let at: unknown = error; at instanceof Error; at = at.cause) words.push(at.message)
    return words.join(': ')
  }
  const [stranger, missing] = await Promise.all([
    why({ servers: secureAt, tls: {} }),
    why({ servers: secureAt, tls: { ...asAlice, caFile: `${path}/missing.pem` } }),
  ])
  t.match(stranger, /certificate|issuer|self/i)
  t.match(missing, /missing\.pem/)
})

test('secured: refused credentials of SASL are AUTH_FAILED, at once', async t => {
  const sasl = digestMd5({ username: 'al', password: 'guess' })
  const error = await errorOf(
    ServiceRegistry.connect({ servers: strict.connectString, connectTimeout: 60_000, sasl }),
  )
  t.match(error, { code: 'AUTH_FAILED' })
})

test('secured: ndsr reads with TLS and with SASL', async t => {
  const writer = await registryAt(t, secureAt, { tls: asAlice })
  await writer.setData('/told', { by: 'tls' })
  const files = ['--ca-file', authority.ca, '--cert-file', alice.cert, '--key-file', alice.key]
  const patient = ['-q', '--timeout', '60']
  const found = await runHere(['-s', secureAt, ...files, ...patient, '-d', '/told'])
  t.equal(found.code, 0, found.stderr)
  t.match(found.stdout, /by: tls/)
  // Key and certificate in one file.
  const both = await runHere(['-s', secureAt, ...files.slice(0, 2), '--cert-file', alice.store, ...patient])
  t.equal(both.code, 0, both.stderr)
  const env = { NDSR_PASSWORD: 'secret' }
  const named = ['-s', strict.connectString, '-u', 'al', ...patient]
  t.equal((await runHere([...named, '--sasl'], { env })).code, 0)
  const wrong = await runHere([...named, '--sasl', '-p', 'guess'])
  t.equal(wrong.code, 4, wrong.stderr)
  t.notMatch(wrong.stderr, /guess/)
})
