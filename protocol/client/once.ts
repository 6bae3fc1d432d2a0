// Writes that are repeated after a lost connection and still happen once: what the server shows tells whether they did.
import { Buffer } from 'node:buffer'
import { randomUUID } from 'node:crypto'
import { InvalidArgumentError, ZooKeeperError } from '../errors.ts'
import { childOf } from '../paths.ts'
import type { Stat } from '../records/data.ts'
import type { Data } from './arguments.ts'
import { ownBytes } from './arguments.ts'
import type { RequestOptions } from './options.ts'
import type { Transaction, TransactionResult } from './transaction.ts'
import { MultiError } from './transaction.ts'
import type { ZooKeeperView } from './view.ts'

/** As for reads: a request whose connections keep breaking may be what breaks them. */
const MOST_ATTEMPTS = 5

/** What became of the attempts so far: `due` were not executed, and never will be. */
type Fate<T> =
  | { readonly kind: 'done'; readonly value: T }
  | { readonly kind: 'due' }
  | { readonly kind: 'unknown' }

const DUE = { kind: 'due' } as const
const UNKNOWN = { kind: 'unknown' } as const

export interface VersionedOptions extends RequestOptions {
  /** The version that must be there, 0 or more: it is what makes repeating safe. */
  version: number
}

export interface CommitOnceOptions extends RequestOptions {
  /** An existing znode below which the mark is made, an ephemeral znode with a random name. Default `/`. */
  parent?: string
}

/**
 * `set`, with the data as it is at the call, that is repeated after a connection loss until its fate is known. Before
 * each repetition the znode is looked at: it must still have the version, and be older than the call, as far as this
 * client has seen (`lastZxid`); one that was deleted and created anew may have the same version again. Resolves too when
 * the next version is found with the same data: that is what was wanted, whoever wrote it.
 * Errors: as `set`; CONNECTION_LOSS or SESSION_EXPIRED with `mayHaveApplied` when others have changed the znode since, or
 * the client ended, so that nobody can tell.
 */
export async function setOnce(
  zk: ZooKeeperView,
  path: string,
  data: Data,
  options: VersionedOptions,
): Promise<Stat> {
  checkVersion(options.version)
  const { version, signal, timeout } = options
  const bytes = ownBytes(data)
  const seen = zk.lastZxid
  return repeated(
    () => zk.set(path, bytes, { version, signal, timeout }),
    async () => {
      const stat = await truth(zk, path, { signal, timeout })
      if (stat === null) return UNKNOWN
      if (stat.version === version && stat.czxid <= seen) return DUE
      const found = await zk.get(path, { signal, timeout })
      const isOurs = found.stat.version === version + 1 && isSame(found.data, bytes)
      return isOurs ? { kind: 'done', value: found.stat } : UNKNOWN
    },
  )
}

/**
 * `delete` of one znode that is repeated after a connection loss until its fate is known: that it is gone is what was
 * wanted, whoever deleted it. One that was created anew meanwhile is left alone. Errors: as `delete`, and those of
 * `setOnce` about a lost connection.
 */
export async function deleteOnce(zk: ZooKeeperView, path: string, options: VersionedOptions): Promise<void> {
  checkVersion(options.version)
  const { version, signal, timeout } = options
  const seen = zk.lastZxid
  await repeated(
    () => zk.delete(path, { version, signal, timeout }),
    async () => {
      const stat = await truth(zk, path, { signal, timeout })
      if (stat === null) return { kind: 'done', value: undefined }
      return stat.version === version && stat.czxid <= seen ? DUE : UNKNOWN
    },
  )
}

/**
 * A transaction that is repeated after a connection loss and executed once at most: it makes a mark, which an execution
 * before would have made. `build` adds the operations, and is called anew for each attempt. Resolves with the results, or
 * with null when an earlier attempt turns out to have been executed: its results were lost with the connection. The mark
 * is removed in the end, at the latest with the session; nothing is repeated in another session than the first attempt's.
 * Errors: as `commit` (`index` counts the operations of `build`); that of `create` when the mark could not be made, such
 * as NO_NODE without the `parent`; CONNECTION_LOSS or SESSION_EXPIRED with `mayHaveApplied` when the session ended, or a
 * repetition could not make the mark, so that nobody can tell.
 */
export async function commitOnce(
  zk: ZooKeeperView,
  build: (transaction: Transaction) => void,
  { parent = '/', signal, timeout }: CommitOnceOptions = {},
): Promise<TransactionResult[] | null> {
  const mark = childOf(parent, `_once-${randomUUID()}`)
  const attempt = async (): Promise<TransactionResult[]> => {
    const transaction = zk.transaction().create(mark, null, { mode: 'ephemeral' })
    build(transaction)
    if (transaction.length === 1) return []
    return (await transaction.commit({ signal, timeout })).slice(1)
  }
  const isSameSession = sameSession(zk)
  try {
    const results = await repeated<TransactionResult[], null>(attempt, async error => {
      if (!(error instanceof MultiError)) return isSameSession(error) ? DUE : UNKNOWN
      // Refused for reasons of its own, and without a mark: no attempt was executed.
      if (error.index > 0) return DUE
      return error.code === 'NODE_EXISTS' ? { kind: 'done', value: null } : UNKNOWN
    })
    // Nobody waits for it: what became of the transaction is known, and the link may be gone meanwhile.
    if (results === null || results.length > 0) zk.delete(mark).catch(() => {})
    return results
  } catch (error) {
    if (!(error instanceof MultiError)) throw error
    throw error.index === 0 ? error.cause : withoutMark(error)
  }
}

/** The znode as the leader knows it: nothing that was sent on a former connection of the session comes after this. */
async function truth(zk: ZooKeeperView, path: string, options: RequestOptions): Promise<Stat | null> {
  await zk.sync(path, options)
  return zk.exists(path, options)
}

/** True for a loss after which the session is still the one that the first attempt was made in. */
function sameSession(zk: ZooKeeperView): (loss: ZooKeeperError) => boolean {
  let id = zk.sessionId
  return ({ code }) => {
    // The first attempt may have waited for the session.
    if (id === 0n) id = zk.sessionId
    return code === 'CONNECTION_LOSS' && id !== 0n && zk.sessionId === id
  }
}

/** `fateOf` is asked after each loss, and when a repetition was refused; where it fails, nobody can tell. */
async function repeated<T, Known>(
  attempt: () => Promise<T>,
  fateOf: (error: ZooKeeperError) => Promise<Fate<Known>>,
): Promise<T | Known> {
  let loss: ZooKeeperError | undefined
  for (let left = MOST_ATTEMPTS; ; left--) {
    try {
      return await attempt()
    } catch (error) {
      if (isLoss(error)) {
        loss ??= error
        // What was not sent fails at once, as the client was asked to do: it would again.
        if (!error.mayHaveApplied) throw loss
      }
      if (loss === undefined) throw error
      const fate = mayBeAsked(error) ? await fateOf(error).catch(() => UNKNOWN) : UNKNOWN
      if (fate.kind === 'done') return fate.value
      if (fate.kind === 'unknown' || left === 1) throw loss
      if (!isLoss(error)) throw error
    }
  }
}

function isLoss(error: unknown): error is ZooKeeperError {
  return ZooKeeperError.is(error, 'CONNECTION_LOSS') || ZooKeeperError.is(error, 'SESSION_EXPIRED')
}

/** False for a caller who left, and for a deadline: the fate is not looked for on their time. */
function mayBeAsked(error: unknown): error is ZooKeeperError {
  return ZooKeeperError.is(error) && error.code !== 'REQUEST_TIMEOUT'
}

function checkVersion(version: unknown): void {
  if (!Number.isInteger(version) || (version as number) < 0) {
    throw new InvalidArgumentError('version', 'an integer of 0 or more', version)
  }
}

function isSame(a: Uint8Array | null, b: Uint8Array | null): boolean {
  if (a === null || b === null) return a === b
  return Buffer.compare(a, b) === 0
}

/** The error in terms of the operations of the caller. */
function withoutMark(error: MultiError): MultiError {
  return new MultiError(error.index - 1, error.errors.slice(1))
}
