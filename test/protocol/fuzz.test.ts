// Fuzzing: no bytes of a server crash a client, hang it, fill its memory or leave anything behind.
import { Buffer } from 'node:buffer'
import fc from 'fast-check'
import { FrameEncoder } from '../../protocol/frame.ts'
import type { Codec } from '../../protocol/jute/codec.ts'
import type { Operations } from '../../protocol/operations.ts'
import { operations } from '../../protocol/operations.ts'
import { replyHeader } from '../../protocol/records/headers.ts'
import { microtasks } from '../support/fake-clock.ts'
import { runs, share } from '../support/fuzz-runs.ts'
import type { Outcome } from '../support/outcome.ts'
import { codeOf, outcomeOf } from '../support/outcome.ts'
import type { World } from '../support/scripted-client.ts'
import { connectedWorld } from '../support/scripted-client.ts'
import type { ScriptedConnection, ScriptedRequest } from '../support/scripted-server.ts'
import { aStat } from '../support/scripted-server.ts'
import type { Test } from '../tap.ts'
import { t } from '../tap.ts'

const MIB = 1024 * 1024

const unhandled: unknown[] = []
const note = (reason: unknown): void => {
  unhandled.push(reason)
}
process.on('unhandledRejection', note)
process.on('uncaughtException', note)
t.teardown(() => {
  process.off('unhandledRejection', note)
  process.off('uncaughtException', note)
})

/** What happens to the bytes of a server on their way. */
type Damage =
  | { readonly kind: 'flip'; readonly at: number; readonly bit: number }
  | { readonly kind: 'int'; readonly at: number; readonly value: number }
  | { readonly kind: 'remove' | 'repeat'; readonly at: number; readonly length: number }
  | { readonly kind: 'end'; readonly at: number }

const hostile = fc.constantFrom(-1, -2, -(2 ** 31), 0, 1, 2 ** 31 - 1, 2 ** 30, 65_536, 65_537, 0x7275_6f6b)
const damage: fc.Arbitrary<Damage> = fc.oneof(
  fc.record({ kind: fc.constant('flip' as const), at: share, bit: fc.nat(7) }),
  fc.record({ kind: fc.constant('int' as const), at: share, value: hostile }),
  fc.record({
    kind: fc.constantFrom('remove' as const, 'repeat' as const),
    at: share,
    length: fc.integer({ min: 1, max: 40 }),
  }),
  fc.record({ kind: fc.constant('end' as const), at: share }),
)

function damaged(bytes: Buffer, what: Damage): Buffer {
  const at = Math.floor(what.at * bytes.length)
  const copy = Buffer.from(bytes)
  switch (what.kind) {
    case 'flip':
      copy.writeUInt8(copy.readUInt8(at) ^ (1 << what.bit), at)
      return copy
    case 'int':
      copy.writeInt32BE(what.value, Math.min(at, bytes.length - 4))
      return copy
    case 'remove':
      return Buffer.concat([copy.subarray(0, at), copy.subarray(at + what.length)])
    case 'repeat':
      return Buffer.concat([copy.subarray(0, at + what.length), copy.subarray(at)])
    default:
      return copy.subarray(0, at)
  }
}

function allDamaged(bytes: Buffer, harms: readonly Damage[]): Buffer {
  let rest = bytes
  for (const harm of harms) if (rest.length >= 4) rest = damaged(rest, harm)
  return rest
}

/** One of each call whose answer has a shape of its own. */
function calls({ zk }: World): Outcome<unknown>[] {
  return [
    zk.get('/a', { watch: () => {} }),
    zk.create('/b', 'x'),
    zk.getChildren('/c', { watch: () => {} }),
    zk.exists('/d', { watch: () => {} }),
    zk.transaction().create('/e').set('/f', 'y').check('/g').commit(),
    zk.multiRead([{ get: '/h' }, { children: '/i' }]),
    zk.getAcl('/j'),
    zk.whoAmI(),
    zk.getEphemerals(),
    zk.set('/k', null),
    zk.sync('/l'),
    zk.addAuth('digest', 'a:b'),
  ].map(promise => outcomeOf(promise as Promise<unknown>))
}

const bodies: Readonly<Record<string, unknown>> = {
  getData: { data: Buffer.from('some data'), stat: aStat },
  create: { path: '/b', stat: aStat },
  getChildren: { children: ['x', 'yy', 'zzz'], stat: aStat },
  exists: aStat,
  multi: { outcomes: [{ type: 'create', path: '/e', stat: aStat }, { type: 'delete' }, { type: 'check' }] },
  multiRead: { outcomes: [{ type: 'children', children: ['a'] }] },
  getACL: { acl: [{ perms: 31, id: { scheme: 'world', id: 'anyone' } }], stat: aStat },
  whoAmI: { clientInfo: [{ authScheme: 'ip', user: '127.0.0.1' }] },
  getEphemerals: { ephemerals: ['/x'] },
  setData: aStat,
  sync: { path: '/l' },
}

/** The bytes of a sound server: an answer to each request, with events and a ping in between. */
function answers(requests: readonly ScriptedRequest[]): Buffer {
  const encoder = new FrameEncoder()
  const frame = (xid: number, zxid: bigint, name?: keyof Operations): void => {
    const writer = encoder.begin()
    replyHeader.write(writer, { xid, zxid, err: 0 })
    if (xid === -1)
      writer.writeBytes(Buffer.from('00000003 00000003 00000002 2f61'.replaceAll(' ', ''), 'hex'))
    else if (name !== undefined)
      (operations[name].reply as Codec<unknown> | null)?.write(writer, bodies[name])
    encoder.end()
  }
  for (const [i, { xid, name }] of requests.entries()) {
    frame(xid, BigInt(200 + i), name as keyof Operations)
    if (i % 4 === 1) frame(-1, -1n)
    if (i % 4 === 2) frame(-2, 0n)
  }
  return Buffer.from(encoder.take().bytes)
}

/** On a connection of its own, every request is answered. */
async function worksAgain({ zk, clock, ensemble }: World, broken: ScriptedConnection): Promise<void> {
  if (ensemble.link === broken) broken.close()
  await clock.advance(30_000)
  const after = outcomeOf(zk.exists('/after'))
  await clock.settle()
  const { link } = ensemble
  // An answer may let more requests go.
  for (let answered = 0; answered < link.requests.length; await clock.settle()) {
    for (const request of link.requests.slice(answered)) {
      answered++
      if (request.name !== 'auth') link.reply(request, bodies[request.name])
    }
  }
  if (after.state !== 'resolved') throw new Error(`afterwards: ${codeOf(after)} (${zk.state})`)
}

/** The client settles every call, leaves nothing behind, and works again as soon as its server does. */
async function endures(t: Test, harms: readonly Damage[], chunk: number, hangUp: boolean): Promise<void> {
  const world = await connectedWorld(t, { maxResponseSize: 65_536, requestTimeout: 20_000 })
  const { zk, clock, ensemble } = world
  const outcomes = calls(world)
  await clock.settle()
  const { link } = ensemble
  const stream = allDamaged(answers(link.requests), harms)
  for (let i = 0; i < stream.length; i += chunk) link.raw(stream.subarray(i, i + chunk))
  await clock.settle()
  if (hangUp) link.close()
  await clock.advance(21_000)
  const open = outcomes.filter(({ state }) => state === 'pending').length
  if (open > 0) throw new Error(`${open} calls are not settled`)
  // A stray "authentication failed" ends the client for good: it is what the server said.
  if (zk.state !== 'authFailed') await worksAgain(world, link)
  const closing = outcomeOf(zk.close())
  await clock.advance(1000)
  if (closing.state !== 'resolved') throw new Error('close() does not end')
  if (clock.scheduled > 0) throw new Error(`${clock.scheduled} tasks are left`)
  await microtasks()
  if (unhandled.length > 0) throw new Error('unhandled', { cause: unhandled[0] })
}

t.test(
  'H3: fuzz: damaged bytes of a server never crash a client, hang it or leave anything behind',
  async t => {
    const any = fc.asyncProperty(
      fc.array(damage, { minLength: 1, maxLength: 3 }),
      fc.constantFrom(1, 7, 64, 100_000),
      fc.boolean(),
      (harms, chunk, hangUp) => endures(t, harms, chunk, hangUp),
    )
    await t.resolves(fc.assert(any, runs(350)))
  },
)

t.test(
  'H3: fuzz: a damaged answer to the handshake is a failed attempt or a session, and never the end',
  async t => {
    const any = fc.asyncProperty(fc.array(damage, { minLength: 1, maxLength: 2 }), async harms => {
      const world = await connectedWorld(t, { requestTimeout: 20_000 })
      const { zk, clock, ensemble } = world
      const sound = Buffer.from(
        '00000025 00000000 00002328 0000000000000101 00000010'.replaceAll(' ', ''),
        'hex',
      )
      const greeting = Buffer.concat([sound, Buffer.alloc(17)])
      let damages = 1
      ensemble.onHandshake = connection => {
        if (damages-- <= 0) return ensemble.admit(connection)
        connection.raw(allDamaged(greeting, harms))
      }
      ensemble.link.close()
      await clock.advance(40_000)
      const read = outcomeOf(zk.get('/a'))
      await clock.advance(20_100)
      const closing = outcomeOf(zk.close())
      await clock.advance(1000)
      await microtasks()
      return (
        read.state !== 'pending' &&
        closing.state === 'resolved' &&
        clock.scheduled === 0 &&
        unhandled.length === 0
      )
    })
    await t.resolves(fc.assert(any, runs(40)))
  },
)

t.test('H3: fuzz: hostile lengths and counts cost their own bytes and no more', async t => {
  const world = await connectedWorld(t, { maxResponseSize: MIB })
  const { zk, clock, ensemble } = world
  const claims: Readonly<Record<string, () => Promise<unknown>>> = {
    '7fffffff': () => zk.get('/a'),
    '80000000': () => zk.getEphemerals(),
    '7ffffffe': () => zk.getChildren('/a'),
    '3fffffff': () => zk.getAcl('/a'),
    '7fffffff00000000': () => zk.whoAmI(),
  }
  const before = process.memoryUsage()
  for (const [claim, call] of Object.entries(claims)) {
    const outcome = outcomeOf(call())
    await clock.settle()
    const { xid } = ensemble.link.requests.at(-1) as ScriptedRequest
    ensemble.link.frame(writer => {
      replyHeader.write(writer, { xid, zxid: 200n, err: 0 })
      writer.writeBytes(Buffer.from(claim, 'hex'))
    })
    await clock.advance(3000)
    // A negative count reads as an empty list, as in Java.
    t.equal(codeOf(outcome), claim === '80000000' ? 'resolved' : 'MARSHALLING_ERROR', claim)
  }
  const after = process.memoryUsage()
  const grown = after.arrayBuffers - before.arrayBuffers + Math.max(0, after.heapUsed - before.heapUsed)
  t.ok(grown < 16 * MIB, `${grown} bytes`)
})
