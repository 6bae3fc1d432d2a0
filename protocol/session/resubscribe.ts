// The requests that re-arm the watches of a client on a new connection, in batches that a server takes.
import { Buffer } from 'node:buffer'
import type { OneShotWatch } from '../operations.ts'
import type { SetWatches } from '../records/watches.ts'
import { logger } from '../support/log.ts'
import type { LastZxid } from './last-zxid.ts'
import type { Gap, WatchTable } from './watch-table.ts'

const log = logger('session')

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

export interface RearmPort {
  readonly watches: WatchTable
  readonly lastZxid: LastZxid
  send(batch: SetWatches): Promise<unknown>
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
  const answers = [...watchBatches(watches, gap.from)].map(batch => port.send(batch))
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
