// Sessions: handshake, negotiation, resuming, taking over, expiry, closing. Section 5.
import { Buffer } from 'node:buffer'
import { JuteReader } from '../../protocol/jute/reader.ts'
import { OpCode } from '../../protocol/opcodes.ts'
import { operations } from '../../protocol/operations.ts'
import { connectResponse } from '../../protocol/records/connect.ts'
import { Permission } from '../../protocol/records/data.ts'
import { eventually } from '../support/eventually.ts'
import { t } from '../tap.ts'
import type { Place } from './both.ts'
import { acl, create, onBoth, read, tryRead, trySet } from './both.ts'
import { connectFrame, frameOf, RawLink, requestFrame } from './raw-client.ts'

t.jobs = 8
const TICK = 200
/** Far more than 20 ticks: these clients send no pings, and a slow machine shall not cost them their sessions. */
const LONG = 40_000
const test = onBoth({
  embedded: { tickTime: TICK, maxSessionTimeout: LONG },
  real: { tickTime: TICK, config: { maxSessionTimeout: String(LONG) } },
})

const expired = `${'00'.repeat(16)}00000010${'00'.repeat(16)}00`

const plain = onBoth()

plain('the timeout is held between 2 and 20 ticks', async (t, { open }) => {
  const tick = 2000
  for (const [asked, granted] of [
    [1, 2 * tick],
    [-5, 2 * tick],
    [12_345, 12_345],
    [1_000_000, 20 * tick],
  ] as const) {
    t.equal((await open({ timeOut: asked })).welcome.timeOut, granted)
  }
})

test('a session is resumed with its password, and renegotiated', async (t, { open, root }) => {
  const client = await open()
  const { sessionId, passwd } = client.welcome
  t.equal(passwd.length, 16)
  await create(client, `${root}/e`, { flags: 1 })
  client.link.destroy()
  const again = await open({ sessionId, passwd, timeOut: 30_000 })
  t.match(again.welcome, { sessionId, timeOut: 30_000 })
  t.same(again.welcome.passwd, passwd)
  t.equal((await tryRead(again, OpCode.exists, `${root}/e`)).err, 0)
})

test('a newer connection takes the session over', async (t, { open, root }) => {
  const client = await open()
  const { sessionId, passwd } = client.welcome
  await tryRead(client, OpCode.getData, root, true)
  const again = await open({ sessionId, passwd })
  await client.link.end()
  await trySet(again, root)
  t.same(again.heard, [], 'the watches went with the connection')
})

test('a stranger gets what an expired session gets, and still ends the other connection', async (t, {
  at,
  open,
}) => {
  const client = await open()
  const { sessionId, passwd } = client.welcome
  for (const request of [
    { sessionId, passwd: Buffer.alloc(16) },
    { sessionId: 12345n, passwd },
  ]) {
    const link = new RawLink(at)
    t.teardown(() => link.destroy())
    link.send(connectFrame(request))
    t.equal((await link.frame(0)).toString('hex'), expired)
    await link.end()
  }
  await client.link.end()
  t.equal((await open({ sessionId, passwd })).welcome.sessionId, sessionId, 'it lives')
})

test('a client that has seen more than the server is turned away without a word', async (t, { at }) => {
  const link = new RawLink(at)
  t.teardown(() => link.destroy())
  link.send(connectFrame({ lastZxidSeen: 0x7fff_ffff_ffff_ffffn }))
  await link.end()
  t.equal(link.frames.length, 0)
})

test('the read-only flag is echoed to those who send it', async (t, { at }) => {
  const link = new RawLink(at)
  t.teardown(() => link.destroy())
  const whole = connectFrame()
  const old = Buffer.from(whole.subarray(0, whole.length - 1))
  old.writeInt32BE(old.length - 4)
  link.send(old)
  t.equal((await link.frame(0)).length, 36)
  link.send(requestFrame(1, OpCode.ping))
  t.equal((await link.frame(1)).length, 16, 'and it can go on')
  const other = new RawLink(at)
  t.teardown(() => other.destroy())
  other.send(whole)
  t.equal((await other.frame(0)).length, 37)
})

test('a password may be null; a handshake may not be short', async (t, { at }) => {
  const link = new RawLink(at)
  t.teardown(() => link.destroy())
  link.send(
    frameOf(writer => {
      for (const value of [0, 0, 0, 4000, 0, 0, -1]) writer.writeInt(value)
      writer.writeBoolean(false)
    }),
  )
  t.match(connectResponse.read(new JuteReader(await link.frame(0))), { timeOut: 4000 })
  const short = new RawLink(at)
  t.teardown(() => short.destroy())
  short.send(frameOf(writer => writer.writeInt(0)))
  await short.end()
  t.equal(short.frames.length, 0)
})

test('requests may follow the handshake at once', async (t, { at, root, open }) => {
  const link = new RawLink(at)
  t.teardown(() => link.destroy())
  const exists = requestFrame(7, OpCode.exists, operations.exists.request, { path: '/', watch: false })
  const path = `${root}/late`
  const late = { path, data: null, acl: [acl(Permission.ALL)], flags: 0 }
  const create = requestFrame(9, OpCode.create2, operations.create.request, late)
  link.send(connectFrame(), exists, requestFrame(8, OpCode.closeSession), create)
  await link.end()
  t.equal(
    (await tryRead(await open(), OpCode.exists, path)).err,
    -101,
    'what follows the close has no effect',
  )
  t.equal(link.frames[1]!.readInt32BE(0), 7)
  t.equal(link.frames[2]!.toString('hex').slice(24), '00000000')
  t.equal(link.frames[2]!.length, 16)
})

test('a byte at a time is as good as all at once', async (t, { at }) => {
  const link = new RawLink(at)
  t.teardown(() => link.destroy())
  const bytes = Buffer.concat([connectFrame(), requestFrame(1, OpCode.ping)])
  for (let i = 0; i < bytes.length; i++) {
    link.send(bytes.subarray(i, i + 1))
    await new Promise(resolve => setImmediate(resolve))
  }
  t.equal((await link.frame(1)).length, 16)
})

test('8.2.7, 8.6.3: a silent session expires, with its ephemerals, in one transaction', async (t, {
  open,
  root,
}) => {
  const [witness, silent] = [await open(), await open()]
  const { sessionId, passwd } = silent.welcome
  await create(silent, `${root}/a`, { flags: 1 })
  await create(silent, `${root}/b`, { flags: 1 })
  await witness.call(OpCode.addWatch, operations.addWatch.request, { path: root, mode: 1 })
  // Only now is its time short.
  const again = await open({ sessionId, passwd, timeOut: 2 * TICK })
  t.equal(again.welcome.timeOut, 2 * TICK)
  await again.link.end()
  await eventually('both are gone', () => witness.events.length === 2)
  t.equal(new Set(witness.events.map(({ zxid }) => zxid)).size, 1)
  t.equal((await open({ sessionId, passwd })).welcome.timeOut, 0, 'expired')
})

interface Pinging {
  /** How long the server heard nothing at most, in milliseconds: what a machine that stands still does, too. */
  readonly silence: number
  readonly kept: boolean
}

/** A session with pings for three times its timeout. */
async function pingAlong(open: Place['open'], timeOut: number): Promise<Pinging> {
  let [silence, heard] = [0, performance.now()]
  const client = await open({ timeOut })
  const end = performance.now() + 3 * timeOut
  // The server heard of both, what was sent before and what is answered now, in between.
  const answered = async (send: () => Promise<unknown>): Promise<void> => {
    const sent = performance.now()
    await send()
    silence = Math.max(silence, performance.now() - heard)
    heard = sent
  }
  try {
    while (performance.now() < end) {
      await new Promise(resolve => setTimeout(resolve, timeOut / 8))
      await answered(() => {
        client.link.send(requestFrame(-2, OpCode.ping))
        return client.link.frame(client.link.frames.length)
      })
    }
    await answered(async () => read(operations.exists.reply!, await tryRead(client, OpCode.exists, '/')))
    return { silence, kept: true }
  } catch {
    return { silence: Math.max(silence, performance.now() - heard), kept: false }
  }
}

test('pings keep a session', async (t, { open }) => {
  let timeOut = 2 * TICK
  // A machine that stood still for too long proves nothing: then once more, and longer.
  const probe = async (): Promise<Pinging | null> => {
    timeOut *= 2
    const found = await pingAlong(open, timeOut)
    return found.silence < timeOut ? found : null
  }
  const { kept, silence } = await eventually('never silent for too long', probe, 120_000)
  t.ok(kept, `${silence} ms of silence at most, of ${timeOut}`)
})

test('8.6.10: getEphemerals: the own ones, by a prefix that is just text', async (t, { open, root }) => {
  const [client, other] = [await open(), await open()]
  for (const name of ['a', 'ab', 'b']) await create(client, `${root}/${name}`, { flags: 1 })
  await create(other, `${root}/other`, { flags: 1 })
  const list = async (prefixPath: string): Promise<string[]> => {
    const reply = await client.call(OpCode.getEphemerals, operations.getEphemerals.request, { prefixPath })
    return read(operations.getEphemerals.reply!, reply)
      .ephemerals.map(path => path.slice(root.length))
      .sort()
  }
  t.same(await list('/'), ['/a', '/ab', '/b'])
  t.same(await list(''), ['/a', '/ab', '/b'])
  t.same(await list(`${root}/a`), ['/a', '/ab'])
  t.same(await list('/none'), [])
})
