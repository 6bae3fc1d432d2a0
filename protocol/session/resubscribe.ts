// The requests that re-arm the watches of a client on a new connection, in batches that a server takes.
import { Buffer } from 'node:buffer'
import type { ErrorCode } from '../error-codes.ts'
import { UnsupportedError, ZooKeeperError } from '../errors.ts'
import { OpCode } from '../opcodes.ts'
import type { WatchKind } from '../operations.ts'
import { operations } from '../operations.ts'
import type { SetWatches2 } from '../records/watches.ts'
import { delay } from '../support/abort.ts'
import type { Clock } from '../support/clock.ts'
import { logger } from '../support/log.ts'
import type { Connection } from './connection.ts'
import type { LastZxid } from './last-zxid.ts'
import { PendingRequest } from './pending-request.ts'
import type { Gap, WatchTable } from './watch-table.ts'

const log = logger('session')

/** Far below jute.maxbuffer (ZOOKEEPER-706); in bytes on the wire, where Java counts characters. */
const BATCH_BYTES = 128 * 1024
/** Before a batch that the server did not take is sent again, in milliseconds; twice as long with each refusal. */
const PAUSE = 200
/** So often a server may refuse a batch before it is left: on its connection, the watches would be dead. */
const MOST_REFUSALS = 4
/** A server that throttles, or one (ClickHouse Keeper) that has no leader to ask, will take it when that is over. */
const passing: readonly ErrorCode[] = [
  'THROTTLED_OP',
  'CONNECTION_LOSS',
  'OPERATION_TIMEOUT',
  'REQUEST_TIMEOUT',
]
const ONE_SHOT: readonly WatchKind[] = ['data', 'exist', 'child']
const KINDS: readonly WatchKind[] = [...ONE_SHOT, 'persistent', 'recursive']
const LENGTH_FIELD = 4
/** Of a setWatches2 frame besides its paths: header, zxid, five counts. */
const FRAME_OVERHEAD = 8 + 8 + 5 * LENGTH_FIELD

/** Ends a connection, however well it works else, whose server does not arm watches. */
export class WatchesRefusedError extends Error {
  constructor(cause: ZooKeeperError) {
    super('the server does not arm the watches', { cause })
  }
}

type Batch = Record<WatchKind, string[]>

function emptyBatch(): Batch {
  return { data: [], exist: [], child: [], persistent: [], recursive: [] }
}

/** Batches of at most `limit` bytes of paths with their lengths; a single longer path goes alone. */
export function* watchBatches(
  watches: WatchTable,
  relativeZxid: bigint,
  limit: number = BATCH_BYTES,
  kinds: readonly WatchKind[] = KINDS,
): IterableIterator<SetWatches2> {
  let batch = emptyBatch()
  let size = 0
  for (const kind of kinds) {
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
  /** False: the server does not know persistent watches, and is not bothered with them. */
  readonly persistent: boolean
  /** Resolves when the batch is armed; with true if that took so long that requests have overtaken it. */
  send(batch: SetWatches2): Promise<boolean>
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
 * Resolves with true when a persistent watch may have missed what happened after the first requests on the connection.
 */
async function rearm(port: RearmPort, gap: Gap): Promise<boolean> {
  const { watches, lastZxid } = port
  const limit = Math.min(BATCH_BYTES, port.maxRequestSize - FRAME_OVERHEAD)
  const kinds = port.persistent ? KINDS : ONE_SHOT
  const answers = [...watchBatches(watches, gap.from, limit, kinds)].map(batch => port.send(batch))
  watches.gap = answers.length === 0 ? null : gap
  if (answers.length === 0) return false
  const missed = (await Promise.all(answers)).includes(true)
  if (lastZxid.value >= gap.newest) {
    watches.gap = null
    return missed
  }
  // The server lost its data: to it, nothing looks changed. Everything is reported as changed instead.
  log('the history of the server is shorter than ours: all watches fire')
  return (await rearm(port, { from: 0n, newest: 0n })) || missed
}

export interface RearmEnvironment extends Pick<RearmPort, 'watches' | 'lastZxid' | 'maxRequestSize'> {
  readonly clock: Clock
}

export interface RearmContext {
  readonly environment: RearmEnvironment
  /** Hears of what went wrong, and of persistent watches that were armed too late. */
  readonly port: { missed(): void; warning(error: unknown): void }
  /** Aborts with the connection. */
  readonly over: AbortSignal
}

/** Arms all watches on a new connection; they are sent before this returns. */
export function rearmOn(connection: Connection, gap: Gap, { environment, port, over }: RearmContext): void {
  const armed = rearm(portOf(connection, environment, over), gap).then(missed => missed && port.missed())
  armed.catch(error => {
    if (over.aborted) return
    // Such a server hangs up; one that does not is left, to come back without persistent watches.
    if (error instanceof UnsupportedError) return connection.close(error)
    port.warning(error)
    // The next connection may lead to a server that takes them, and nobody believes to be watching meanwhile. What this
    // client cannot send it cannot send there either.
    if (isAnswer(error)) connection.close(new WatchesRefusedError(error))
  })
}

function portOf(connection: Connection, environment: RearmEnvironment, over: AbortSignal): RearmPort {
  const { watches, lastZxid, maxRequestSize, clock } = environment
  const persistent = !connection.skills.lacks(OpCode.setWatches2)
  const send = async (batch: SetWatches2): Promise<boolean> => {
    let refusals = 0
    for (let isLate = false; ; isLate = hasPersistent(batch)) {
      try {
        await sendBatch(connection, batch)
        return isLate
      } catch (error) {
        if (!isAnswer(error) || error instanceof UnsupportedError) throw error
        if (!passing.includes(error.code)) refusals++
        if (refusals === MOST_REFUSALS) throw error
      }
      // Ends here when the connection is lost.
      await delay(clock, PAUSE * 2 ** Math.max(0, refusals - 1), over)
    }
  }
  return { watches, lastZxid, maxRequestSize, persistent, send }
}

/** True for what a server says, or a lost connection, and not for what fails here. */
function isAnswer(error: unknown): error is ZooKeeperError {
  return ZooKeeperError.is(error) && error.code !== 'PACKET_TOO_LARGE'
}

/** Servers before 3.6 know the older request alone. */
async function sendBatch(connection: Connection, batch: SetWatches2): Promise<void> {
  if (hasPersistent(batch)) return sendPersistent(connection, batch)
  await sendOne(connection, PendingRequest.internal(operations.setWatches, batch))
}

function hasPersistent({ persistentWatches, persistentRecursiveWatches }: SetWatches2): boolean {
  return persistentWatches.length + persistentRecursiveWatches.length > 0
}

/**
 * A server that does not know the request answers and hangs up, and its answer may be lost with what follows it on the
 * wire: nothing follows where the server has not yet proved that it knows persistent watches.
 */
async function sendPersistent(connection: Connection, batch: SetWatches2): Promise<void> {
  const { skills } = connection
  const request = PendingRequest.internal(operations.setWatches2, batch)
  const answer = sendOne(connection, request)
  if (!skills.armsPersistent) connection.hold(request)
  try {
    await answer
    skills.armed()
  } catch (error) {
    const isLost = ZooKeeperError.is(error, 'CONNECTION_LOSS') && request.bytesReceived === 0
    if (isLost && !skills.armsPersistent) skills.silent()
    throw error
  }
}

function sendOne(connection: Connection, request: PendingRequest): Promise<unknown> {
  connection.send(request)
  return request.promise
}
