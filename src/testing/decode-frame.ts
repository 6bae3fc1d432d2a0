// What a frame says: its operation, its body in fields, its error by name. Secrets are left out.
import { serverErrors } from '../../protocol/error-codes.ts'
import type { Codec } from '../../protocol/jute/codec.ts'
import { JuteReader } from '../../protocol/jute/reader.ts'
import { OpCode, Xid } from '../../protocol/opcodes.ts'
import { operations } from '../../protocol/operations.ts'
import { getChildrenReply } from '../../protocol/records/children.ts'
import { connectRequest, connectResponse } from '../../protocol/records/connect.ts'
import { createRequest, pathReply, readRequest, versionRequest } from '../../protocol/records/nodes.ts'
import { watcherEvent } from '../../protocol/records/watches.ts'
import type { ProxiedFrame } from './conversation.ts'

/** What was said; `body` has the fields of the record (wire names), null without one. */
export interface DecodedFrame {
  /** Which connection of the proxy, from 0 in the order of acceptance. */
  readonly connection: number
  readonly direction: ProxiedFrame['direction']
  readonly kind: ProxiedFrame['kind'] | 'notification'
  /** Name of the operation, such as `getData`; `opcode 888` for an unknown one; null for a reply to nothing. */
  readonly operation: string | null
  readonly xid: number | null
  readonly zxid: bigint | null
  /** `OK`, the name of the error, or its number when it has no name; null for what is no reply. */
  readonly result: string | null
  readonly body: unknown
  /** Bytes of the whole frame. */
  readonly size: number
}

interface Shape {
  readonly name: string
  readonly request: Codec<unknown> | null
  readonly reply: Codec<unknown> | null
}

const LENGTH = 4
const REQUEST_HEADER = 8
const REPLY_HEADER = 16
/** Stands in the place of what must not be shown. */
const HIDDEN = '(hidden)'
const SECRET_FIELDS: ReadonlySet<string> = new Set(['passwd', 'auth', 'token'])

const shapes: ReadonlyMap<number, Shape> = new Map<number, Shape>([
  ...Object.values(operations).map(row => [row.opcode, row as Shape] as const),
  // Forms that our own client does not send.
  [
    OpCode.create,
    { name: 'create', request: createRequest as Codec<unknown>, reply: pathReply as Codec<unknown> },
  ],
  [OpCode.create2, { ...(operations.create as unknown as Shape), name: 'create2' }],
  [
    OpCode.getChildren,
    {
      name: 'getChildren',
      request: readRequest as Codec<unknown>,
      reply: getChildrenReply as Codec<unknown>,
    },
  ],
  [OpCode.getChildren2, { ...(operations.getChildren as unknown as Shape), name: 'getChildren2' }],
  [OpCode.check, { name: 'check', request: versionRequest as Codec<unknown>, reply: null }],
])

/** Decodes one frame as a `FaultProxy` shows it. Never throws: a body that cannot be read is `{ unreadable: message }`. */
export function decodeFrame(frame: ProxiedFrame): DecodedFrame {
  const base = { connection: frame.connection, direction: frame.direction, size: frame.bytes.length }
  const nothing = { operation: null, xid: null, zxid: null, result: null, body: null }
  switch (frame.kind) {
    case 'connect': {
      const codec = frame.direction === 'toServer' ? connectRequest : connectResponse
      return {
        ...base,
        ...nothing,
        kind: 'connect',
        body: bodyOf(frame.bytes, LENGTH, codec as Codec<unknown>),
      }
    }
    case 'request': {
      const shape = shapes.get(frame.opcode)
      const body = bodyOf(frame.bytes, LENGTH + REQUEST_HEADER, shape?.request ?? null)
      const operation = shape?.name ?? `opcode ${frame.opcode}`
      return { ...base, ...nothing, kind: 'request', operation, xid: frame.xid, body }
    }
    case 'reply':
      return { ...base, ...replyOf(frame) }
    case 'short':
      return { ...base, ...nothing, kind: 'short' }
  }
}

type ReplyParts = Omit<DecodedFrame, 'connection' | 'direction' | 'size'>

function replyOf(frame: ProxiedFrame & { readonly kind: 'reply' }): ReplyParts {
  const { bytes, xid, zxid, err, opcode } = frame
  const at = LENGTH + REPLY_HEADER
  if (xid === Xid.notification) {
    const body = bodyOf(bytes, at, watcherEvent as Codec<unknown>)
    return { kind: 'notification', operation: null, xid, zxid, result: null, body }
  }
  const shape = opcode === null ? undefined : shapes.get(opcode)
  const operation = opcode === null ? null : (shape?.name ?? `opcode ${opcode}`)
  const body = err === 0 ? bodyOf(bytes, at, shape?.reply ?? null) : null
  return { kind: 'reply', operation, xid, zxid, result: resultOf(err), body }
}

const names: ReadonlyMap<number, string> = new Map(
  Object.entries(serverErrors).map(([name, { number }]) => [number, name]),
)

function resultOf(err: number): string {
  return err === 0 ? 'OK' : (names.get(err) ?? String(err))
}

function bodyOf(bytes: Uint8Array, at: number, codec: Codec<unknown> | null): unknown {
  if (codec === null || bytes.length <= at) return null
  try {
    return withoutSecrets(codec.read(new JuteReader(bytes.subarray(at))))
  } catch (error) {
    return { unreadable: error instanceof Error ? error.message : String(error) }
  }
}

function withoutSecrets(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutSecrets)
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return value
  if ('scheme' in value && 'id' in value) return withoutHash(value)
  return Object.fromEntries(
    Object.entries(value).map(([name, field]) => [
      name,
      SECRET_FIELDS.has(name) ? HIDDEN : withoutSecrets(field),
    ]),
  )
}

/** The hash in a digest is as good as the password to whoever has the time to guess. */
function withoutHash({ scheme, id }: { readonly scheme: unknown; readonly id: unknown }): unknown {
  return { scheme, id: scheme === 'digest' ? String(id).replace(/:.*/s, `:${HIDDEN}`) : id }
}
