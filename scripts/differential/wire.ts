// From the requests of a program to frames, and from the bodies of replies to plain values.
import { Buffer } from 'node:buffer'
import type { JuteReader } from '../../protocol/jute/reader.ts'
import { JuteReader as Reader } from '../../protocol/jute/reader.ts'
import type { JuteWriter } from '../../protocol/jute/writer.ts'
import { JuteWriter as Writer } from '../../protocol/jute/writer.ts'
import { OpCode, Xid } from '../../protocol/opcodes.ts'
import { operations } from '../../protocol/operations.ts'
import { getChildrenReply } from '../../protocol/records/children.ts'
import { requestHeader } from '../../protocol/records/headers.ts'
import { pathReply, pathRequest, versionRequest } from '../../protocol/records/nodes.ts'
import { frameOf } from '../../test/conformance/raw-client.ts'
import type { Call, Field } from './program.ts'

/** A codec whose record is not known here. */
interface AnyCodec {
  write(writer: JuteWriter, value: never): void
  read(reader: JuteReader): unknown
}

interface Codecs {
  readonly request: AnyCodec | null
  readonly reply: AnyCodec | null
}

const codecs: ReadonlyMap<number, Codecs> = new Map<number, Codecs>([
  ...Object.values(operations).map(row => [row.opcode, row] as [number, Codecs]),
  [OpCode.create, { request: operations.create.request, reply: pathReply }],
  [OpCode.getChildren, { request: operations.getChildren.request, reply: getChildrenReply }],
  [OpCode.deleteContainer, { request: pathRequest, reply: null }],
  [OpCode.check, { request: versionRequest, reply: null }],
])

/** Where a program runs: its root znode, and the zxid that created it. */
export interface Ground {
  readonly root: string
  readonly zxid: bigint
}

const BYTES: readonly string[] = ['data', 'auth', 'token']
const ZXID = 'relativeZxid'
const LONGS: readonly string[] = ['curConfigId']

/** A zxid of a program on the wire. */
export function zxidOf(ground: Ground, relative: number): bigint {
  return relative < 0 ? 0n : ground.zxid + BigInt(relative)
}

/** The value as the codecs want it. */
function concrete(ground: Ground, value: Field, name: string): unknown {
  if (typeof value === 'string') {
    return BYTES.includes(name) ? Buffer.from(value) : value.replaceAll('~', ground.root)
  }
  if (typeof value === 'number' && name === ZXID) return zxidOf(ground, value)
  if (typeof value === 'number' && LONGS.includes(name)) return BigInt(value)
  if (Array.isArray(value)) return value.map(one => concrete(ground, one, name))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, concrete(ground, one, key)]))
}

export function callFrame(ground: Ground, call: Call, xid: number): Buffer {
  const body = new Writer()
  if (call.request !== null) {
    codecs.get(call.opcode)?.request?.write(body, concrete(ground, call.request, '') as never)
  }
  const { bytes } = body
  const kept = bytes.subarray(0, Math.max(0, bytes.length - (call.cut ?? 0)))
  return frameOf(writer => {
    requestHeader.write(writer, { xid: call.opcode === OpCode.ping ? Xid.ping : xid, opcode: call.opcode })
    writer.writeBytes(kept)
  })
}

/** What a body says. Bytes that nobody reads are told as well: they are a difference too. */
export function readBody(opcode: number, err: number, body: Buffer): unknown {
  const codec = err === 0 ? codecs.get(opcode)?.reply : null
  if (codec === null || codec === undefined) return body.length === 0 ? null : { bytes: body.toString('hex') }
  try {
    const reader = new Reader(body)
    const value = codec.read(reader)
    return reader.remaining === 0 ? value : { value, surplus: reader.remaining }
  } catch {
    return { bytes: body.toString('hex') }
  }
}
