// How connections are secured: options that name themselves, and what the client gets of them.
import { inspect } from 'node:util'
import { digestMd5 } from '../../protocol/index.ts'
import { settingsOf } from '../../src/registry/options.ts'
import { secured } from '../../src/registry/security.ts'
import { t } from '../tap.ts'

t.test('security: the client gets what is given, and nothing else', async t => {
  const tls = { caFile: '/ca.pem' }
  const source = (): typeof tls => tls
  const sasl = digestMd5({ username: 'al', password: 'secret' })
  t.strictSame(secured(settingsOf({})), {})
  t.strictSame(secured(settingsOf({ tls: null, sasl: null })), {})
  t.strictSame(secured(settingsOf({ tls })), { tls })
  t.equal(secured(settingsOf({ tls: source })).tls, source)
  t.strictSame(secured(settingsOf({ tls, sasl })), { tls, sasl })
})

t.test('security: wrong options name themselves, and never show their values', async t => {
  for (const [name, value] of [
    ['tls', true],
    ['tls', 's3cret'],
    ['sasl', 's3cret'],
    ['sasl', { username: 'al', password: 's3cret' }],
    ['sasl', { name: 's3cret' }],
  ] as const) {
    try {
      settingsOf({ [name]: value })
      t.fail(`${name} ${inspect(value)}`)
    } catch (error) {
      t.match(error, { code: 'INVALID_OPTION', message: new RegExp(`^${name} must be`) })
      t.notMatch(inspect(error, { depth: 9, showHidden: true }), 's3cret')
    }
  }
})
