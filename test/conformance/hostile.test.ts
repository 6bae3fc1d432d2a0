// Clients that mean harm: whatever comes in, both servers answer alike, close the offender, and serve the others.
import { Buffer } from 'node:buffer'
import { connect } from 'node:net'
import fc from 'fast-check'
import { JuteWriter } from '../../protocol/jute/writer.ts'
import { Xid } from '../../protocol/opcodes.ts'
import { operations } from '../../protocol/operations.ts'
import { EmbeddedZooKeeper } from '../../src/embedded/index.ts'
import { arbitraries } from '../support/arbitraries.ts'
import { servers } from '../support/zookeeper.ts'
import { t } from '../tap.ts'
import type { RawReply } from './raw-client.ts'
import { connectFrame, RawClient } from './raw-client.ts'

/** The same cases in each run, unless FUZZ_SEED says otherwise; FUZZ_RUNS multiplies them. */
const TIMES = Number(process.env.FUZZ_RUNS ?? 1)
const seed = { seed: Number(process.env.FUZZ_SEED ?? 4) }
const XID = 7

const embedded = await EmbeddedZooKeeper.start({ ttl: false })
t.teardown(() => embedded.close())
const places = [embedded.connectString, await servers()] as const

/** One change of some bytes: cut, lengthened, or with a byte or a length replaced. */
type Change = (bytes: Buffer) => Buffer
const change: fc.Arbitrary<Change> = fc.oneof(
  fc.constant<Change>(bytes => bytes),
  fc
    .double({ min: 0, max: 1, noNaN: true })
    .map<Change>(share => bytes => bytes.subarray(0, bytes.length * share)),
  fc.uint8Array({ minLength: 1, maxLength: 20 }).map<Change>(more => bytes => Buffer.concat([bytes, more])),
  fc.tuple(fc.nat(200), fc.nat(255)).map<Change>(([at, byte]) => bytes => {
    const copy = Buffer.from(bytes)
    if (copy.length > 0) copy[at % copy.length] = byte
    return copy
  }),
  fc
    .tuple(fc.nat(200), fc.constantFrom(-1, -2, 0x7fff_ffff, 0xfffff, 0))
    .map<Change>(([at, length]) => bytes => {
      const copy = Buffer.from(bytes)
      if (copy.length >= 4) copy.writeInt32BE(length, at % (copy.length - 3))
      return copy
    }),
)

const request = fc.constantFrom(...(Object.keys(operations) as (keyof typeof operations)[])).chain(name =>
  arbitraries[name].request.map(value => {
    const writer = new JuteWriter()
    const { request: codec } = operations[name] as {
      request: { write(to: JuteWriter, value: unknown): void } | null
    }
    codec?.write(writer, value)
    return { name, opcode: operations[name].opcode as number, body: Buffer.from(writer.bytes) }
  }),
)

/** The error that a request is answered with; `closed` when it costs the connection. */
async function outcomeAt(at: string, opcode: number, body: Buffer): Promise<number | 'closed'> {
  const client = await RawClient.open(at)
  try {
    const header = Buffer.alloc(12)
    header.writeInt32BE(8 + body.length)
    header.writeInt32BE(XID, 4)
    header.writeInt32BE(opcode, 8)
    client.link.send(header, body)
    const reply = await client.link.until('the reply', () => {
      const found = client.received.find(({ xid }) => xid !== Xid.notification) as RawReply | undefined
      return found ?? (client.link.ended ? null : undefined)
    })
    // The answer to an unknown operation comes right before the end, and may be lost to it.
    return reply === null || reply.err === -6 ? 'closed' : reply.err
  } catch (error) {
    if (client.link.ended) return 'closed'
    throw error
  } finally {
    client.link.destroy()
  }
}

t.test(
  'hostile: requests that were tampered with get the same error from both',
  { timeout: 300_000 },
  async t => {
    await fc.assert(
      fc.asyncProperty(request, change, async ({ name, opcode, body }, tamper) => {
        const bytes = Buffer.from(tamper(body))
        const [ours, real] = await Promise.all(places.map(at => outcomeAt(at, opcode, bytes)))
        if (ours !== real)
          throw new Error(`${name} ${bytes.toString('hex')}: ${ours}, where ZooKeeper says ${real}`)
      }),
      { numRuns: 150 * TIMES, ...seed },
    )
    t.pass('alike')
  },
)

/** All that comes back until the server closes; the client shuts its side after the bytes. */
function answerTo(at: string, bytes: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const [host, port] = at.split(':')
    const socket = connect({ host: host!, port: Number(port) }, () => socket.end(bytes))
    const chunks: Buffer[] = []
    socket.on('data', chunk => chunks.push(chunk))
    // A server may reset what it does not want to read.
    socket.on('error', error => ('code' in error && error.code === 'ECONNRESET' ? undefined : reject(error)))
    socket.on('close', () => resolve(Buffer.concat(chunks)))
  })
}

/** What may differ is left out: session, password. A handshake that a server cut short may be answered or not. */
function shapeOf(answer: Buffer): string {
  return answer.length < 12 ? answer.toString('hex') : `${answer.length} ${answer.readInt32BE(8)}`
}

t.test('hostile: what is no handshake is closed without a word by both', { timeout: 300_000 }, async t => {
  const noise = fc.uint8Array({ maxLength: 300 }).map(bytes => Buffer.from(bytes))
  const handshake = change.map(tamper => Buffer.from(tamper(connectFrame())))
  const lengths = fc
    .tuple(fc.constantFrom(-1, -(2 ** 31), 0, 0x10_0000, 0x7fff_ffff), noise)
    .map(([length, rest]) => {
      const bytes = Buffer.concat([Buffer.alloc(4), rest])
      bytes.writeInt32BE(length)
      return bytes
    })
  await fc.assert(
    fc.asyncProperty(fc.oneof(noise, lengths), async bytes => {
      const [ours, real] = await Promise.all(places.map(at => answerTo(at, bytes)))
      if (shapeOf(ours!) !== shapeOf(real!))
        throw new Error(`${shapeOf(ours!)}, where ZooKeeper says ${shapeOf(real!)}`)
    }),
    { numRuns: 60 * TIMES, ...seed },
  )
  // A client that shuts its side may lose the answer to its handshake, so there is nothing to compare: only to survive.
  await fc.assert(
    fc.asyncProperty(handshake, async bytes => {
      await answerTo(embedded.connectString, bytes)
    }),
    { numRuns: 60 * TIMES, ...seed },
  )
  for (const at of places)
    t.ok((await RawClient.open(at)).welcome.sessionId !== 0n, 'the next client is served')
})
