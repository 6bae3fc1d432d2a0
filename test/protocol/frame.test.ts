// Frames: any chunking gives the same frames, hostile lengths end the stream, and buffers are used again.
import { Buffer } from 'node:buffer'
import fc from 'fast-check'
import { FrameDecoder, FrameEncoder, FrameError } from '../../protocol/frame.ts'
import type { JuteReader } from '../../protocol/jute/reader.ts'
import type { JuteWriter } from '../../protocol/jute/writer.ts'
import { t } from '../tap.ts'

function frameOf(content: Buffer): Buffer {
  const length = Buffer.alloc(4)
  length.writeInt32BE(content.length)
  return Buffer.concat([length, content])
}

function contentOf(frame: JuteReader): Buffer {
  const bytes: number[] = []
  while (frame.remaining > 0) bytes.push(frame.readBoolean() ? 1 : 0)
  return Buffer.from(bytes)
}

/** Sizes of the frames that the chunks give. */
function sizes(limit: number, chunks: readonly Buffer[]): number[] {
  const found: number[] = []
  const decoder = new FrameDecoder(limit, frame => found.push(frame.remaining))
  for (const chunk of chunks) decoder.push(chunk)
  return found
}

t.test('frames: several in one chunk, and one over several chunks', async t => {
  const stream = Buffer.concat([5, 0, 3].map(size => frameOf(Buffer.alloc(size))))
  t.strictSame(sizes(100, [stream]), [5, 0, 3])
  t.strictSame(
    sizes(
      100,
      [...stream].map(byte => Buffer.from([byte])),
    ),
    [5, 0, 3],
  )
  t.strictSame(sizes(100, [stream.subarray(0, 7), Buffer.alloc(0), stream.subarray(7)]), [5, 0, 3])
})

t.test('frames: property: every chunking gives the same contents', async t => {
  const contents = fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 8 })
  const cuts = fc.array(fc.nat({ max: 1700 }), { maxLength: 12 })
  fc.assert(
    fc.property(contents, cuts, (parts, positions) => {
      const stream = Buffer.concat(parts.map(part => frameOf(Buffer.from(part.map(byte => byte % 2)))))
      const sorted = [0, ...positions.map(cut => Math.min(cut, stream.length)), stream.length].sort(
        (a, b) => a - b,
      )
      const found: Buffer[] = []
      const decoder = new FrameDecoder(1000, frame => found.push(contentOf(frame)))
      for (let i = 1; i < sorted.length; i++) decoder.push(stream.subarray(sorted[i - 1], sorted[i]))
      const wanted = parts.map(part => Buffer.from(part.map(byte => byte % 2)))
      return found.length === wanted.length && found.every((bytes, i) => bytes.equals(wanted[i] as Buffer))
    }),
  )
  t.pass()
})

t.test('H3: frames: a length of exactly the limit is fine; one more, or a negative one, is not', async t => {
  t.strictSame(sizes(10, [frameOf(Buffer.alloc(10))]), [10])
  t.throws(() => sizes(10, [frameOf(Buffer.alloc(11))]), new FrameError(11, 10))
  t.throws(() => sizes(10, [Buffer.from('ffffffff', 'hex')]), { name: 'FrameError', length: -1, limit: 10 })
  t.throws(() => sizes(10, [Buffer.from('ruok')]), FrameError, 'text is a huge length')
})

t.test('H3: frames: a hostile length is noticed as soon as its fourth byte is there', async t => {
  const decoder = new FrameDecoder(10, () => t.fail('there is no frame'))
  for (const byte of [0x7f, 0xff, 0xff]) decoder.push(Buffer.from([byte]))
  t.throws(() => decoder.push(Buffer.from([0xff])), FrameError)
})

t.test('frames: whole frames in front of a hostile length are still delivered', async t => {
  const found: number[] = []
  const decoder = new FrameDecoder(10, frame => found.push(frame.remaining))
  const chunk = Buffer.concat([frameOf(Buffer.alloc(2)), Buffer.from('7fffffff', 'hex')])
  t.throws(() => decoder.push(chunk), FrameError)
  t.strictSame(found, [2])
})

t.test(
  'H30: frames: 5 MiB in single bytes, which would take hours if each cost a copy of the rest',
  async t => {
    const size = 5 * 1024 * 1024
    let content = 0
    const decoder = new FrameDecoder(size, frame => {
      content += frame.remaining
    })
    decoder.push(Buffer.from([0, 0x50, 0, 0]))
    const byte = Buffer.from([1])
    for (let i = 0; i < size; i++) decoder.push(byte)
    t.equal(content, size)
  },
)

t.test('frames: a claimed length takes no memory until its bytes come', async t => {
  const before = process.memoryUsage().arrayBuffers
  const decoders = [...Array(20).keys()].map(() => {
    const decoder = new FrameDecoder(2 ** 31 - 1, () => {})
    decoder.push(Buffer.from('7fffffff00', 'hex'))
    return decoder
  })
  const grown = process.memoryUsage().arrayBuffers - before
  t.ok(grown < 16 * 1024 * 1024, `${decoders.length} claims of 2 GiB took ${grown} bytes`)
})

t.test('frames: memory for a large frame grows with what has arrived of it', async t => {
  const before = process.memoryUsage().arrayBuffers
  const decoder = new FrameDecoder(2 ** 31 - 1, () => {})
  decoder.push(Buffer.from('7ffffffa', 'hex'))
  const part = Buffer.alloc(100_000)
  for (let i = 0; i < 10; i++) decoder.push(part)
  const grown = process.memoryUsage().arrayBuffers - before
  t.ok(grown < 32 * 1024 * 1024, `a million bytes of a claim of 2 GiB took ${grown}`)
})

/** The data of the frames that the chunks give. */
function dataOf(decodable: readonly Buffer[], chunkSize: number): Buffer[] {
  const stream = Buffer.concat(decodable.map(data => frameOf(frameOf(data))))
  const found: Buffer[] = []
  const decoder = new FrameDecoder(2 ** 30, frame => found.push(frame.readBuffer() as Buffer))
  // As a socket does that reads into the same memory again.
  const chunk = Buffer.alloc(chunkSize)
  for (let at = 0; at < stream.length; at += chunkSize) {
    const length = stream.copy(chunk, 0, at, at + chunkSize)
    decoder.push(chunk.subarray(0, length))
  }
  chunk.fill(0)
  return found
}

t.test('frames: large data is handed out where it was put together, in memory of its own', async t => {
  const sent = [1, 2, 3].map(i => Buffer.alloc(1024 * 1024 + i, i))
  const small = Buffer.from('small')
  for (const chunkSize of [1009, 65_536, 4 * 1024 * 1024]) {
    const got = dataOf([...sent, small, ...sent], chunkSize)
    t.ok(got.length === 7 && got.every((data, i) => data.equals([...sent, small, ...sent][i] as Buffer)))
    const [first, second] = got as [Buffer, Buffer]
    t.not(first.buffer, second.buffer)
    t.ok(first.buffer.byteLength <= first.length + 8, 'and as long as its frame')
    // What lies whole in a chunk, whose memory is used again, is a copy.
    if (chunkSize < first.length) t.equal(first.byteOffset, 8, 'in its place, behind two lengths')
    first.fill(9)
    t.ok(second.equals(sent[1] as Buffer), 'what one caller writes is seen by no other')
  }
})

t.test(
  'frames: small data keeps no large frame in memory, and a shared buffer is not handed out',
  async t => {
    const found: Buffer[] = []
    const decoder = new FrameDecoder(2 ** 30, frame => {
      while (frame.remaining > 0) found.push(frame.readBuffer() as Buffer)
    })
    const parts = [
      Buffer.from('small'),
      Buffer.alloc(80_000, 1),
      Buffer.alloc(80_000, 2),
      Buffer.alloc(9000, 3),
    ]
    const large = frameOf(Buffer.concat(parts.map(frameOf)))
    const medium = frameOf(frameOf(Buffer.alloc(40_000, 4)))
    for (const bytes of [large, medium, medium]) {
      decoder.push(bytes.subarray(0, 1000))
      decoder.push(bytes.subarray(1000))
    }
    // Small data shares what the runtime sets aside for small buffers, which is somewhat more than poolSize on Node 26.
    const pool = Buffer.allocUnsafe(1).buffer.byteLength
    for (const data of found) {
      const most = Math.max(pool, data.length)
      t.ok(data.buffer.byteLength <= most, `${data.length} bytes in ${data.buffer.byteLength}`)
    }
    t.strictSame(
      found.map(data => data.length),
      [5, 80_000, 80_000, 9000, 40_000, 40_000],
    )
    t.equal(found[4]?.[0], 4, 'the next frame of the buffer that is used again has not overwritten it')
  },
)

t.test('frames: stop() inside onFrame keeps the rest of the chunk back, and all later chunks', async t => {
  const stream = Buffer.concat([1, 2, 3].map(size => frameOf(Buffer.alloc(size))))
  for (const first of [stream.length, 3]) {
    const found: number[] = []
    const decoder: FrameDecoder = new FrameDecoder(100, frame => {
      found.push(frame.remaining)
      decoder.stop()
    })
    decoder.push(stream.subarray(0, first))
    decoder.push(stream.subarray(first))
    decoder.push(stream)
    t.strictSame(found, [1])
  }
})

t.test('frames: what comes behind stop() is not even looked at', async t => {
  const decoder: FrameDecoder = new FrameDecoder(100, () => decoder.stop())
  const hostile = Buffer.from('7fffffff', 'hex')
  t.doesNotThrow(() => decoder.push(Buffer.concat([frameOf(Buffer.alloc(1)), hostile])))
  t.doesNotThrow(() => decoder.push(hostile))
})

t.test('frames: what onFrame throws passes through', async t => {
  const decoder = new FrameDecoder(100, () => {
    throw new Error('unreadable')
  })
  t.throws(() => decoder.push(frameOf(Buffer.alloc(1))), { message: 'unreadable' })
})

t.test('frame encoder: many frames leave together', async t => {
  const encoder = new FrameEncoder()
  encoder.begin().writeInt(1)
  t.equal(encoder.end(), 4, 'end tells the length without its own field')
  encoder.begin().writeString('ab')
  encoder.end()
  t.equal(encoder.size, 18)
  t.equal(encoder.take().bytes.toString('hex'), '0000000400000001000000060000000261' + '62')
  t.equal(encoder.size, 0)
})

t.test('frame encoder: a frame can be taken back, before or after its end', async t => {
  const encoder = new FrameEncoder()
  encoder.begin().writeInt(1)
  encoder.end()
  encoder.begin().writeInt(2)
  encoder.cancel()
  encoder.begin().writeInt(3)
  encoder.end()
  encoder.cancel()
  t.equal(encoder.take().bytes.toString('hex'), '0000000400000001')
})

t.test('frame encoder: memory handed out stays as it is until it is given back', async t => {
  const encoder = new FrameEncoder()
  const write = (value: number): JuteWriter => {
    encoder.begin().writeInt(value)
    encoder.end()
    return encoder.take()
  }
  const first = write(1)
  const second = write(2)
  t.equal(first.bytes.readInt32BE(4), 1)
  t.equal(second.bytes.readInt32BE(4), 2)
  const memory = first.bytes.buffer
  encoder.recycle(first)
  write(3)
  t.equal(write(4).bytes.buffer, memory, 'then it is used again')
})

t.test('frame encoder: of many buffers that come back, two are kept', async t => {
  const encoder = new FrameEncoder()
  const next = (): JuteWriter => {
    encoder.begin().writeInt(1)
    encoder.end()
    return encoder.take()
  }
  const taken = Array.from({ length: 9 }, next)
  const known = new Set(taken.map(({ bytes }) => bytes.buffer))
  for (const writer of taken) encoder.recycle(writer)
  const again = Array.from({ length: 9 }, next).filter(({ bytes }) => known.has(bytes.buffer))
  t.equal(again.length, 2)
})

t.test('frame encoder: memory that one large frame made grow is not kept', async t => {
  const encoder = new FrameEncoder()
  encoder.begin().writeBuffer(Buffer.alloc(3 * 1024 * 1024))
  encoder.end()
  const large = encoder.take()
  const memory = large.bytes.buffer
  encoder.recycle(large)
  for (let i = 0; i < 3; i++) {
    encoder.begin().writeInt(i)
    encoder.end()
    t.not(encoder.take().bytes.buffer, memory)
  }
})

t.test('frame encoder: large data is followed by its last fields without being moved again', async t => {
  const encoder = new FrameEncoder()
  const size = 1024 * 1024 - 1000
  const writer = encoder.begin()
  writer.writeBuffer(Buffer.alloc(size))
  const memory = writer.bytes.buffer
  writer.writeInt(-1)
  encoder.end()
  const full = encoder.take()
  t.equal(full.bytes.buffer, memory)
  encoder.recycle(full)
  encoder.take().bytes
  encoder.begin().writeInt(1)
  encoder.end()
  t.equal(encoder.take().bytes.buffer, memory, 'and what a request of the usual limit needs is used again')
})
