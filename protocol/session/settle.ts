// Settles a request with its reply: the value, the error, and the watch that the reply arms.
import { serverErrors } from '../error-codes.ts'
import { PacketTooLargeError } from '../errors.ts'
import type { Codec } from '../jute/codec.ts'
import { JuteError } from '../jute/error.ts'
import type { JuteReader } from '../jute/reader.ts'
import type { WatchKind } from '../operations.ts'
import type { AddWatchRequest } from '../records/watches.ts'
import { AddWatchMode } from '../records/watches.ts'
import type { PendingRequest } from './pending-request.ts'
import type { WatchTable } from './watch-table.ts'

const NO_NODE = serverErrors.NO_NODE.number

/** `frame` stands behind the reply header. Throws, with the request settled, when the body cannot be read. */
export function settle(request: PendingRequest, err: number, frame: JuteReader, watches: WatchTable): void {
  if (request.progress === 'done') return
  const { operation } = request
  if (err !== 0) {
    // That there is no znode is an answer to exists, and one that can be watched.
    if (err !== NO_NODE || operation.watch !== 'exist') return request.refuse(err)
    arm(request, 'exist', watches)
    return request.resolve(null)
  }
  const value = operation.reply === null ? undefined : decode(request, operation.reply, frame)
  // Armed in the same turn as the answer: an event may be the very next frame.
  if (operation.watch !== null) arm(request, kindOf(request), watches)
  request.resolve(value)
}

/** The error of a request that could not be encoded, with what the caller knows it by. */
export function unsendable(error: unknown, { path, operation }: PendingRequest): unknown {
  if (!(error instanceof PacketTooLargeError)) return error
  return new PacketTooLargeError(error.size, error.limit, { path, operation: operation.name })
}

function arm({ watcher, serverPath }: PendingRequest, kind: WatchKind, watches: WatchTable): void {
  if (watcher !== null) watches.add(kind, serverPath, watcher)
}

/** The table of a watch whose request succeeded. */
function kindOf({ operation, request }: PendingRequest): WatchKind {
  if (operation.watch === 'mode') {
    return (request as AddWatchRequest).mode === AddWatchMode.persistent ? 'persistent' : 'recursive'
  }
  return operation.watch === 'child' ? 'child' : 'data'
}

/** A reply that cannot be read, or answers something else, settles its request before the connection is given up. */
function decode(request: PendingRequest, codec: Codec<unknown>, frame: JuteReader): unknown {
  try {
    const value = codec.read(frame)
    if (request.isAnswer?.(value) === false) {
      throw new JuteError(`the reply does not fit the ${request.operation.name}: it ends`, frame.offset)
    }
    return value
  } catch (error) {
    request.fail('MARSHALLING_ERROR', error)
    throw error
  }
}
