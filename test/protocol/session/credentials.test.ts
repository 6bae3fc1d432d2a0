// Credentials by themselves: which are the same, and what is taken out of words.
import { Buffer } from 'node:buffer'
import { Credentials, credentialOf } from '../../../protocol/session/credentials.ts'
import { t } from '../../tap.ts'

t.test('credentials: the same is one of the same scheme with the same bytes', async t => {
  const credentials = new Credentials()
  t.equal(credentials.add(credentialOf('digest', 'al:one')), true)
  t.equal(credentials.add(credentialOf('digest', Buffer.from('al:one'))), false)
  t.equal(credentials.add(credentialOf('other', 'al:one')), true)
  t.equal(credentials.packets().length, 2)
})

t.test(
  'credentials: of a secret that is a part of another, nothing of the other is left in words',
  async t => {
    for (const secrets of [
      ['al:sesame', 'bo:sesame-open'],
      ['bo:sesame-open', 'al:sesame'],
    ]) {
      const credentials = new Credentials()
      for (const secret of secrets) credentials.add(credentialOf('digest', secret))
      t.equal(
        credentials.redact('it was sesame-open, or sesame, of bo:sesame-open'),
        'it was ***, or ***, of ***',
      )
    }
  },
)
