// Whole frames as they stand on the wire, from ZooKeeper's record definitions: written and read byte for byte.
import { Buffer } from 'node:buffer'
import { FrameDecoder, FrameEncoder } from '../../../protocol/frame.ts'
import type { Codec } from '../../../protocol/jute/codec.ts'
import type { JuteReader } from '../../../protocol/jute/reader.ts'
import type { JuteWriter } from '../../../protocol/jute/writer.ts'
import { OpCode, Xid } from '../../../protocol/opcodes.ts'
import { operations } from '../../../protocol/operations.ts'
import { connectRequest, connectResponse } from '../../../protocol/records/connect.ts'
import type { ReplyHeader, RequestHeader } from '../../../protocol/records/headers.ts'
import { replyHeader, requestHeader } from '../../../protocol/records/headers.ts'
import { multiReply } from '../../../protocol/records/multi.ts'
import { createRequest, pathReply } from '../../../protocol/records/nodes.ts'
import { watcherEvent } from '../../../protocol/records/watches.ts'
import { t } from '../../tap.ts'

interface Golden {
  readonly what: string
  readonly hex: string
  write(writer: JuteWriter): void
  read(reader: JuteReader): unknown
  readonly value: unknown
}

const zeros = '00'.repeat(16)

function bare<T>(what: string, hex: string, codec: Codec<T>, value: T): Golden {
  return { what, hex, value, write: writer => codec.write(writer, value), read: codec.read }
}

function behind<H, T>(
  head: Codec<H>,
  what: string,
  hex: string,
  header: H,
  codec: Codec<T> | null,
  body: T,
): Golden {
  return {
    what,
    hex,
    value: { header, body },
    write(writer) {
      head.write(writer, header)
      codec?.write(writer, body)
    },
    read: reader => ({ header: head.read(reader), body: codec?.read(reader) }),
  }
}

function request<T>(
  what: string,
  hex: string,
  header: RequestHeader,
  codec: Codec<T> | null,
  body: T,
): Golden {
  return behind(requestHeader, what, hex, header, codec, body)
}

function reply<T>(what: string, hex: string, header: ReplyHeader, codec: Codec<T> | null, body: T): Golden {
  return behind(replyHeader, what, hex, header, codec, body)
}

const goldens: Golden[] = [
  bare(
    'ConnectRequest for a new session',
    `0000002d 00000000 0000000000000000 00007530 0000000000000000 00000010 ${zeros} 00`,
    connectRequest,
    {
      protocolVersion: 0,
      lastZxidSeen: 0n,
      timeOut: 30_000,
      sessionId: 0n,
      passwd: Buffer.alloc(16),
      readOnly: false,
    },
  ),
  bare(
    'ConnectResponse',
    '00000025 00000000 00007530 0100000000000001 00000010 000102030405060708090a0b0c0d0e0f 00',
    connectResponse,
    {
      protocolVersion: 0,
      timeOut: 30_000,
      sessionId: 0x0100000000000001n,
      passwd: Buffer.from([...Array(16).keys()]),
      readOnly: false,
    },
  ),
  bare(
    'ConnectResponse for an expired session',
    `00000025 00000000 00000000 0000000000000000 00000010 ${zeros} 00`,
    connectResponse,
    { protocolVersion: 0, timeOut: 0, sessionId: 0n, passwd: Buffer.alloc(16), readOnly: false },
  ),
  request('ping', '00000008 fffffffe 0000000b', { xid: Xid.ping, opcode: OpCode.ping }, null, undefined),
  reply(
    'ping reply',
    '00000010 fffffffe 0000000000000005 00000000',
    { xid: -2, zxid: 5n, err: 0 },
    null,
    undefined,
  ),
  request(
    'auth',
    '0000001d fffffffc 00000064 00000000 00000006 646967657374 00000003 613a62',
    { xid: Xid.auth, opcode: OpCode.auth },
    operations.auth.request,
    { type: 0, scheme: 'digest', auth: Buffer.from('a:b') },
  ),
  reply(
    'auth accepted',
    '00000010 fffffffc 0000000000000000 00000000',
    { xid: -4, zxid: 0n, err: 0 },
    null,
    undefined,
  ),
  reply(
    'auth rejected',
    '00000010 fffffffc 0000000000000000 ffffff8d',
    { xid: -4, zxid: 0n, err: -115 },
    null,
    undefined,
  ),
  request(
    'closeSession',
    '00000008 00000009 fffffff5',
    { xid: 9, opcode: OpCode.closeSession },
    null,
    undefined,
  ),
  request(
    'getData with a watch',
    '0000000f 00000001 00000004 00000002 2f61 01',
    { xid: 1, opcode: OpCode.getData },
    operations.getData.request,
    { path: '/a', watch: true },
  ),
  request(
    'create',
    '00000033 00000002 00000001 00000002 2f61 00000002 6869 00000001 0000001f 00000005 776f726c64 ' +
      '00000006 616e796f6e65 00000000',
    { xid: 2, opcode: OpCode.create },
    createRequest,
    {
      path: '/a',
      data: Buffer.from('hi'),
      acl: [{ perms: 31, id: { scheme: 'world', id: 'anyone' } }],
      flags: 0,
    },
  ),
  reply(
    'create reply',
    '00000016 00000002 0000000000000002 00000000 00000002 2f61',
    { xid: 2, zxid: 2n, err: 0 },
    pathReply,
    {
      path: '/a',
    },
  ),
  reply(
    'NONODE',
    '00000010 00000001 0000000000000001 ffffff9b',
    { xid: 1, zxid: 1n, err: -101 },
    null,
    undefined,
  ),
  reply(
    'notification of a creation',
    '0000001e ffffffff 0000000000000002 00000000 00000001 00000003 00000002 2f61',
    { xid: Xid.notification, zxid: 2n, err: 0 },
    watcherEvent,
    { type: 1, state: 3, path: '/a' },
  ),
  reply(
    'notification of a change, before 3.9',
    '0000001e ffffffff ffffffffffffffff 00000000 00000003 00000003 00000002 2f61',
    { xid: Xid.notification, zxid: -1n, err: 0 },
    watcherEvent,
    { type: 3, state: 3, path: '/a' },
  ),
  request(
    'multi of check and delete',
    '00000037 00000003 0000000e 0000000d 00 ffffffff 00000002 2f61 00000000 00000002 00 ffffffff ' +
      '00000002 2f62 ffffffff ffffffff 01 ffffffff',
    { xid: 3, opcode: OpCode.multi },
    operations.multi.request,
    {
      operations: [
        { opcode: OpCode.check, request: { path: '/a', version: 0 } },
        { opcode: OpCode.delete, request: { path: '/b', version: -1 } },
      ],
    },
  ),
  reply(
    'multi reply',
    '0000002b 00000003 0000000000000007 00000000 0000000d 00 00000000 00000002 00 00000000 ffffffff 01 ffffffff',
    { xid: 3, zxid: 7n, err: 0 },
    multiReply,
    { outcomes: [{ type: 'check' }, { type: 'delete' }] },
  ),
  reply(
    'multi reply after BADVERSION',
    '00000033 00000003 0000000000000007 00000000 ffffffff 00 ffffff99 ffffff99 ffffffff 00 fffffffe fffffffe ' +
      'ffffffff 01 ffffffff',
    { xid: 3, zxid: 7n, err: 0 },
    multiReply,
    {
      outcomes: [
        { type: 'error', err: -103 },
        { type: 'error', err: -2 },
      ],
    },
  ),
  request(
    'setWatches',
    '00000022 fffffff8 00000065 0000000000000005 00000001 00000002 2f61 00000000 00000000',
    { xid: -8, opcode: OpCode.setWatches },
    operations.setWatches.request,
    { relativeZxid: 5n, dataWatches: ['/a'], existWatches: [], childWatches: [] },
  ),
  request(
    'addWatch, recursive',
    '00000012 00000004 0000006a 00000002 2f61 00000001',
    { xid: 4, opcode: OpCode.addWatch },
    operations.addWatch.request,
    { path: '/a', mode: 1 },
  ),
  reply(
    'addWatch reply',
    '00000014 00000004 0000000000000007 00000000 00000000',
    { xid: 4, zxid: 7n, err: 0 },
    operations.addWatch.reply,
    { err: 0 },
  ),
  reply(
    'reply to an unknown opcode',
    '00000010 00000005 ffffffffffffffff fffffffa',
    { xid: 5, zxid: -1n, err: -6 },
    null,
    undefined,
  ),
]

for (const { what, hex, value, write, read } of goldens) {
  const wire = Buffer.from(hex.replaceAll(' ', ''), 'hex')

  t.test(`golden frames: ${what}`, async t => {
    const encoder = new FrameEncoder()
    write(encoder.begin())
    encoder.end()
    t.equal(encoder.take().bytes.toString('hex'), wire.toString('hex'), 'written')

    const whole: unknown[] = []
    new FrameDecoder(1000, frame => whole.push(read(frame))).push(wire)
    t.strictSame(whole, [value], 'read in one piece')

    const slow: unknown[] = []
    const decoder = new FrameDecoder(1000, frame => slow.push(read(frame)))
    for (const byte of wire) decoder.push(Buffer.from([byte]))
    t.strictSame(slow, [value], 'read byte by byte')
  })
}
