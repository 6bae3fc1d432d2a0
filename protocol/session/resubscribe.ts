// The requests that re-arm the watches of a client on a new connection, in batches that a server takes.
import { Buffer } from 'node:buffer'
import type { WatchKind } from '../operations.ts'
import { operations } from '../operations.ts'
import type { SetWatches2 } from '../records/watches.ts'
import { logger } from '../support/log.ts'
import type { LastZxid } from './last-zxid.ts'
import { PendingRequest } from './pending-request.ts'
import type { Gap, WatchTable } from './watch-table.ts'

const log = logger('session')

/** Far below jute.maxbuffer (ZOOKEEPER-706); in bytes on the wire, where Java counts characters. */
export const BATCH_BYTES: number = 128 * 1024
const KINDS: readonly WatchKind[] = ['data', 'exist', 'child', 'persistent', 'recursive']
const LENGTH_FIELD = 4
/** Of a setWatches2 frame besides its paths: header, zxid, five counts. */
const FRAME_OVERHEAD = 8 + 8 + 5 * LENGTH_FIELD

type Batch = Record<WatchKind, string[]>

function emptyBatch(): Batch {
  return { data: [], exist: [], child: [], persistent: [], recursive: [] }
}

/** Batches of at most `limit` bytes of paths with their lengths; a single longer path goes alone. */
export function* watchBatches(
  watches: WatchTable,
  relativeZxid: bigint,
  limit: number = BATCH_BYTES,
): IterableIterator<SetWatches2> {
  let batch = emptyBatch()
  let size = 0
  for (const kind of KINDS) {
    for (const path of watches.paths(kind)) {
      const bytes = LENGTH_FIELD + Buffer.byteLength(path)
      if (size > 0 && size + bytes > limit) {
        yield toRecord(batch, relativeZxid)
        batch = emptyBatch()
        size = 0
      }
      batch[kind].push(path)
      size += bytes
    }
  }
  if (size > 0) yield toRecord(batch, relativeZxid)
}

function toRecord(batch: Batch, relativeZxid: bigint): SetWatches2 {
  return {
    relativeZxid,
    dataWatches: batch.data,
    existWatches: batch.exist,
    childWatches: batch.child,
    persistentWatches: batch.persistent,
    persistentRecursiveWatches: batch.recursive,
  }
}

export interface RearmPort {
  readonly watches: WatchTable
  readonly lastZxid: LastZxid
  /** Largest frame sent, in bytes. */
  readonly maxRequestSize: number
  send(batch: SetWatches2): Promise<unknown>
}

/** What a server has to look for on a new connection. */
export function gapOf({ watches, lastZxid }: Pick<RearmPort, 'watches' | 'lastZxid'>): Gap {
  const last = lastZxid.value
  const open = watches.gap
  if (open !== null && open.newest >= last) return open
  return { from: open?.from ?? last, newest: last }
}

/**
 * Arms all watches on a new connection; the batches are sent before this returns. The gap stays open until all
 * are answered: the zxid in the answer to one batch must not hide what the next was about to report.
 */
export async function rearm(port: RearmPort, gap: Gap): Promise<void> {
  const { watches, lastZxid } = port
  const limit = Math.min(BATCH_BYTES, port.maxRequestSize - FRAME_OVERHEAD)
  const answers = [...watchBatches(watches, gap.from, limit)].map(batch => port.send(batch))
  watches.gap = answers.length === 0 ? null : gap
  if (answers.length === 0) return
  await Promise.all(answers)
  if (lastZxid.value >= gap.newest) {
    watches.gap = null
    return
  }
  // The server lost its data: to it, nothing looks changed. Everything is reported as changed instead.
  log('the history of the server is shorter than ours: all watches fire')
  await rearm(port, { from: 0n, newest: 0n })
}

/** Servers before 3.6 know the older request alone. */
export function rearmRequest(batch: SetWatches2): PendingRequest {
  const persistent = batch.persistentWatches.length + batch.persistentRecursiveWatches.length > 0
  return persistent
    ? PendingRequest.internal(operations.setWatches2, batch)
    : PendingRequest.internal(operations.setWatches, batch)
}
