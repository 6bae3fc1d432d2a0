// The formats of instances: what is written comes back, the bytes of our own, and what is refused.
import assert from 'node:assert/strict'
import { Buffer } from 'node:buffer'
import fc from 'fast-check'
import { FORMAT_NAMES, formatOf } from '../../../src/registry/formats/by-name.ts'
import { curatorFormat } from '../../../src/registry/formats/curator.ts'
import { dualFormat } from '../../../src/registry/formats/dual.ts'
import { dubboFormat } from '../../../src/registry/formats/dubbo.ts'
import { ownFormat } from '../../../src/registry/formats/own.ts'
import { serverSetFormat } from '../../../src/registry/formats/server-set.ts'
import { springFormat } from '../../../src/registry/formats/spring.ts'
import { t } from '../../tap.ts'
import { inputs, NOW, nodeOf, payload, textOf, texts, thereAndBack } from './support.ts'

const sslPort = fc.integer({ min: 0, max: 65_535 })
const id = fc.stringMatching(/^[a-zA-Z0-9:_-]{1,20}$/)
const shard = fc.record({ shard: fc.nat(100) })

const CASES = [
  { format: ownFormat, input: inputs(payload, { sslPort }) },
  { format: curatorFormat, input: inputs(payload, { sslPort, id }) },
  { format: springFormat, input: inputs(texts, { sslPort, id }) },
  { format: serverSetFormat, input: inputs(texts, { attributes: shard }) },
  { format: dubboFormat, input: inputs(texts) },
  { format: dualFormat, input: inputs(payload, { sslPort }) },
] as const

for (const { format, input } of CASES) {
  t.test(`formats: ${format.name}: an instance comes back as it was written`, async t => {
    fc.assert(
      fc.property(input, given => {
        const { written, read } = thereAndBack(format, given)
        const { attributes: wrote, registeredAt: when, ...rest } = written
        const { attributes: got, registeredAt, ...same } = read
        assert.deepEqual(same, rest)
        if (format !== serverSetFormat) assert.equal(registeredAt, when)
        const { pid, status, ...others } = got
        assert.deepEqual(others, wrote)
        assert.ok(Object.isFrozen(read) && Object.isFrozen(read.data))
        assert.deepEqual(format.encode(read), format.encode(written))
      }),
      { numRuns: 200 },
    )
    t.pass('for 200 instances')
  })
}

t.test('formats: ndsr: the bytes are those of the Python package', async t => {
  const { written } = thereAndBack(ownFormat, { host: 'server1', port: 22, data: { type: 'sch\u00f6n' } })
  t.match(
    textOf(ownFormat.encode(written)),
    new RegExp(
      `^\\{"pid":${process.pid},"created":"2026-01-1\\d \\d\\d:00:00","type":"sch\\\\\\\\u00f6n"\\}$`.replace(
        '\\\\\\\\',
        '\\\\',
      ),
    ),
  )
  t.equal(ownFormat.nodeName(written), 'server1:22')
})

t.test('formats: ndsr: nodes without data, with a text, and names that are no host:port', async t => {
  const read = (node: string, data: string | null): unknown =>
    ownFormat.decode({ node, data: data === null ? null : Buffer.from(data), service: 's' })
  const blank = { weight: 1, zone: null, enabled: true, data: null, registeredAt: null }
  t.match(read('server1:22', null), { ...blank, id: 'server1:22', host: 'server1', port: 22 })
  t.match(read('server1', '{}'), { ...blank, host: 'server1', port: null })
  t.match(read('[::1]:80', 'text'), { host: '::1', port: 80, data: { string_value: 'text' } })
  t.match(read('a:b:1', '{}'), { host: 'a:b:1', port: null })
  t.match(read('a:99999', '{}'), { host: 'a:99999', port: null })
  t.match(read('a:1', '{"enabled":"no","weight":"heavy","sslPort":"x"}'), {
    enabled: true,
    weight: 1,
    data: { enabled: 'no', weight: 'heavy', sslPort: 'x' },
  })
  const odd = '{"sslPort":-1,"load":NaN,"most":[Infinity],"toJSON":1}'
  const own = { sslPort: -1, load: Number.NaN, most: [Number.POSITIVE_INFINITY], toJSON: 1 }
  t.same((read('a:1', odd) as { data: unknown }).data, own, 'also what only Python writes')
  t.match(read('a:1', '{"created":"never","pid":"x"}'), { registeredAt: null, attributes: {} })
  t.throws(() => read('a b', null), { code: 'INVALID_INSTANCE' })
})

t.test('formats: hostile nodes are refused, and nothing else is thrown', async t => {
  const hostile = [
    null,
    '',
    'text',
    '[]',
    '5',
    '{}',
    '{"name":',
    '{"__proto__":{"host":"x"}}',
    `{"a":${'['.repeat(100_000)}${']'.repeat(100_000)}}`,
    'x'.repeat(3_000_000),
    `{"serviceEndpoint":{"host":${'"h"'},"port":"x"},"status":"ALIVE"}`,
    '{"name":"n","id":"i","address":{},"payload":1}',
    '\ufffd\u0000',
  ]
  const read = (name: string, node: string, data: Uint8Array | null): void => {
    const format = formatOf(name as (typeof FORMAT_NAMES)[number])
    try {
      const instance = format.decode({ node, data, service: 's' })
      assert.equal(typeof instance.host, 'string')
    } catch (error) {
      assert.equal((error as { code?: string }).code, 'INVALID_INSTANCE', name)
    }
  }
  for (const name of FORMAT_NAMES) {
    for (const data of hostile) read(name, 'h:1', data === null ? null : Buffer.from(data))
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), fc.uint8Array(), (node, bytes) => read(name, node, bytes)),
      { numRuns: 100 },
    )
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), fc.object(), (node, value) =>
        read(name, node, Buffer.from(JSON.stringify(value))),
      ),
      { numRuns: 100 },
    )
  }
  t.throws(() => curatorFormat.decode(nodeOf('x'.repeat(2_000_000))), { code: 'INVALID_INSTANCE' })
  t.throws(() => curatorFormat.decode(nodeOf('no JSON')), { code: 'INVALID_INSTANCE', message: /not JSON/ })
})

t.test('formats: what a caller says of an instance is checked', async t => {
  const bad = [
    null,
    {},
    { host: '' },
    { host: 'a/b' },
    { host: 'a b' },
    { host: 'h', port: 65_536 },
    { host: 'h', port: '80' },
    { host: 'h', port: 1, weight: -1 },
    { host: 'h', port: 1, weight: Number.NaN },
    { host: 'h', port: 1, enabled: 1 },
    { host: 'h', port: 1, zone: '' },
    { host: 'h', port: 1, registeredAt: new Date() },
    { host: 'h', port: 1, data: { f: () => {} } },
    { host: 'h', port: 1, data: new Map() },
    { host: 'h', port: 1, attributes: [] },
  ]
  for (const name of FORMAT_NAMES) {
    for (const input of bad) {
      t.throws(() => formatOf(name).complete(input as never, 's', NOW), { code: 'INVALID_DATA' }, name)
    }
  }
  const data = { list: [1] }
  const instance = ownFormat.complete({ host: 'h', data }, 's', NOW)
  data.list.push(2)
  t.same(instance.data, { list: [1] }, 'what the caller changes later changes no instance')
})

t.test('formats: by name, or one of your own', async t => {
  t.equal(formatOf(), ownFormat)
  for (const name of FORMAT_NAMES) t.equal(formatOf(name).name, name)
  const own = { ...ownFormat, name: 'mine' }
  t.equal(formatOf(own), own)
  for (const bad of ['nerve', 'toString', null, 5, {}, { decode: () => {} }]) {
    t.throws(() => formatOf(bad as never), { code: 'INVALID_OPTION' })
  }
})
