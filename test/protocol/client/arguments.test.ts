// Wrong arguments: a typed error that names them, before anything is sent; and a rejection, never an exception.
import type { ZooKeeperOptions } from '../../../protocol/client/options.ts'
import { ZooKeeper } from '../../../protocol/client/zookeeper.ts'
import type { InvalidPathError } from '../../../protocol/errors.ts'
import { codeOf, failureOf, outcomeOf, outcomesOf } from '../../support/outcome.ts'
import { connectedWorld, newWorld } from '../../support/scripted-client.ts'
import { t } from '../../tap.ts'

/** What JavaScript lets through. */
// biome-ignore lint/suspicious/noExplicitAny: these are the calls that types forbid.
type Loose = any

const calls: readonly [what: string, call: (zk: Loose) => Promise<unknown>, argument: string][] = [
  ['get without a path', zk => zk.get(), 'path'],
  ['get of a number', zk => zk.get(5), 'path'],
  ['exists of null', zk => zk.exists(null), 'path'],
  ['getChildren of an object', zk => zk.getChildren({}), 'path'],
  ['getAcl without a path', zk => zk.getAcl(), 'path'],
  ['sync without a path', zk => zk.sync(), 'path'],
  ['delete without a path', zk => zk.delete(), 'path'],
  ['ensurePath without a path', zk => zk.ensurePath(), 'path'],
  ['create without a path', zk => zk.create(), 'path'],
  ['create of a number', zk => zk.create('/a', 5), 'data'],
  ['create of an object', zk => zk.create('/a', { json: true }), 'data'],
  ['create with an unknown mode', zk => zk.create('/a', '', { mode: 'eternal' }), 'mode'],
  ['create with an inherited name for a mode', zk => zk.create('/a', '', { mode: 'toString' }), 'mode'],
  ['create with a number for a mode', zk => zk.create('/a', '', { mode: 1 }), 'mode'],
  ['create without a time to live', zk => zk.create('/a', '', { mode: 'persistentWithTtl' }), 'ttl'],
  ['create with a TTL of 0', zk => zk.create('/a', '', { mode: 'persistentWithTtl', ttl: 0 }), 'ttl'],
  [
    'create with a TTL of 35 years',
    zk => zk.create('/a', '', { mode: 'persistentWithTtl', ttl: 2 ** 40 }),
    'ttl',
  ],
  ['create with a TTL of 1.5', zk => zk.create('/a', '', { mode: 'persistentWithTtl', ttl: 1.5 }), 'ttl'],
  ['create with an empty ACL', zk => zk.create('/a', '', { acl: [] }), 'acl'],
  ['create with an ACL of a null', zk => zk.create('/a', '', { acl: [null] }), 'acl'],
  [
    'create with half an ACL',
    zk => zk.create('/a', '', { acl: [{ perms: 31, id: { scheme: 'x' } }] }),
    'acl',
  ],
  ['set without data', zk => zk.set('/a'), 'data'],
  ['set with a text for a version', zk => zk.set('/a', '', { version: '3' }), 'version'],
  ['set with a version of 1.5', zk => zk.set('/a', '', { version: 1.5 }), 'version'],
  ['set with a version of 2^31', zk => zk.set('/a', '', { version: 2 ** 31 }), 'version'],
  ['set with a version below -2^31', zk => zk.set('/a', '', { version: -(2 ** 31) - 1 }), 'version'],
  ['delete with a version of NaN', zk => zk.delete('/a', { version: Number.NaN }), 'version'],
  ['setAcl with a text', zk => zk.setAcl('/a', 'world'), 'acl'],
  ['get with a text for a watcher', zk => zk.get('/a', { watch: 'yes' }), 'watch'],
  ['get with true for a watcher', zk => zk.get('/a', { watch: true }), 'watch'],
  ['get with a negative timeout', zk => zk.get('/a', { timeout: -1 }), 'timeout'],
  ['get with a text for a timeout', zk => zk.get('/a', { timeout: '1s' }), 'timeout'],
  ['get with a timeout of NaN', zk => zk.get('/a', { timeout: Number.NaN }), 'timeout'],
  ['get with a controller for a signal', zk => zk.get('/a', { signal: new AbortController() }), 'signal'],
  ['connect with a text for a timeout', zk => zk.connect({ timeout: '1s' }), 'timeout'],
  ['close with a negative timeout', zk => zk.close({ timeout: -1 }), 'timeout'],
  ['addAuth without a scheme', zk => zk.addAuth('', 'a:b'), 'scheme'],
  ['addAuth with a number', zk => zk.addAuth('digest', 5), 'auth'],
]

t.test('arguments: a wrong one is a rejection that names it', async t => {
  const { zk, clock, ensemble } = newWorld(t)
  for (const [what, call, argument] of calls) {
    const outcome = outcomeOf(call(zk))
    await clock.settle()
    t.match(outcome.error, { code: 'INVALID_ARGUMENT', argument, number: -8 }, what)
  }
  t.strictSame(ensemble.tried, [], 'none of them connects')
})

t.test('arguments: a wrong path is a rejection with the place', async t => {
  const { zk, clock } = newWorld(t)
  const outcomes = outcomesOf(zk.get('a'), zk.create('/a/'), zk.delete('/a//b'), zk.sync('/..'))
  await clock.settle()
  t.strictSame(
    outcomes.map(outcome => [codeOf(outcome), (failureOf(outcome) as InvalidPathError).index]),
    [0, 2, 3, 1].map(index => ['INVALID_PATH', index]),
  )
  t.throws(() => zk.chroot('app'), { code: 'INVALID_PATH' })
})

t.test('arguments: the widest ones that are allowed', async t => {
  const { zk, clock, ensemble } = newWorld(t)
  outcomeOf(zk.set('/a', '', { version: 2 ** 31 - 1 }))
  outcomeOf(zk.set('/a', '', { version: -(2 ** 31) }))
  outcomeOf(zk.create('/a', '', { mode: 'persistentWithTtl', ttl: 0xff_ffff_ffff }))
  outcomeOf(zk.create('/a/', '', { mode: 'persistentSequential' }))
  outcomeOf(zk.get('/a', { timeout: Number.POSITIVE_INFINITY, signal: undefined, watch: undefined }))
  await clock.settle()
  t.match(
    ensemble.link.requests.map(({ body }) => body),
    [
      { version: 2 ** 31 - 1 },
      { version: -(2 ** 31) },
      { ttl: 0xff_ffff_ffff },
      { path: '/a/' },
      { path: '/a' },
    ],
  )
})

const options: readonly [what: string, options: Loose, argument: string][] = [
  ['a session timeout of 0', { sessionTimeout: 0 }, 'sessionTimeout'],
  ['a session timeout of 1.5', { sessionTimeout: 1.5 }, 'sessionTimeout'],
  ['a session timeout above an int', { sessionTimeout: 2 ** 31 }, 'sessionTimeout'],
  ['a text for a session timeout', { sessionTimeout: '10s' }, 'sessionTimeout'],
  ['a negative request timeout', { requestTimeout: -1 }, 'requestTimeout'],
  ['no room for requests', { maxRequestSize: 0 }, 'maxRequestSize'],
  ['no room for answers', { maxResponseSize: -5 }, 'maxResponseSize'],
  ['no room in the queue', { maxQueuedRequests: 0 }, 'maxQueuedRequests'],
  ['another word for onExpired', { onExpired: 'panic' }, 'onExpired'],
  ['an empty ACL', { acl: [] }, 'acl'],
  ['a credential without a scheme', { auth: [{ auth: 'a:b' }] }, 'scheme'],
  ['a credential of a number', { auth: [{ scheme: 'digest', auth: 5 }] }, 'auth'],
  ['a session with a number for an id', { session: { id: 5, password: Buffer.alloc(16) } }, 'session'],
  ['a session with a text for a password', { session: { id: 5n, password: 'secret' } }, 'session'],
  [
    'a session with an id above a long',
    { session: { id: 2n ** 64n, password: Buffer.alloc(16) } },
    'session',
  ],
]

t.test('options: a wrong one throws at once, and names itself', async t => {
  for (const [what, wrong, argument] of options) {
    try {
      new ZooKeeper('localhost', wrong as ZooKeeperOptions)
      t.fail(`${what} is accepted`)
    } catch (error) {
      t.match(error, { code: 'INVALID_ARGUMENT', argument }, what)
    }
  }
  t.throws(() => new ZooKeeper(''), { code: 'INVALID_CONNECT_STRING' })
  t.throws(() => new ZooKeeper(undefined as Loose), { code: 'INVALID_ARGUMENT' })
})

t.test('options: an unlimited request timeout is fine', async t => {
  const { zk, clock } = newWorld(t, { requestTimeout: Number.POSITIVE_INFINITY })
  const read = outcomeOf(zk.get('/a'))
  await clock.advance(3_600_000)
  t.equal(codeOf(read), 'pending')
})

t.test('trees: a timeout that is none is refused before anything is sent', async t => {
  const { zk, ensemble } = await connectedWorld(t)
  const wrong = { code: 'INVALID_ARGUMENT', message: /timeout/ }
  for (const timeout of [Number.NaN, -1]) {
    await t.rejects(zk.ensurePath('/a', { timeout }), wrong)
    await t.rejects(zk.delete('/a', { recursive: true, timeout }), wrong)
    await t.rejects(zk.create('/a/b', '', { parents: true, timeout }), wrong)
  }
  t.strictSame(ensemble.link.names, [])
})
