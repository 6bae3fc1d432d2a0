// The forms of data that a caller can choose: with the time of the world, without an envelope, and raw.
import { Buffer } from 'node:buffer'
import type { NodeData } from '../../src/registry/codec.ts'
import type { Encoding } from '../../src/registry/encoding.ts'
import { callerPart, encodeAs, encodingOf, holdsAs } from '../../src/registry/encoding.ts'
import { withoutEnvelope } from '../../src/registry/envelope.ts'
import { fixedPid } from '../support/child.ts'
import { t } from '../tap.ts'
import { HEAD } from './codec-support.ts'

const utcHead =
  /^\{"pid":\d+,"created":"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)","created_utc":"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)"/
const form = (data: NodeData, encoding: Encoding): string => Buffer.from(encodeAs(data, encoding)).toString()
const stands = (present: string, data: NodeData, encoding: Encoding): boolean =>
  holdsAs(Buffer.from(present), data, encoding)

t.test('N21: utc: one key more, of the same moment, in front of those of the caller', async t => {
  const [head, local, utc] = utcHead.exec(form({ b: 1, 80: 'x' }, 'utc'))!
  t.equal(new Date(local!).getTime(), new Date(utc!).getTime())
  t.ok(Math.abs(Date.now() - new Date(utc!).getTime()) < 60_000)
  const { pid, created } = JSON.parse(`${head}}`)
  t.equal(form({ b: 1, 80: 'x' }, 'utc').slice(head.length), ',"80":"x","b":1}')
  t.equal(pid, process.pid)
  t.equal(created, local)
  t.match(form(null, 'utc'), utcHead)
  t.match(
    form({ created_utc: 'mine', a: 1 }, 'utc'),
    /^\{"pid":\d+,"created":"[^"]+","created_utc":"mine","a":1\}$/,
  )
  t.match(form({ a: 1, created_utc: 'mine' }, 'python'), /","a":1,"created_utc":"mine"\}$/)
  t.notMatch(form({ a: 1 }, 'python'), /created_utc/)
})

t.test('N21: utc: the time does not count, but that it is there does', async t => {
  const utc = '"created_utc":"2020-01-02T03:04:05Z"'
  t.equal(stands(`${HEAD},${utc},"a":1}`, { a: 1 }, 'utc'), true)
  t.equal(stands(`${HEAD},${utc},"a":1}`, { a: 2 }, 'utc'), false)
  t.equal(stands(`${HEAD},"a":1}`, { a: 1 }, 'utc'), false)
  t.equal(stands(`${HEAD},${utc}}`, { created_utc: '2020-01-02T03:04:05Z' }, 'utc'), true)
  t.equal(stands(`${HEAD},${utc}}`, { created_utc: '2021-01-02T03:04:05Z' }, 'utc'), false)
  t.equal(stands(`${HEAD},${utc},"a":1}`, { a: 1 }, 'python'), false, 'to Python it is a key like any other')
  t.same(callerPart(Buffer.from(`${HEAD},${utc},"a":1}`), 'utc'), { a: 1 })
  t.same(withoutEnvelope({ pid: 1, created: 'x', created_utc: '2020-01-02T03:04:05Z', a: 1 }), { a: 1 })
  t.same(withoutEnvelope({ created_utc: '2020-01-02T03:04:05Z' }), { created_utc: '2020-01-02T03:04:05Z' })
  t.same(withoutEnvelope({ pid: 1, created: 'x', created_utc: 5 }), { created_utc: 5 })
})

t.test(
  'N21: the pid is that of the process that writes, also after a fork within the second',
  { skip: fixedPid },
  async t => {
    const own = process.pid
    t.teardown(() => Object.defineProperty(process, 'pid', { value: own }))
    t.match(form(null, 'python'), new RegExp(`"pid":${own},`))
    Object.defineProperty(process, 'pid', { value: own + 1 })
    t.match(form(null, 'python'), new RegExp(`"pid":${own + 1},`))
  },
)

t.test('N23: without an envelope a lone string is its text, everything else its JSON', async t => {
  const table: readonly (readonly [NodeData, string])[] = [
    ['text', 'text'],
    [' sch\u00f6n \u{1f600}\n', ' sch\u00f6n \u{1f600}\n'],
    ['', ''],
    ['{"a":1}', '{"a":1}'],
    [{ string_value: 'text' }, 'text'],
    [{ string_value: 'text', a: undefined }, 'text'],
    [{ string_value: 'text', a: 1 }, '{"string_value":"text","a":1}'],
    [{ string_value: 5 }, '{"string_value":5}'],
    [null, '{}'],
    [{}, '{}'],
    [{ b: 'sch\u00f6n', 80: [1] }, '{"80":[1],"b":"sch\\u00f6n"}'],
    [{ pid: 1, created: 'x' }, '{"pid":1,"created":"x"}'],
  ]
  for (const [data, text] of table) {
    t.equal(form(data, 'none'), text)
    t.equal(stands(text, data, 'none'), true, `held: ${text}`)
    t.equal(form(callerPart(Buffer.from(text), 'none'), 'none'), text, `put back: ${text}`)
  }
  t.throws(() => encodeAs('\ud800', 'none'), { code: 'INVALID_DATA' })
  t.throws(() => encodeAs([] as never, 'none'), { code: 'INVALID_DATA' })
})

t.test('N23: without an envelope one that is there counts, and blanks do', async t => {
  t.equal(stands('{"b":1,"a":2}', { a: 2, b: 1 }, 'none'), true)
  t.equal(stands(`${HEAD},"a":1}`, { a: 1 }, 'none'), false)
  t.equal(stands(`${HEAD},"string_value":"text"}`, 'text', 'none'), false)
  t.equal(stands('text ', 'text', 'none'), false)
  t.equal(stands('{"a":1} ', '{"a":1}', 'none'), true, 'an object to all who read')
  t.equal(stands('', null, 'none'), false)
  t.equal(holdsAs(null, '', 'none'), false)
  const opaque = Buffer.from([0x78, 0xff])
  t.equal(holdsAs(opaque, { string_value: 'x\u00ff', binary: true }, 'none'), false)
  t.same(callerPart(Buffer.from('{"pid":1,"a":2}'), 'none'), { pid: 1, a: 2 })
  t.same(callerPart(Buffer.from('{"binary":true}'), 'none'), { binary: true })
  t.equal(callerPart(Buffer.from('{}'), 'none'), null)
})

t.test('N24: bytes go raw or not at all', async t => {
  const bytes = new Uint8Array([0, 0xff, 0x7b])
  for (const encoding of ['python', 'utc', 'none'] as const)
    t.throws(() => encodeAs(bytes, encoding), { code: 'INVALID_DATA', message: /raw/ })
  for (const data of ['text', {}, 5, [], new DataView(new ArrayBuffer(1)), new Uint16Array(1)])
    t.throws(() => encodeAs(data as never, 'raw'), { code: 'INVALID_DATA' })
  const written = encodeAs(bytes, 'raw')
  bytes[0] = 1
  t.same([...written], [0, 0xff, 0x7b], 'a copy')
  t.same([...encodeAs(Buffer.from('x'), 'raw')], [0x78])
  t.equal(encodeAs(null, 'raw').length, 0)
  t.equal(holdsAs(written, new Uint8Array([0, 0xff, 0x7b]), 'raw'), true)
  t.equal(holdsAs(Buffer.from('{"a":1 }'), Buffer.from('{"a":1}'), 'raw'), false)
  t.equal(holdsAs(new Uint8Array(0), null, 'raw'), true)
  t.same(callerPart(written, 'raw'), written)
})

t.test('N21, N23, N24: the options of a call', async t => {
  t.equal(encodingOf({}), undefined)
  t.equal(encodingOf({ envelope: 'utc' }), 'utc')
  t.equal(encodingOf({ raw: true }), 'raw')
  t.equal(encodingOf({ raw: false, envelope: 'none' }), 'none')
  for (const options of [
    { envelope: 'UTC' },
    { envelope: null },
    { raw: 1 },
    { raw: true, envelope: 'none' },
  ])
    t.throws(() => encodingOf(options as never), { code: 'INVALID_OPTION' })
})
