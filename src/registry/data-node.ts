// A persistent node that is written once for each new value, and then left to whoever changes it next.
import { Buffer } from 'node:buffer'
import type { Acl, Stat, ZooKeeperView } from '../../protocol/index.ts'
import { ZooKeeperError } from '../../protocol/index.ts'
import { isRace, persistently } from '../recipes/persistence.ts'
import type { NodeData } from './codec.ts'
import { decode, holds } from './codec.ts'
import { withParents } from './parents.ts'

interface Present {
  readonly data: Uint8Array | null
  readonly stat: Stat
}

/**
 * Writes and removals of one path, one after the other: an earlier one that has to be repeated after a lost
 * connection would otherwise replace a later one.
 */
export class DataNode {
  readonly path: string
  readonly #zk: ZooKeeperView
  readonly #acl: () => readonly Acl[] | undefined
  #written: Uint8Array | null = null
  #last: Promise<unknown> = Promise.resolve()
  #writing = 0
  #waiting = 0

  constructor(zk: ZooKeeperView, path: string, acl: () => readonly Acl[] | undefined) {
    this.path = path
    this.#zk = zk
    this.#acl = acl
  }

  /** True when something of this registry stands at the path, or is being written. */
  get claimed(): boolean {
    return this.#writing > 0 || this.#written !== null
  }

  /** True when there is nothing to remember. */
  get idle(): boolean {
    return this.#waiting === 0 && this.#written === null
  }

  /**
   * Creates the node or replaces its data, unless it holds the same already; repeated until the outcome is known.
   * Errors: NO_AUTH and others that do not pass, or the signal's reason.
   */
  async write(data: NodeData, bytes: Uint8Array, signal: AbortSignal): Promise<void> {
    this.#writing++
    try {
      await this.#inTurn(signal, async () => {
        this.#written = await persistently(() => this.#write(data, bytes, signal), signal)
      })
    } finally {
      this.#writing--
    }
  }

  /**
   * Deletes the node if it holds what was written here: another writer's value is not ours to remove, except with
   * `force`. True if nothing stands there any more.
   */
  remove(force: boolean, signal: AbortSignal): Promise<boolean> {
    return this.#inTurn(signal, async () => {
      const removed = await persistently(() => this.#remove(force, signal), signal)
      this.#written = null
      return removed
    })
  }

  #inTurn<T>(signal: AbortSignal, task: () => Promise<T>): Promise<T> {
    this.#waiting++
    const turn = this.#last
      .then(() => {
        signal.throwIfAborted()
        return task()
      })
      .finally(() => {
        this.#waiting--
      })
    this.#last = turn.catch(() => {})
    return turn
  }

  /** The version is the condition, so that what was compared is what is replaced. Returns the bytes that stand. */
  async #write(data: NodeData, bytes: Uint8Array, signal: AbortSignal): Promise<Uint8Array> {
    const acl = this.#acl()
    for (;;) {
      const present = await this.#read(signal)
      try {
        if (present === null) {
          const options = acl === undefined ? { signal } : { acl, signal }
          await withParents(this.#zk, this.path, acl, () => this.#zk.create(this.path, bytes, options))
        } else if (present !== 'hidden' && present.data !== null && holds(decode(present.data), data)) {
          return present.data
        } else {
          await this.#zk.set(this.path, bytes, { version: versionOf(present), signal })
        }
        return bytes
      } catch (error) {
        // A parent that cannot be made is no race.
        if (!isRace(error) || (present === null && ZooKeeperError.is(error, 'NO_NODE'))) throw error
      }
    }
  }

  async #remove(force: boolean, signal: AbortSignal): Promise<boolean> {
    for (;;) {
      const present = await this.#read(signal)
      if (present === null) return true
      const ours = present !== 'hidden' && sameBytes(present.data, this.#written)
      if (!ours && !force) return false
      try {
        await this.#zk.delete(this.path, { version: versionOf(present), signal })
        return true
      } catch (error) {
        if (!isRace(error)) throw error
      }
    }
  }

  /** null: there is no znode. `hidden`: there is one that we may not read. */
  async #read(signal: AbortSignal): Promise<Present | 'hidden' | null> {
    try {
      return await this.#zk.get(this.path, { signal })
    } catch (error) {
      if (ZooKeeperError.is(error, 'NO_NODE')) return null
      if (ZooKeeperError.is(error, 'NO_AUTH')) return 'hidden'
      throw error
    }
  }
}

function versionOf(present: Present | 'hidden'): number {
  return present === 'hidden' ? -1 : present.stat.version
}

function sameBytes(a: Uint8Array | null, b: Uint8Array | null): boolean {
  return a !== null && b !== null && Buffer.compare(a, b) === 0
}
