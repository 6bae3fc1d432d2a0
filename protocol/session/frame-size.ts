// How many bytes a request takes on the wire, told before it is sent.
import { JuteWriter } from '../jute/writer.ts'
import { requestHeader } from '../records/headers.ts'
import type { PendingRequest } from './pending-request.ts'

const LENGTH_BYTES = 4
/** A buffer that grew for a large request is not kept. */
const LARGEST_KEPT = 64 * 1024

let writer = new JuteWriter()

/** With its length field. A request that cannot be encoded counts as its header: it fails when its turn comes. */
export function frameSizeOf({ xid, operation, request }: PendingRequest): number {
  writer.rewind(0)
  requestHeader.write(writer, { xid, opcode: operation.opcode })
  const header = writer.position
  try {
    operation.request?.write(writer, request)
    return LENGTH_BYTES + writer.position
  } catch {
    return LENGTH_BYTES + header
  } finally {
    if (writer.position > LARGEST_KEPT) writer = new JuteWriter()
  }
}
