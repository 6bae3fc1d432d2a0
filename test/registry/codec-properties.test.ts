// The data of nodes, at random: what is written is what is read, whatever it is.
import { Buffer } from 'node:buffer'
import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import type { NodeData } from '../../src/registry/codec.ts'
import { decode, encode, holds } from '../../src/registry/codec.ts'
import { encodeAs, holdsAs } from '../../src/registry/encoding.ts'
import { t } from '../tap.ts'
import { envelope, read } from './codec-support.ts'

t.test('properties', async t => {
  const keys = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.constantFrom('pid', 'created', '__proto__', '0', 'a'),
  )
  const strings = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.constantFrom('NaN', '\u0000ndsr:5', '\u0000ndsr:x', '1'.repeat(20), '{"a":NaN}', '"', '\\'),
  )
  const leaves = fc.oneof(
    strings,
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.boolean(),
    fc.constant(null),
  )
  const values = fc.letrec(tie => ({
    value: fc.oneof({ maxDepth: 3 }, leaves, fc.array(tie('value')), fc.dictionary(keys, tie('value'))),
  })).value
  const objects = fc.dictionary(keys, values)
  const data = fc.oneof(objects, strings, fc.constant(null)) as fc.Arbitrary<NodeData>
  t.doesNotThrow(() =>
    fc.assert(
      fc.property(data, fc.constantFrom('python', 'utc', 'none'), (x, encoding) => {
        const unicode = encoding !== 'none' || !/\p{Surrogate}/u.test(JSON.stringify(x))
        return !unicode || holdsAs(encodeAs(x, encoding), x, encoding)
      }),
    ),
  )
  t.doesNotThrow(() =>
    fc.assert(
      fc.property(data, x => {
        const bytes = encode(x, envelope)
        return holds(decode(bytes), x) && Buffer.from(bytes).every(byte => byte < 0x80)
      }),
      { numRuns: 2000 },
    ),
  )
  t.doesNotThrow(() =>
    fc.assert(
      fc.property(fc.uint8Array(), bytes => decode(bytes) !== undefined),
      { numRuns: 2000 },
    ),
  )
  const pieces = fc.constantFrom(
    '{',
    '}',
    '"',
    '\\',
    'NaN',
    '-Infinity',
    '[',
    ']',
    ':',
    ',',
    '1'.repeat(17),
    'a',
    ' ',
  )
  t.doesNotThrow(() =>
    fc.assert(
      fc.property(fc.array(pieces), parts => {
        const text = `{${parts.join('')}}`
        const decoded = read(text)
        let plain: unknown
        try {
          plain = JSON.parse(text)
        } catch {
          return typeof decoded === 'object' && decoded !== null
        }
        // What JSON.parse can read by itself is read the same way, but for big integers.
        return /\d{16}/.test(text) || isDeepStrictEqual(decoded, plain)
      }),
      { numRuns: 3000 },
    ),
  )
})
