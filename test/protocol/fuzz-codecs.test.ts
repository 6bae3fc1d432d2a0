// Fuzzing: any record survives its codec, and no bytes crash a codec or the decoder of frames.
import { Buffer } from 'node:buffer'
import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { FrameDecoder } from '../../protocol/frame.ts'
import type { Codec } from '../../protocol/jute/codec.ts'
import { JuteReader } from '../../protocol/jute/reader.ts'
import { JuteWriter } from '../../protocol/jute/writer.ts'
import type { Operation, Operations } from '../../protocol/operations.ts'
import { operations } from '../../protocol/operations.ts'
import { arbitraries } from '../support/arbitraries.ts'
import { runs, share } from '../support/fuzz-runs.ts'
import { t } from '../tap.ts'

const MIB = 1024 * 1024

const names = Object.keys(operations) as (keyof Operations)[]

function encode<T>(codec: Codec<T> | null, value: T): Buffer {
  const writer = new JuteWriter(Buffer.alloc(16))
  codec?.write(writer, value)
  return Buffer.from(writer.bytes)
}

/** The value comes back, and its bytes are used up to the last. */
function survives<T>(codec: Codec<T> | null, value: T): boolean {
  if (codec === null) return value === undefined
  const reader = new JuteReader(encode(codec, value))
  return isDeepStrictEqual(codec.read(reader), value) && reader.remaining === 0
}

/** Bytes that end early are an error, not a value and not a crash. */
function noticesItsEnd<T>(codec: Codec<T> | null, value: T, share: number): boolean {
  const whole = encode(codec, value)
  if (codec === null || whole.length === 0) return true
  const cut = whole.subarray(0, Math.floor(share * whole.length))
  try {
    codec.read(new JuteReader(cut))
    // The one body that may be left out as a whole.
    return codec === operations.addWatch.reply && cut.length === 0
  } catch (error) {
    return (error as Error).name === 'JuteError'
  }
}

for (const name of names) {
  t.test(`H27, H28: fuzz: requests and replies of ${name} survive their codec`, async t => {
    const row = operations[name] as Operation<unknown, unknown>
    const { request, reply } = arbitraries[name]
    const sound = fc.property(request, reply, share, (asked, answered, cut) => {
      if (!survives(row.request, asked) || !survives(row.reply, answered)) return false
      return noticesItsEnd(row.request, asked, cut) && noticesItsEnd(row.reply, answered, cut)
    })
    t.doesNotThrow(() => fc.assert(sound, runs(60)))
  })
}

t.test('fuzz: any bytes are a value or a JuteError to every codec, soon', async t => {
  const codecs = names.flatMap(name => [operations[name].request, operations[name].reply])
  const read = (codec: Codec<unknown> | null, bytes: Uint8Array): boolean => {
    try {
      codec?.read(new JuteReader(bytes))
      return true
    } catch (error) {
      return (error as Error).name === 'JuteError'
    }
  }
  const any = fc.property(fc.uint8Array({ maxLength: 300 }), bytes =>
    codecs.every(codec => read(codec as Codec<unknown> | null, bytes)),
  )
  t.doesNotThrow(() => fc.assert(any, runs(200)))
})

t.test('fuzz: a decoder holds one frame at most, however its bytes come', async t => {
  const any = fc.property(
    fc.array(fc.integer({ min: 0, max: 300 }), { minLength: 1, maxLength: 200 }),
    fc.array(fc.integer({ min: 1, max: 2000 }), { minLength: 1, maxLength: 10 }),
    (sizes, chunks) => {
      const stream = Buffer.concat(sizes.map(size => frameOf(size)))
      const found: number[] = []
      const decoder = new FrameDecoder(300, frame => found.push(frame.remaining))
      for (let at = 0, i = 0; at < stream.length; i++) {
        const end = at + (chunks[i % chunks.length] as number)
        decoder.push(stream.subarray(at, end))
        at = end
      }
      return isDeepStrictEqual(found, sizes)
    },
  )
  t.doesNotThrow(() => fc.assert(any, runs(100)))
})

function frameOf(size: number): Buffer {
  const frame = Buffer.alloc(4 + size)
  frame.writeInt32BE(size)
  return frame
}

t.test('fuzz: a million frames pass the decoder, whole and split, and leave no memory behind', async t => {
  const PER_CHUNK = 1000
  const chunk = Buffer.concat(Array.from({ length: PER_CHUNK }, (_, i) => frameOf(i % 40)))
  let frames = 0
  let bytes = 0
  const decoder = new FrameDecoder(40, frame => {
    frames++
    bytes += frame.remaining
  })
  const before = process.memoryUsage().arrayBuffers
  for (let i = 0; i < 1000; i++) {
    const split = (i * 37) % chunk.length
    decoder.push(chunk.subarray(0, split))
    decoder.push(chunk.subarray(split))
  }
  t.equal(frames, 1_000_000)
  t.equal(bytes, (1000 * PER_CHUNK * 39) / 2)
  const grown = process.memoryUsage().arrayBuffers - before
  t.ok(grown < MIB, `${grown} bytes`)
})
