// The Jute primitives: the bytes of each type, null and empty, and what the reader refuses.
import { Buffer } from 'node:buffer'
import fc from 'fast-check'
import { JuteError } from '../../../protocol/jute/error.ts'
import { JuteReader } from '../../../protocol/jute/reader.ts'
import { JuteWriter } from '../../../protocol/jute/writer.ts'
import { t } from '../../tap.ts'

function bytesOf(write: (writer: JuteWriter) => void): Buffer {
  const writer = new JuteWriter()
  write(writer)
  return Buffer.from(writer.bytes)
}

function readerOf(hex: string): JuteReader {
  return new JuteReader(Buffer.from(hex, 'hex'))
}

const primitives: readonly [what: string, write: (writer: JuteWriter) => void, hex: string][] = [
  ['boolean', w => w.writeBoolean(true), '01'],
  ['int', w => w.writeInt(-2), 'fffffffe'],
  ['long', w => w.writeLong(2n ** 62n), '4000000000000000'],
  ['negative long', w => w.writeLong(-1n), 'ffffffffffffffff'],
  ['long from a number', w => w.writeLongNumber(2 ** 40 + 5), '0000010000000005'],
  ['negative long from a number', w => w.writeLongNumber(-1), 'ffffffffffffffff'],
  ['string', w => w.writeString('/a'), '000000022f61'],
  ['empty string', w => w.writeString(''), '00000000'],
  ['null string', w => w.writeString(null), 'ffffffff'],
  ['astral character', w => w.writeString('\u{1f600}'), '00000004f09f9880'],
  ['lone surrogate, as U+FFFD', w => w.writeString('\ud800'), '00000003efbfbd'],
  ['buffer', w => w.writeBuffer(Buffer.from('hi')), '000000026869'],
  ['empty buffer', w => w.writeBuffer(new Uint8Array(0)), '00000000'],
  ['null buffer', w => w.writeBuffer(null), 'ffffffff'],
  ['vector', w => w.writeVector([1, 2], (v, item) => v.writeInt(item)), '000000020000000100000002'],
  ['empty vector', w => w.writeVector([], () => {}), '00000000'],
  ['null vector', w => w.writeVector(null, () => {}), 'ffffffff'],
]

t.test('jute: every primitive is big-endian and without padding', async t => {
  for (const [what, write, hex] of primitives) t.equal(bytesOf(write).toString('hex'), hex, what)
})

t.test('H28: jute: null is length -1 and not the same as empty', async t => {
  t.equal(readerOf('ffffffff').readBuffer(), null)
  t.strictSame(readerOf('00000000').readBuffer(), Buffer.alloc(0))
  t.equal(readerOf('ffffffff').readNullableString(), null)
  t.equal(readerOf('00000000').readNullableString(), '')
  t.equal(readerOf('ffffffff').readString(), '', 'where the protocol knows no null, it reads as empty')
})

t.test('jute: any byte but zero is true', async t => {
  t.equal(readerOf('00').readBoolean(), false)
  t.equal(readerOf('01').readBoolean(), true)
  t.equal(readerOf('ff').readBoolean(), true)
})

t.test('jute: a negative count of a vector reads as empty, as in Java', async t => {
  for (const count of ['ffffffff', 'fffffffe', '80000000', '00000000']) {
    t.strictSame(
      readerOf(count).readVector(reader => reader.readInt()),
      [],
    )
  }
})

t.test('jute: a hostile count or length costs no memory and is refused', async t => {
  t.throws(() => readerOf('7fffffff00000001').readVector(reader => reader.readInt()), JuteError)
  t.throws(() => readerOf('7fffffff61').readBuffer(), JuteError)
  t.throws(() => readerOf('7fffffff61').readString(), JuteError)
})

t.test('jute: a length below -1 is refused, and the error tells where', async t => {
  const reader = readerOf('00000001fffffffe')
  reader.readInt()
  t.throws(() => reader.readBuffer(), { name: 'JuteError', offset: 4, message: /negative buffer length -2/ })
  t.throws(() => readerOf('80000000').readString(), { message: /negative string length/ })
})

t.test('jute: bytes read are a copy, so that the chunk can be used again', async t => {
  const chunk = Buffer.from('000000026869', 'hex')
  const data = new JuteReader(chunk).readBuffer()
  chunk.fill(0)
  t.equal(Buffer.from(data ?? []).toString(), 'hi')
})

t.test('jute: a window keeps the reader inside its frame', async t => {
  const reader = new JuteReader()
  reader.attach(Buffer.from('0000000100000002', 'hex'))
  reader.window(4, 8)
  t.equal(reader.remaining, 4)
  t.equal(reader.readInt(), 2)
  t.equal(reader.offset, 4)
  reader.window(0, 4)
  t.equal(reader.readInt(), 1)
  t.throws(() => reader.readBoolean(), { name: 'JuteError', offset: 4, message: /0 left/ })
})

t.test('jute: an error tells where it is in the frame, wherever the frame lies in its chunk', async t => {
  const reader = new JuteReader()
  reader.attach(Buffer.from('eeeeeeee00000001fffffffe', 'hex'))
  reader.window(4, 12)
  reader.readInt()
  t.throws(() => reader.readBuffer(), { offset: 4, message: /negative buffer length -2 at byte 4/ })
  t.throws(() => reader.readInt(), { offset: 8, message: /4 bytes wanted, 0 left at byte 8/ })
})

t.test('jute: a reader takes plain Uint8Arrays that begin anywhere in their memory', async t => {
  const memory = new Uint8Array([9, 9, 0, 0, 0, 7])
  t.equal(new JuteReader(memory.subarray(2)).readInt(), 7)
})

t.test('H27: jute: property: longs survive, negative ones too', async t => {
  const long = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })
  fc.assert(fc.property(long, value => new JuteReader(bytesOf(w => w.writeLong(value))).readLong() === value))
  const number = fc.maxSafeInteger()
  fc.assert(
    fc.property(number, value => {
      const bytes = bytesOf(w => w.writeLongNumber(value))
      const same = new JuteReader(bytes).readLong() === BigInt(value)
      return same && new JuteReader(bytes).readLongNumber() === value
    }),
  )
  t.pass()
})

t.test('jute: property: strings survive, short and long, and lone surrogates become U+FFFD', async t => {
  const point = fc.oneof(fc.integer({ min: 0, max: 0xd7ff }), fc.integer({ min: 0xe000, max: 0x10ffff }))
  const ascii = fc.integer({ min: 0x20, max: 0x7e })
  // Around 40 characters the writer changes its way of encoding.
  const points = fc.oneof(fc.array(point, { maxLength: 90 }), fc.array(ascii, { maxLength: 45 }))
  const text = points.map(codes => String.fromCodePoint(...codes))
  fc.assert(
    fc.property(text, value => new JuteReader(bytesOf(w => w.writeString(value))).readString() === value),
  )
  const units = fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 60 })
  fc.assert(
    fc.property(units, codes => {
      const value = String.fromCharCode(...codes)
      const read = new JuteReader(bytesOf(w => w.writeString(value))).readString()
      return read === Buffer.from(value, 'utf8').toString('utf8')
    }),
  )
  t.pass()
})

t.test('jute: the six-byte form of Java for a surrogate pair is read, not refused', async t => {
  const read = readerOf('00000006eda0bdedb880').readString()
  t.match(read, /^\ufffd+$/)
})

t.test('H28: jute: property: buffers survive, null and empty apart', async t => {
  const data = fc.option(fc.uint8Array({ maxLength: 3000 }))
  fc.assert(
    fc.property(data, value => {
      const read = new JuteReader(bytesOf(w => w.writeBuffer(value))).readBuffer()
      return value === null ? read === null : read !== null && Buffer.compare(read, value) === 0
    }),
  )
  t.pass()
})

t.test('jute: the writer grows while keeping what was written', async t => {
  const writer = new JuteWriter(Buffer.allocUnsafeSlow(1))
  for (let i = 0; i < 1000; i++) writer.writeInt(i)
  const reader = new JuteReader(writer.bytes)
  for (let i = 0; i < 1000; i++) if (reader.readInt() !== i) t.fail(`int ${i} is damaged`)
  t.equal(reader.remaining, 0)
})

t.test('jute: the writer takes bytes of any length, and moves rarely what it has', async t => {
  const writer = new JuteWriter(Buffer.allocUnsafeSlow(16))
  const memory = new Set<ArrayBufferLike>()
  const part = Buffer.from('0123456789')
  for (let i = 0; i < 100_000; i++) {
    writer.writeBytes(part)
    memory.add(writer.bytes.buffer)
  }
  t.equal(writer.bytes.toString('latin1'), '0123456789'.repeat(100_000))
  t.ok(memory.size < 20, `moved ${memory.size} times for a million bytes`)
})

t.test('jute: what was written can be taken back and patched', async t => {
  const writer = new JuteWriter()
  writer.writeInt(1)
  const mark = writer.position
  writer.writeString('forget me')
  writer.rewind(mark)
  writer.patchInt(0, 7)
  t.equal(writer.bytes.toString('hex'), '00000007')
  t.equal(writer.capacity, 1024)
  writer.writeBuffer(Buffer.alloc(2000))
  t.ok(writer.capacity >= 2008, 'it grows with what is written')
})
