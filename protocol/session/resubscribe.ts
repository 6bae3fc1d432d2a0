// The requests that re-arm the watches of a client on a new connection, in batches that a server takes.
import { Buffer } from 'node:buffer'
import type { OneShotWatch } from '../operations.ts'
import type { SetWatches } from '../records/watches.ts'
import type { WatchTable } from './watch-table.ts'

/** Far below jute.maxbuffer (ZOOKEEPER-706); in bytes on the wire, where Java counts characters. */
export const BATCH_BYTES: number = 128 * 1024
const KINDS: readonly OneShotWatch[] = ['data', 'exist', 'child']
const LENGTH_FIELD = 4

type Batch = Record<OneShotWatch, string[]>

/** Batches of at most `limit` bytes of paths with their lengths; a single longer path goes alone. */
export function* watchBatches(
  watches: WatchTable,
  relativeZxid: bigint,
  limit: number = BATCH_BYTES,
): IterableIterator<SetWatches> {
  let batch: Batch = { data: [], exist: [], child: [] }
  let size = 0
  for (const kind of KINDS) {
    for (const path of watches.paths(kind)) {
      const bytes = LENGTH_FIELD + Buffer.byteLength(path)
      if (size > 0 && size + bytes > limit) {
        yield toRecord(batch, relativeZxid)
        batch = { data: [], exist: [], child: [] }
        size = 0
      }
      batch[kind].push(path)
      size += bytes
    }
  }
  if (size > 0) yield toRecord(batch, relativeZxid)
}

function toRecord(batch: Batch, relativeZxid: bigint): SetWatches {
  return { relativeZxid, dataWatches: batch.data, existWatches: batch.exist, childWatches: batch.child }
}
