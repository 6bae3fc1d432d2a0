// ACLs and schemes: who is meant, what is taken, what is hidden.
import { Buffer } from 'node:buffer'
import type { Acl, Id } from '../../protocol/records/data.ts'
import { fixUp, masked, permits } from '../../src/embedded/acl.ts'
import { Refusal } from '../../src/embedded/refusal.ts'
import { digestId, schemeOf } from '../../src/embedded/schemes.ts'
import { t } from '../tap.ts'

const entry = (perms: number, scheme: string, id: string): Acl => ({ perms, id: { scheme, id } })
const known = new Set(['digest', 'ip'])
const ben: Id = { scheme: 'digest', id: digestId(Buffer.from('ben:passwd')) }

t.test('digests', async t => {
  t.equal(ben.id, 'ben:GnIFqmuceuc/72KWrVhTHjDv9u4=')
  t.equal(digestId(Buffer.from('super:test')), 'super:D/InIHSb7yEEbrWz8b9l71RjZJU=')
  t.match(digestId(Buffer.from('')), /^:/, 'whatever it is')
})

t.test('permits: an empty list, world, and super', async t => {
  t.equal(permits([], 31, []), true)
  t.equal(permits([entry(1, 'world', 'anyone')], 1, []), true)
  t.equal(permits([entry(1, 'world', 'anyone')], 2, [ben]), false)
  t.equal(permits([entry(2, 'world', 'anyone')], 1 | 2, []), true, 'one of several is enough')
  t.equal(permits([entry(31, 'digest', 'x:y')], 1, [{ scheme: 'super', id: '' }]), true)
  t.equal(permits([entry(31, 'digest', ben.id)], 1, [{ scheme: 'x509', id: ben.id }]), false)
  t.equal(permits([entry(31, 'unknown', 'x')], 1, [{ scheme: 'unknown', id: 'x' }]), false)
})

t.test('addresses', async t => {
  const matches = schemeOf('ip')!.matches
  for (const [own, id, expected] of [
    ['10.1.2.3', '10.1.2.3', true],
    ['10.1.2.3', '10.1.0.0/16', true],
    ['10.2.2.3', '10.1.0.0/16', false],
    ['10.2.2.3', '0.0.0.0/0', true],
    ['::1', '0.0.0.0/0', false],
    ['10.1.2.3', '::/0', false],
    ['fe80::1', 'fe80::/10', true],
    ['', '10.0.0.0/8', false],
  ] as const) {
    t.equal(matches(own, id), expected, `${own} in ${id}`)
  }
  const valid = schemeOf('ip')!.valid
  for (const id of ['10.0.0.1/', '10.0.0.1/x', '10.0.0.1/33', '10.0.0', '::/129', '1.2.3.4/-1'])
    t.equal(valid(id), false, id)
})

t.test('fixUp: duplicates go before `auth` is replaced', async t => {
  const list = [entry(1, 'auth', ''), entry(1, 'auth', ''), entry(31, 'world', 'anyone')]
  const amy: Id = { scheme: 'digest', id: 'amy:hash' }
  const identities = [{ scheme: 'ip', id: '10.0.0.1' }, ben, amy, { scheme: 'super', id: '' }]
  t.same(fixUp(list, identities, known), [
    { perms: 1, id: ben },
    { perms: 1, id: amy },
    entry(31, 'world', 'anyone'),
  ])
  t.throws(
    () => fixUp([entry(1, 'auth', '')], [{ scheme: 'ip', id: '10.0.0.1' }], known),
    new Refusal('INVALID_ACL'),
  )
  for (const id of ['a', 'a:', 'a:b:c', '']) {
    t.throws(() => fixUp([entry(1, 'digest', id)], [], known), new Refusal('INVALID_ACL'), id)
  }
  t.same(fixUp([entry(1, 'digest', ':b')], [], known), [entry(1, 'digest', ':b')])
})

t.test('masked: hashes only', async t => {
  t.same(masked([entry(1, 'digest', 'ben:ha:sh\nx'), entry(1, 'ip', '::1')]), [
    entry(1, 'digest', 'ben:x'),
    entry(1, 'ip', '::1'),
  ])
})
