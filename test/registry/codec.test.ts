// The data of nodes: encoding, decoding and comparing, value by value.
import { Buffer } from 'node:buffer'
import type { NodeData } from '../../src/registry/codec.ts'
import { decode, encode, holds } from '../../src/registry/codec.ts'
import { envelopeNow } from '../../src/registry/envelope.ts'
import { t } from '../tap.ts'
import { envelope, HEAD, read } from './codec-support.ts'

const encoded = (data: NodeData): string => Buffer.from(encode(data, envelope)).toString('latin1')

t.test('N21, N22: encode: the bytes of the Python package', async t => {
  const table: readonly (readonly [NodeData, string])[] = [
    [null, `${HEAD}}`],
    [undefined, `${HEAD}}`],
    [{}, `${HEAD}}`],
    ['', `${HEAD},"string_value":""}`],
    ['text', `${HEAD},"string_value":"text"}`],
    [{ b: 1, a: 2 }, `${HEAD},"b":1,"a":2}`],
    [{ a: [1, 'x', null, true], o: { k: {} } }, `${HEAD},"a":[1,"x",null,true],"o":{"k":{}}}`],
    [{ pid: 'mine' }, '{"pid":"mine","created":"2020-01-02 03:04:05"}'],
    [{ x: 1, created: null }, '{"pid":7,"created":null,"x":1}'],
    [{ 80: 'a', x: 'b' }, `${HEAD},"80":"a","x":"b"}`],
    [{ 'sch\u00f6n': '\u20ac' }, `${HEAD},"sch\\u00f6n":"\\u20ac"}`],
    ['\u{1f600}', `${HEAD},"string_value":"\\ud83d\\ude00"}`],
    ['\ud800', `${HEAD},"string_value":"\\ud800"}`],
    ['\u007f\u0080\uffff', `${HEAD},"string_value":"\\u007f\\u0080\\uffff"}`],
    ['\b\f\n\r\t\u0001\u001f', `${HEAD},"string_value":"\\b\\f\\n\\r\\t\\u0001\\u001f"}`],
    ['"\\/', `${HEAD},"string_value":"\\"\\\\/"}`],
    [{ u: undefined, n: 1.5, big: 2 ** 53 }, `${HEAD},"n":1.5,"big":9007199254740992}`],
    [JSON.parse('{"__proto__":1}'), `${HEAD},"__proto__":1}`],
  ]
  for (const [data, bytes] of table) t.equal(encoded(data), bytes)
})

t.test('N21: encode: process and local time', async t => {
  t.same(envelopeNow(new Date(2001, 1, 3, 4, 5, 6)), { pid: process.pid, created: '2001-02-03 04:05:06' })
  t.match(Buffer.from(encode(null)).toString(), /^\{"pid":\d+,"created":"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d"\}$/)
})

t.test('N23: encode: without process and time, and a lone string as it is', async t => {
  const alone = (data: NodeData): string => Buffer.from(encode(data, null)).toString()
  t.equal(alone('sch\u00f6n {'), 'sch\u00f6n {')
  t.equal(alone({ string_value: 'text' }), 'text')
  t.equal(alone(''), '')
  t.equal(alone(null), '{}')
  t.equal(alone({ string_value: '\u00f6', n: 1 }), '{"string_value":"\\u00f6","n":1}')
  t.equal(alone({ string_value: 5 }), '{"string_value":5}')
  t.same(decode(encode('text', null)), { string_value: 'text' })
})

t.test('N24: encode: what has no JSON is a typed error', async t => {
  const circle: Record<string, unknown> = {}
  circle.self = circle
  const deep = JSON.parse(`{"a":${'['.repeat(100_000)}${']'.repeat(100_000)}}`)
  const bad: unknown[] = [
    5,
    true,
    5n,
    [],
    new Uint8Array(2),
    Buffer.from('x'),
    new Date(),
    Symbol('x'),
    () => {},
  ]
  for (const data of [
    ...bad,
    { n: Number.NaN },
    { n: [Number.POSITIVE_INFINITY] },
    { toJSON: () => 'x' },
    { a: { toJSON: () => 'x' } },
    new Map([['a', 1]]),
    new Set([1]),
    Promise.resolve(1),
    new URL('http://localhost'),
    { a: () => 1 },
    { a: Symbol('x') },
    { a: [new Map()] },
    circle,
    deep,
  ]) {
    t.throws(() => encode(data as NodeData), { name: 'ServiceRegistryError', code: 'INVALID_DATA' })
  }
})

t.test('encode: integers beyond a double go out as they came in', async t => {
  const data = { n: 12345678901234567890n, list: [-9007199254740993n] }
  const text = Buffer.from(encode(data, { pid: 1, created: 'x' })).toString()
  t.equal(text, '{"pid":1,"created":"x","n":12345678901234567890,"list":[-9007199254740993]}')
  t.strictSame(decode(Buffer.from(text)), { pid: 1, created: 'x', ...data })
})

t.test('encode: a key without a value is left out, and cannot take the envelope away', async t => {
  const bytes = encode({ pid: undefined, a: undefined, b: 1 }, { pid: 1, created: 'x' })
  t.equal(Buffer.from(bytes).toString(), '{"pid":1,"created":"x","b":1}')
})

t.test('N25, N28: decode: objects are parsed, everything else is text', async t => {
  const table: readonly (readonly [string, unknown])[] = [
    ['', null],
    [' ', {}],
    [' \t\n\u000b\f\r', {}],
    ['{}', {}],
    [' \n{"a":1}\r\n', { a: 1 }],
    ['\u000b{"a":1}\f', { a: 1 }],
    ['{"a":1,"a":2}', { a: 2 }],
    ['{"a":1', { string_value: '{"a":1' }],
    ['{a:1}', { string_value: '{a:1}' }],
    ['{"a":1,}', { string_value: '{"a":1,}' }],
    ['{}{}', { string_value: '{}{}' }],
    ['[1]', { string_value: '[1]' }],
    ['"x"', { string_value: '"x"' }],
    ['5', { string_value: '5' }],
    ['null', { string_value: 'null' }],
    ['  two words ', { string_value: 'two words' }],
    ['\ufeff{"a":1}', { string_value: '\ufeff{"a":1}' }],
    ['\u00a0x\u00a0', { string_value: '\u00a0x\u00a0' }],
    ['\u0085x', { string_value: '\u0085x' }],
    ['{"a":"\\u00e9 \u00e9"}', { a: '\u00e9 \u00e9' }],
    ['{"a":"line\nbreak"}', { string_value: '{"a":"line\nbreak"}' }],
  ]
  for (const [text, data] of table) t.strictSame(read(text), data, JSON.stringify(text))
  t.equal(decode(null), null)
})

t.test('N27: decode: NaN, infinities and integers that a double cannot hold', async t => {
  t.strictSame(read('{"a":NaN,"b":[Infinity,-Infinity],"c":"NaN"}'), {
    a: Number.NaN,
    b: [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY],
    c: 'NaN',
  })
  const numbers =
    '{"s":9007199254740991,"u":9007199254740993,"m":-12345678901234567890,"f":12345678901234567890.5}'
  t.strictSame(read(numbers), {
    s: 9007199254740991,
    u: 9007199254740993n,
    m: -12345678901234567890n,
    f: 12345678901234567e3,
  })
  t.strictSame(read('{"a":"12345678901234567890","12345678901234567890":"\\"NaN"}'), {
    a: '12345678901234567890',
    '12345678901234567890': '"NaN',
  })
  for (const text of [
    '{"a":NaNcy}',
    '{NaN:1}',
    '{"a":+Infinity}',
    '{"a":12345678901234567890x}',
    `{"a":${'9'.repeat(5000)}}`,
  ]) {
    t.strictSame(read(text), { string_value: text })
  }
})

t.test('N26: decode: bytes that are no UTF-8 stay readable', async t => {
  const table = [[0xff], [0xc3, 0x28], [0xed, 0xa0, 0x80], [0xc0, 0x80], [0x7b, 0xff, 0x7d]]
  for (const bytes of table) {
    const data = decode(Uint8Array.from([0x20, ...bytes, 0x0a]))
    t.strictSame(data, { string_value: Buffer.from(bytes).toString('latin1'), binary: true })
  }
})

t.test('decode: a view into a larger buffer', async t => {
  const whole = Buffer.from('xx{"a":1}yy')
  t.strictSame(decode(new Uint8Array(whole.buffer, whole.byteOffset + 2, 7)), { a: 1 })
})

t.test('decode: a megabyte made to hurt takes no time and no stack', async t => {
  const n = 500_000
  const hostile = [
    `{${'"\\'.repeat(n)}}`,
    `{"${'\\"'.repeat(n)}}`,
    `{"NaN${'\\"'.repeat(n)}}`,
    `{NaN ${'"\\'.repeat(n)}}`,
    `{${'{'.repeat(n)}${'}'.repeat(n)}}`,
    `{"a":${'['.repeat(n)}${']'.repeat(n)}}`,
    `{"a":NaN,"b":${'['.repeat(n)}${']'.repeat(n)}}`,
    `{"a":${'{"a":'.repeat(n / 5)}1${'}'.repeat(n / 5)}}`,
    `{"a":${'1'.repeat(n)}}`,
    `{"a":"${'NaN'.repeat(n / 3)}"}`,
    `{"a":[${'NaN,'.repeat(n / 4)}0]}`,
    `{"a":[${'12345678901234567890,'.repeat(n / 21)}0]}`,
    `{${' '.repeat(n)}`,
  ]
  for (const text of hostile) {
    const data = read(text)
    t.ok(typeof data === 'object' && data !== null)
    t.doesNotThrow(() => holds(data as never, { n: 1 }))
  }
})

t.test('holds compares what the caller says, and nothing else', async t => {
  const present = decode(encode({ a: 1, b: ['x'] }, envelope))
  t.equal(holds(present, { a: 1, b: ['x'] }), true)
  t.equal(holds(present, { b: ['x'], a: 1 }), true, 'in any order')
  t.equal(holds(present, { a: 1 }), false)
  t.equal(holds(present, { a: 1, b: ['x'], c: undefined }), true)
  t.equal(holds(present, { a: 1, b: ['x'], pid: 7 }), true)
  t.equal(holds(present, { a: 1, b: ['x'], pid: 8 }), false)
  t.equal(holds(present, { a: 1, b: ['x'], created: envelope.created }), true)
  t.equal(holds(null, null), false)
  t.equal(holds(decode(encode(null, envelope)), null), true)
  t.equal(holds(decode(encode(null, envelope)), ''), false)
  t.equal(holds(decode(Buffer.from('text')), 'text'), true)
  t.equal(holds(decode(Buffer.from('{"n":NaN}')), { n: 0 }), false)
  t.equal(holds(decode(Buffer.from('{"n":12345678901234567890}')), { n: 12345678901234567e3 }), false)
})
