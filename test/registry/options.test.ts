// Options and credentials: defaults, wrong types from JavaScript callers, and the ACL that follows.
import { digestId, openAcl, readAcl } from '../../protocol/index.ts'
import { defaultAcl, digestOf } from '../../src/registry/credentials.ts'
import { checkCall, checkCallback, settingsOf } from '../../src/registry/options.ts'
import { ServiceRegistry } from '../../src/registry/service-registry.ts'
import { t } from '../tap.ts'

t.test('N1, N4: the defaults of the Python package, and timeout is the default of two', async t => {
  t.same(settingsOf({}), {
    conflict: 'wait',
    envelope: 'python',
    rateLimit: null,
    sessionFile: null,
    cacheFile: null,
    maxIdlePaths: 10_000,
    coldStartTimeout: 5,
    servers: 'localhost:2181',
    username: null,
    password: null,
    acl: null,
    tls: null,
    sasl: null,
    readOnly: false,
    lazy: false,
    connectTimeout: 5000,
    sessionTimeout: 5000,
  })
  t.match(settingsOf({ timeout: 7 }), { connectTimeout: 7, sessionTimeout: 7 })
  t.match(settingsOf({ timeout: 7, connectTimeout: 8 }), { connectTimeout: 8, sessionTimeout: 7 })
  t.match(settingsOf({ username: null, acl: null }), { username: null, acl: null })
  t.match(settingsOf({ acl: openAcl }), { acl: openAcl })
})

t.test('N1: wrong options name themselves, and never show their values', async t => {
  const secret = { toString: () => 's3cret', s3cret: 1 }
  const bad: readonly (readonly [string, unknown])[] = [
    ['servers', 5],
    ['servers', ['a']],
    ['username', 5],
    ['password', secret],
    ['readOnly', 'yes'],
    ['readOnly', 1],
    ['lazy', 0],
    ['envelope', 'raw'],
    ['timeout', 0],
    ['timeout', -1],
    ['timeout', 1.5],
    ['timeout', Number.NaN],
    ['timeout', '5'],
    ['connectTimeout', Number.POSITIVE_INFINITY],
    ['sessionTimeout', {}],
    ['acl', 'open'],
    ['acl', []],
    ['acl', [{ perms: 'all' }]],
    ['acl', [null]],
  ]
  for (const [name, value] of bad) {
    t.throws(() => settingsOf({ [name]: value }), {
      code: 'INVALID_OPTION',
      message: new RegExp(`^${name} `),
    })
  }
  t.throws(() => settingsOf({ password: secret as never }), { message: /^[^3]*$/ })
})

t.test('N2: options are one object, and a connect string by itself is refused', async t => {
  for (const options of [null, 5, 'localhost:2181']) {
    const wanted = { code: 'INVALID_OPTION', message: 'options must be an object' }
    t.throws(() => settingsOf(options as never), wanted)
    if (options !== null) await t.rejects(ServiceRegistry.connect(options as never), wanted)
  }
})

t.test('the options of calls', async t => {
  const reason = new Error('enough')
  t.doesNotThrow(() => checkCall({}))
  t.doesNotThrow(() => checkCall({ state: false, timeout: 0, signal: new AbortController().signal }))
  t.doesNotThrow(() => checkCall({ timeout: Number.POSITIVE_INFINITY }))
  t.throws(() => checkCall({ signal: AbortSignal.abort(reason) }), reason)
  for (const options of [null, 5, { state: 'on' }, { timeout: -1 }, { timeout: '1' }, { signal: {} }]) {
    t.throws(() => checkCall(options as never), { code: 'INVALID_OPTION' })
  }
  t.doesNotThrow(() => checkCallback(undefined))
  t.doesNotThrow(() => checkCallback(() => {}))
  for (const callback of [null, 5, 'f', {}])
    t.throws(() => checkCallback(callback), { code: 'INVALID_OPTION' })
})

t.test('N15: credentials and the ACL that follows from them', async t => {
  const none = { username: null, password: null, acl: null }
  const both = { username: 'al', password: 'a:b', acl: null }
  t.equal(digestOf(none), null)
  t.equal(digestOf({ ...both, password: null }), null)
  t.equal(digestOf({ ...both, username: null }), null)
  t.equal(digestOf(both), 'al:a:b')
  t.equal(defaultAcl(none), undefined)
  t.equal(defaultAcl({ ...both, username: null }), undefined)
  const pair = [{ perms: 31, id: { scheme: 'digest', id: digestId('al', 'a:b') } }, ...readAcl]
  t.same(defaultAcl(both), pair, 'the owner first, then the world')
  t.same(pair[1], { perms: 1, id: { scheme: 'world', id: 'anyone' } })
  t.equal(digestId('super', 'test'), 'super:D/InIHSb7yEEbrWz8b9l71RjZJU=', 'a digest known from elsewhere')
  t.equal(defaultAcl({ ...both, acl: openAcl }), openAcl)
  t.equal(defaultAcl({ ...none, acl: openAcl }), openAcl, 'also without credentials')
})

t.test('coldStartTimeout: a moment, unless the caller says how long to wait for the connection', async t => {
  t.equal(settingsOf({ timeout: 15_000 }).coldStartTimeout, 5)
  t.equal(settingsOf({ timeout: 3 }).coldStartTimeout, 3)
  t.equal(settingsOf({ connectTimeout: 700 }).coldStartTimeout, null, 'as without a cache file')
})
