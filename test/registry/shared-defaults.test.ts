// The options of the shared registry that nobody gave.
import { sharedDefaults } from '../../src/registry/shared-defaults.ts'
import { t } from '../tap.ts'

t.test('N88: without an environment, the defaults of the Python helper', async t => {
  t.strictSame(sharedDefaults({ NDSR_SERVERS: '', NDSR_TIMEOUT: '' }), {
    servers: '127.0.0.1:2181',
    timeout: 15_000,
    readOnly: true,
    lazy: true,
    tls: null,
    username: null,
    password: null,
    cacheFile: null,
  })
})

t.test('N88: the environment says otherwise', async t => {
  const env = {
    NDSR_SERVERS: 'a:1,b:2/c',
    NDSR_TIMEOUT: '500',
    NDSR_READ_ONLY: 'false',
    NDSR_LAZY: 'false',
    NDSR_USERNAME: 'al',
    NDSR_PASSWORD: 'one',
    NDSR_CACHE_FILE: '/var/cache/app/registry.json',
  }
  t.strictSame(sharedDefaults(env), {
    servers: 'a:1,b:2/c',
    timeout: 500,
    readOnly: false,
    lazy: false,
    tls: null,
    username: 'al',
    password: 'one',
    cacheFile: '/var/cache/app/registry.json',
  })
})

t.test('the environment names the files of TLS', async t => {
  const files = { caFile: '/ca', certFile: '/cert', keyFile: '/key' }
  const env = { NDSR_TLS_CA_FILE: '/ca', NDSR_TLS_CERT_FILE: '/cert', NDSR_TLS_KEY_FILE: '/key' }
  t.strictSame(sharedDefaults(env).tls, files)
  t.strictSame(sharedDefaults({ NDSR_TLS_CA_FILE: '/ca' }).tls, { caFile: '/ca' })
  const both = { certFile: '/both', keyFile: '/both' }
  t.strictSame(sharedDefaults({ NDSR_TLS_CERT_FILE: '/both' }).tls, both, 'as with ndsr get')
  t.throws(() => sharedDefaults({ NDSR_TLS_KEY_FILE: '/key' }), { message: /NDSR_TLS_CERT_FILE/ })
  t.strictSame(sharedDefaults({ NDSR_TLS: 'true' }).tls, {})
  t.equal(sharedDefaults({ ...env, NDSR_TLS: 'false' }).tls, null)
  t.throws(() => sharedDefaults({ NDSR_TLS: 'on' }), { code: 'INVALID_OPTION', message: /NDSR_TLS/ })
})

t.test('N88: a variable that cannot work is named', async t => {
  for (const text of ['0', '-1', '1.5', 'soon', '1e3']) {
    t.throws(() => sharedDefaults({ NDSR_TIMEOUT: text }), {
      code: 'INVALID_OPTION',
      message: /NDSR_TIMEOUT/,
    })
  }
  t.throws(() => sharedDefaults({ NDSR_READ_ONLY: 'yes' }), { message: /NDSR_READ_ONLY/ })
  t.throws(() => sharedDefaults({ NDSR_LAZY: '1' }), { message: /NDSR_LAZY/ })
})
