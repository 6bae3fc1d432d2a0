// Writes that are repeated after a lost connection and still happen once: a version or a mark tells whether they did.
import { Buffer } from 'node:buffer'
import { randomUUID } from 'node:crypto'
import { InvalidArgumentError, ZooKeeperError } from '../errors.ts'
import { childOf } from '../paths.ts'
import type { Stat } from '../records/data.ts'
import type { Data } from './arguments.ts'
import { toBytes } from './arguments.ts'
import type { RequestOptions } from './options.ts'
import type { Transaction, TransactionResult } from './transaction.ts'
import { MultiError } from './transaction.ts'
import type { ZooKeeperView } from './view.ts'

/** As for reads: a request whose connections keep breaking may be what breaks them. */
const MOST_ATTEMPTS = 5

export interface VersionedOptions extends RequestOptions {
  /** The version that must be there, 0 or more: it is what makes repeating safe. */
  version: number
}

export interface CommitOnceOptions extends RequestOptions {
  /** An existing znode below which the mark is made, an ephemeral znode with a random name. Default `/`. */
  parent?: string
}

/**
 * `set` that is repeated after a connection loss until its fate is known. With a version, it cannot be executed twice.
 * Resolves too when the repetition finds the next version with the same data: that is what was wanted, whoever wrote it.
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
  return repeated(
    () => zk.set(path, data, options),
    async (error, loss) => {
      if (!ZooKeeperError.is(error, 'BAD_VERSION')) throw loss
      const found = await zk.get(path, { signal: options.signal, timeout: options.timeout })
      const isOurs = found.stat.version === options.version + 1 && isSame(found.data, toBytes(data))
      if (!isOurs) throw loss
      return found.stat
    },
  )
}

/**
 * `delete` of one znode that is repeated after a connection loss until its fate is known: that it is gone is what was
 * wanted, whoever deleted it. Errors: as `delete`, and those of `setOnce` about a lost connection.
 */
export async function deleteOnce(zk: ZooKeeperView, path: string, options: VersionedOptions): Promise<void> {
  checkVersion(options.version)
  const { version, signal, timeout } = options
  await repeated(
    () => zk.delete(path, { version, signal, timeout }),
    async (error, loss) => {
      if (!ZooKeeperError.is(error, 'NO_NODE')) throw loss
    },
  )
}

/**
 * A transaction that is repeated after a connection loss and executed once at most: it makes a mark, which an execution
 * before would have made. `build` adds the operations, and is called anew for each attempt. Resolves with the results, or
 * with null when an earlier attempt turns out to have been executed: its results were lost with the connection. The mark is
 * removed in the end, at the latest with the session; nothing is repeated in another session than the first attempt's.
 * Errors: as `commit` (`index` counts the operations of `build`); CONNECTION_LOSS or SESSION_EXPIRED with
 * `mayHaveApplied` when the session ended, so that nobody can tell.
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
  try {
    const results = await repeated(
      attempt,
      async (error, loss) => {
        const isMarked = error instanceof MultiError && error.index === 0 && error.code === 'NODE_EXISTS'
        if (isMarked) return null
        // Refused for reasons of its own, and without a mark: no attempt was executed.
        throw error instanceof MultiError ? error : loss
      },
      sameSession(zk),
    )
    if (results === null || results.length > 0) await zk.delete(mark, { signal }).catch(() => {})
    return results
  } catch (error) {
    throw error instanceof MultiError ? withoutMark(error) : error
  }
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

/** `judge` hears of what a repetition met, and of the loss before it; `mayRepeat` of each loss. */
async function repeated<T, Known>(
  attempt: () => Promise<T>,
  judge: (error: unknown, loss: ZooKeeperError) => Promise<Known>,
  mayRepeat: (loss: ZooKeeperError) => boolean = () => true,
): Promise<T | Known> {
  let loss: ZooKeeperError | undefined
  for (let left = MOST_ATTEMPTS; ; left--) {
    try {
      return await attempt()
    } catch (error) {
      if (!isLoss(error)) {
        if (loss === undefined) throw error
        return await judge(error, loss)
      }
      loss ??= error
      // What was not sent fails at once, as the client was asked to do: it would again.
      if (left === 1 || !error.mayHaveApplied || !mayRepeat(error)) throw loss
    }
  }
}

function isLoss(error: unknown): error is ZooKeeperError {
  return ZooKeeperError.is(error, 'CONNECTION_LOSS') || ZooKeeperError.is(error, 'SESSION_EXPIRED')
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
  return error.index === 0 ? error : new MultiError(error.index - 1, error.errors.slice(1))
}
