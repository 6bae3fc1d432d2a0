// A request that has to wait, encoded at once: in bytes of its own, to which only the xid is added when it is sent.
import { Buffer } from 'node:buffer'
import { PacketTooLargeError } from '../errors.ts'
import { LENGTH_BYTES } from '../frame.ts'
import { JuteWriter } from '../jute/writer.ts'
import type { PendingRequest } from './pending-request.ts'

const XID_BYTES = 4
/** A buffer that grew for a large request is not kept. */
const LARGEST_KEPT = 64 * 1024

let writer = new JuteWriter()

/** Opcode and body. Throws when the body cannot be encoded, and when its frame would be larger than `limit`. */
export function encodeAhead({ operation, request }: PendingRequest, limit: number): Buffer {
  writer.rewind(0)
  try {
    writer.writeInt(operation.opcode)
    operation.request?.write(writer, request)
    const length = XID_BYTES + writer.position
    if (length > limit) throw new PacketTooLargeError(length, limit)
    return Buffer.from(writer.bytes)
  } finally {
    if (writer.capacity > LARGEST_KEPT) writer = new JuteWriter()
  }
}

/** Bytes that it will take on the wire, with the length field. */
export function frameSizeOf(encoded: Buffer): number {
  return LENGTH_BYTES + XID_BYTES + encoded.length
}
