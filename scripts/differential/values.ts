// What programs are made of: few paths, so that commands meet, and the values that servers trip over.
import fc from 'fast-check'
import type { Field, Fields } from './program.ts'

/** Ordinary objects, which is what JSON makes. */
export function record<T extends Fields>(
  model: {
    [Key in keyof T]: fc.Arbitrary<T[Key]>
  },
): fc.Arbitrary<T> {
  return fc.record(model, { noNullPrototype: true }) as fc.Arbitrary<T>
}

const LIVELY = ['~/a', '~/b', '~/a/b', '~/a/c', '~/b/a', '~/a/b/c', '~'] as const
const COUNTED = ['~/a/n0000000000', '~/a/n0000000001', '~/n0000000000', '~/b/0000000001'] as const
const QUOTA = ['/zookeeper/quota~', '/zookeeper/quota~/zookeeper_limits']
/** Only created, which fills it: wrong numbers in it are the end of a ZooKeeper. */
const QUOTA_STATS = '/zookeeper/quota~/zookeeper_stats'
const QUOTA_BELOW = ['/zookeeper/quota~/a', '/zookeeper/quota~/a/zookeeper_limits']
const ODD = [
  '',
  'a',
  '~/',
  '~/a/',
  '~//a',
  '~/a//b',
  '~/.',
  '~/..',
  '~/a/./b',
  '~/a/..',
  '~/...',
  '~/\0',
  '~/a\0b',
  '~/\u0001',
  '~/\u001f',
  '~/ ',
  '~/\u007f',
  '~/\u009f',
  '~/\u00a0',
  '~/é',
  '~/\ue000',
  '~/\uf8ff',
  '~/\uffef',
  '~/\ufff0',
  '~/ab',
  null,
]
/** Others live there too: these are read, never changed. */
const SYSTEM = ['/', '/zookeeper', '/zookeeper/config', '/zookeeper/quota', '/none']

export const livelyPath: fc.Arbitrary<string> = fc.oneof(
  { weight: 12, arbitrary: fc.constantFrom(...LIVELY) },
  { weight: 1, arbitrary: fc.constantFrom(...COUNTED) },
)

/** For writes. */
export const ownPath: fc.Arbitrary<string | null> = fc.oneof(
  { weight: 20, arbitrary: livelyPath },
  { weight: 1, arbitrary: fc.constantFrom(...QUOTA, ...QUOTA_BELOW) },
  { weight: 2, arbitrary: fc.constantFrom(...ODD) },
)

/** For reads and watches. */
export const anyPath: fc.Arbitrary<string | null> = fc.oneof(
  { weight: 20, arbitrary: ownPath },
  { weight: 1, arbitrary: fc.constantFrom(...SYSTEM) },
)

/** To create: also the beginning of a sequential name. */
export const newPath: fc.Arbitrary<string | null> = fc.oneof(
  { weight: 8, arbitrary: ownPath },
  { weight: 2, arbitrary: fc.constantFrom('~/n', '~/a/n', '~/b/', '~/a/-', QUOTA_STATS) },
)

const LIMITS = [
  'count=3,bytes=9',
  'count=-1,bytes=-1=;byteHardLimit=8;countHardLimit=3',
  'count=1',
  'no limits',
]

export const data: fc.Arbitrary<string | null> = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom('x', 'yy', 'longer than the others', null, '') },
  { weight: 1, arbitrary: fc.constantFrom(...LIMITS) },
)

export const version: fc.Arbitrary<number> = fc.oneof(
  { weight: 3, arbitrary: fc.constant(-1) },
  { weight: 3, arbitrary: fc.constantFrom(0, 1, 2) },
  { weight: 1, arbitrary: fc.constantFrom(99, -2, -(2 ** 31)) },
)

/** Users with their passwords, and the ids that a server makes of them. */
export const SUPER = { login: 'super:test', digest: 'super:D/InIHSb7yEEbrWz8b9l71RjZJU=' } as const
export const LOGINS: readonly string[] = [
  'ben:passwd',
  'super:test',
  'super:wrong',
  'ann:',
  'nobody',
  '',
  'a:b:c',
]
const DIGESTS = ['ben:GnIFqmuceuc/72KWrVhTHjDv9u4=', SUPER.digest, 'ann:x'] as const

const goodEntry = fc.oneof(
  { weight: 6, arbitrary: who('world', 'anyone') },
  { weight: 4, arbitrary: who('digest', ...DIGESTS) },
  { weight: 3, arbitrary: who('auth', '', 'whoever') },
  {
    weight: 2,
    arbitrary: who('ip', '127.0.0.1', '127.0.0.0/8', '10.0.0.1', '::1', '0.0.0.0/0', '127.0.0.1/32'),
  },
)
const badEntry = fc.oneof(
  who('world', 'someone', ''),
  who('digest', '', 'ben', 'a:b:c', ':', 'a:', ':b', 'ben:x:'),
  who(
    'ip',
    '',
    '127.0.0.1/33',
    '1.2.3',
    '127.0.0.1/',
    'localhost',
    '127.0.0.1/-1',
    '127.0.0.1/8/8',
    '256.1.1.1',
  ),
  who('super', '', 'ben'),
  who('sasl', 'ben'),
  who('x509', 'CN=ben', ''),
  who('', ''),
  who('nobody', 'knows'),
)

function who(scheme: string, ...ids: string[]): fc.Arbitrary<Fields> {
  const id = record({ scheme: fc.constant(scheme), id: fc.constantFrom(...ids) })
  const perms = fc.oneof(
    { weight: 3, arbitrary: fc.constant(31) },
    { weight: 2, arbitrary: fc.integer({ min: 0, max: 31 }) },
    { weight: 1, arbitrary: fc.constantFrom(1, 30, 15, -1, 32) },
  )
  return record({ perms, id })
}

const OPEN: Field = [{ perms: 31, id: { scheme: 'world', id: 'anyone' } }]
const entries = fc.array(goodEntry, { minLength: 1, maxLength: 3 })

export const acl: fc.Arbitrary<Field> = fc.oneof(
  { weight: 12, arbitrary: fc.constant(OPEN) },
  { weight: 4, arbitrary: entries },
  { weight: 1, arbitrary: fc.tuple(entries, badEntry).map(([good, bad]) => [...good, bad]) },
  { weight: 1, arbitrary: entries.map(list => [...list, ...list]) },
  { weight: 1, arbitrary: fc.constantFrom<Field>([], null) },
)

/** Mostly open: for programs that are about something else. */
export const openAcl: fc.Arbitrary<Field> = fc.constant(OPEN)
