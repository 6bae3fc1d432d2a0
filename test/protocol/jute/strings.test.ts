// Vectors of strings, which are decoded by blocks: the same strings and the same errors as one by one.
import { Buffer } from 'node:buffer'
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { isDeepStrictEqual, promisify } from 'node:util'
import fc from 'fast-check'
import { JuteReader } from '../../../protocol/jute/reader.ts'
import { JuteWriter } from '../../../protocol/jute/writer.ts'
import { onNode, scriptArgs } from '../../support/child.ts'
import { t } from '../../tap.ts'

/** What a reader makes of the bytes, and where it stands then. */
type Reading =
  | { readonly strings: readonly string[]; readonly offset: number }
  | { readonly error: string; readonly at: number | undefined }

function readingOf(bytes: Uint8Array, read: (reader: JuteReader) => string[]): Reading {
  const reader = new JuteReader(bytes)
  try {
    return { strings: read(reader), offset: reader.offset }
  } catch (error) {
    return { error: String(error), at: (error as { offset?: number }).offset }
  }
}

const byBlocks = (reader: JuteReader): string[] => reader.readStrings()
const oneByOne = (reader: JuteReader): string[] => reader.readVector(one => one.readString())

function alike(bytes: Uint8Array): boolean {
  return isDeepStrictEqual(readingOf(bytes, byBlocks), readingOf(bytes, oneByOne))
}

function vectorOf(contents: readonly (Uint8Array | null)[]): Buffer {
  const writer = new JuteWriter()
  writer.writeVector(contents, (to, content) => to.writeBuffer(content))
  return Buffer.from(writer.bytes)
}

function stringsOf(strings: readonly (string | null)[]): Buffer {
  const writer = new JuteWriter()
  writer.writeVector(strings, (to, string) => to.writeString(string))
  return Buffer.from(writer.bytes)
}

const ascii = fc
  .array(fc.integer({ min: 0, max: 0x7f }), { maxLength: 30 })
  .map(codes => String.fromCharCode(...codes))
const name = fc.oneof(
  { weight: 12, arbitrary: ascii },
  { weight: 2, arbitrary: fc.string({ unit: 'grapheme', maxLength: 20 }) },
  // Around 127 bytes the length is no ASCII any more, and from 1020 on a string is longer than a block.
  { weight: 2, arbitrary: fc.integer({ min: 120, max: 135 }).map(length => 'l'.repeat(length)) },
  { weight: 1, arbitrary: fc.integer({ min: 1000, max: 1100 }).map(length => 'b'.repeat(length)) },
  { weight: 1, arbitrary: fc.constantFrom('', null, 'é', '\u{1f600}', '\ud800', 'a\udc00') },
)
const names = fc.oneof(fc.array(name, { maxLength: 150 }), fc.array(ascii, { maxLength: 400 }))

t.test('strings: property: what was written comes back, whatever is mixed', async t => {
  const comesBack = fc.property(names, list => {
    const { strings, offset } = readingOf(stringsOf(list), byBlocks) as { strings: string[]; offset: number }
    // A null reads as empty, and a lone surrogate was written as U+FFFD.
    const wanted = list.map(item => Buffer.from(item ?? '', 'utf8').toString('utf8'))
    return isDeepStrictEqual(strings, wanted) && offset === stringsOf(list).length
  })
  t.doesNotThrow(() => fc.assert(comesBack, { numRuns: 300 }))
})

t.test('strings: property: bytes that are no UTF-8 read as they do one by one', async t => {
  const byte = fc.constantFrom(0x00, 0x61, 0x7f, 0x80, 0xbf, 0xc3, 0xa9, 0xe2, 0x82, 0xac, 0xed, 0xf0, 0xff)
  const content = fc.option(fc.array(byte, { maxLength: 12 }).map(bytes => Uint8Array.from(bytes)))
  const same = fc.property(fc.array(content, { maxLength: 60 }), contents => alike(vectorOf(contents)))
  t.doesNotThrow(() => fc.assert(same, { numRuns: 500 }))
})

t.test('H3: strings: property: hostile lengths give the same strings or the same error', async t => {
  const hostile = fc.constantFrom(-1, -2, -(2 ** 31), 2 ** 31 - 1, 2 ** 30, 0, 1, 126, 127, 128, 1020, 70_000)
  const place = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })
  const harms = fc.array(fc.tuple(place, hostile), { minLength: 1, maxLength: 3 })
  const same = fc.property(names, harms, place, fc.boolean(), (list, values, end, cut) => {
    const bytes = stringsOf(list)
    for (const [at, value] of values) bytes.writeInt32BE(value, Math.floor(at * (bytes.length - 3)))
    return alike(cut ? bytes.subarray(0, 4 + Math.floor(end * (bytes.length - 4))) : bytes)
  })
  t.doesNotThrow(() => fc.assert(same, { numRuns: 500 }))
})

t.test('H3: strings: a count or a length that is not sound, behind strings that are', async t => {
  const sound = '000000016100000001620000000163000000016400000001'
  const read = (hex: string): Reading => readingOf(Buffer.from(hex, 'hex'), byBlocks)
  t.match(read(`7fffffff${sound}65`), { error: /JuteError: frame ends: 4 bytes wanted, 0 left/, at: 29 })
  t.match(read(`00000006${sound}65fffffffe`), { error: /negative string length -2/, at: 29 })
  t.match(read(`00000006${sound}657fffffff66`), { error: /2147483647 bytes wanted, 1 left/, at: 33 })
  t.match(read(`00000006${sound}65ffffffff`), { strings: ['a', 'b', 'c', 'd', 'e', ''] })
  for (const count of ['ffffffff', '80000000', '00000000'])
    t.strictSame(read(count), { strings: [], offset: 4 })
})

t.test('strings: a block ends with its frame, whatever lies behind', async t => {
  const bytes = stringsOf(['a', 'b', 'c', 'd', 'e', 'f'])
  const reader = new JuteReader()
  reader.attach(Buffer.concat([bytes, stringsOf(Array(300).fill('another frame'))]))
  reader.window(0, bytes.length)
  t.strictSame(reader.readStrings(), ['a', 'b', 'c', 'd', 'e', 'f'])
  t.equal(reader.remaining, 0)
  reader.window(0, bytes.length - 1)
  t.throws(() => reader.readStrings(), { name: 'JuteError' })
})

t.test('strings: a name that is kept keeps a small part of its listing in memory', async t => {
  if (!onNode) {
    t.pass('gc() is a flag of Node')
    return
  }
  const file = fileURLToPath(new URL('children/kept-names.ts', import.meta.url))
  const { stdout } = await promisify(execFile)(process.execPath, scriptArgs(file, [], ['--expose-gc']))
  const { each, listing } = JSON.parse(stdout) as { each: number; listing: number }
  t.ok(each < 4096, `${each} bytes for a name of a listing of ${listing}`)
})
