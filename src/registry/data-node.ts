// A persistent node that is written once for each new value, and then followed: whoever changes it next is right.
import { Buffer } from 'node:buffer'
import type { Stat } from '../../protocol/index.ts'
import { isLinked, ZooKeeperError } from '../../protocol/index.ts'
import { onAbort } from '../../protocol/support/abort.ts'
import { unreferencedClock } from '../../protocol/support/clock.ts'
import { logger } from '../../protocol/support/log.ts'
import { isPassing, isRace, persistently } from '../recipes/persistence.ts'
import type { NodeData } from './codec.ts'
import type { Encoding } from './encoding.ts'
import { callerPart, encodeAs, holdsAs } from './encoding.ts'
import type { NodePort } from './node-port.ts'
import { withParents } from './parents.ts'

const log = logger('data-node')

/** Milliseconds before a read that failed is tried again. */
const FOLLOW_AGAIN = 500

interface Present {
  readonly data: Uint8Array | null
  readonly stat: Stat
}

/** What a caller gives; without an encoding, that of the data which is kept. */
export interface Content {
  readonly data: NodeData
  readonly encoding: Encoding | undefined
}

/** The bytes that stand, and whether they are what this registry asked for. */
interface Written {
  readonly bytes: Uint8Array | null
  readonly ours: boolean
}

/**
 * - `absent`: nothing of ours stands there. `taken`: we took it away, and keep the data for later.
 * - `present`: it was set here, and holds this data now, whoever wrote it.
 */
type State = { readonly kind: 'absent' } | { readonly kind: 'taken' | 'present'; readonly data: NodeData }

/**
 * Writes and removals of one path, one after the other: an earlier one that has to be repeated after a lost
 * connection would otherwise replace a later one.
 */
export class DataNode {
  readonly path: string
  readonly #port: NodePort
  /** What we wrote last, or found as we would have written it. */
  #written: Uint8Array | null = null
  /** The form of the data that was given last. */
  #encoding: Encoding
  #state: State = { kind: 'absent' }
  #last: Promise<unknown> = Promise.resolve()
  #writing = 0
  #waiting = 0
  #following: 'no' | 'yes' | 'stopped' = 'no'
  /** The session that has the watch. */
  #watchedIn = 0n

  constructor(path: string, port: NodePort, encoding: Encoding) {
    this.path = path
    this.#port = port
    this.#encoding = encoding
  }

  /** True when something of this registry stands at the path, or is being written. */
  get claimed(): boolean {
    return this.#writing > 0 || this.#written !== null
  }

  /** True when there is nothing to remember. */
  get idle(): boolean {
    return this.#waiting === 0 && this.#written === null && this.#state.kind !== 'taken'
  }

  /** True while calls are under way. */
  get busy(): boolean {
    return this.#waiting > 0
  }

  /** True while the node stands, as far as is known. */
  get state(): boolean {
    return this.#state.kind === 'present'
  }

  /** The caller's part of what the node holds, or of what is kept for it. */
  get data(): NodeData {
    return this.#state.kind === 'absent' ? null : this.#state.data
  }

  /**
   * Creates the node or replaces its data, unless it holds the same already; repeated until the outcome is known.
   * Data that is undefined leaves what stands there, or puts back what was taken away.
   * Errors: NO_AUTH and others that do not pass, or the signal's reason.
   */
  async write({ data, encoding: asked }: Content, signal: AbortSignal): Promise<void> {
    this.#writing++
    try {
      await this.#inTurn(signal, async () => {
        const encoding = asked ?? this.#encoding
        const { bytes, ours } = await persistently(() => this.#write(data, encoding, signal), signal)
        if (ours) this.#written = bytes
        this.#encoding = encoding
        this.#state = { kind: 'present', data: callerPart(bytes, encoding) }
        if (this.#written !== null) this.#follow()
      })
    } finally {
      this.#writing--
    }
  }

  /** Takes the node away, if it holds what was written here, and keeps the data, or what it held, for later. */
  takeAway({ data, encoding }: Content, signal: AbortSignal): Promise<boolean> {
    return this.#inTurn(signal, async () => {
      const kept = data === undefined ? this.data : data
      // What could not be put back later is the caller's to know now.
      if (encoding !== undefined) encodeAs(kept, encoding)
      const removed = await persistently(() => this.#remove(false, signal), signal)
      this.#written = null
      this.#encoding = encoding ?? this.#encoding
      this.#state = { kind: 'taken', data: kept }
      return removed
    })
  }

  /**
   * Deletes the node if it holds what was written here: another writer's value is not ours to remove, except with
   * `force`. Keeps nothing. True if nothing stands there any more.
   */
  remove(force: boolean, signal: AbortSignal): Promise<boolean> {
    return this.#inTurn(signal, async () => {
      const removed = await persistently(() => this.#remove(force, signal), signal)
      this.#written = null
      this.#state = { kind: 'absent' }
      return removed
    })
  }

  /** There is a link again. Within a session the watch tells what was missed. */
  linked(): void {
    if (this.#following === 'yes' && this.#watchedIn !== this.#port.zk.sessionId) this.#follow()
  }

  /** Ends the watch. */
  stop(): void {
    this.#following = 'stopped'
    this.#port.zk.removeWatch(this.path, this.#changed)
  }

  #inTurn<T>(signal: AbortSignal, task: () => Promise<T>): Promise<T> {
    this.#waiting++
    let waits = true
    const over = (): void => {
      if (waits) this.#waiting--
      waits = false
    }
    // Whoever gives up does not wait any more, although his turn ends a little later.
    const off = onAbort(signal, over)
    const turn = this.#last
      .then(() => {
        signal.throwIfAborted()
        return task()
      })
      .finally(() => {
        off()
        over()
      })
    this.#last = turn.catch(() => {})
    return turn
  }

  /** The version is the condition, so that what was compared is what is replaced. */
  async #write(data: NodeData, encoding: Encoding, signal: AbortSignal): Promise<Written> {
    for (;;) {
      const present = await this.#read(signal)
      // What somebody else wrote does not become ours because it is left alone.
      if (data === undefined && present !== null && present !== 'hidden')
        return { bytes: present.data, ours: false }
      const bytes = encodeAs(data === undefined ? this.#kept(present) : data, encoding)
      try {
        if (present === null) await this.#create(bytes, signal)
        else if (present !== 'hidden' && holdsAs(present.data, data, encoding))
          return { bytes: present.data, ours: true }
        else await this.#set(bytes, versionOf(present), signal)
        return { bytes, ours: true }
      } catch (error) {
        // A parent that cannot be made is no race.
        if (!isRace(error) || (present === null && ZooKeeperError.is(error, 'NO_NODE'))) throw error
      }
    }
  }

  /** A node that somebody deleted takes its data along; one that we took away does not. */
  #kept(present: Present | 'hidden' | null): NodeData {
    if (present === null) return this.#state.kind === 'taken' ? this.#state.data : null
    return this.data
  }

  async #create(bytes: Uint8Array, signal: AbortSignal): Promise<void> {
    const { zk, acl, limited } = this.#port
    const options = acl === undefined ? { signal } : { acl, signal }
    await limited(() => withParents(zk, this.path, acl, () => zk.create(this.path, bytes, options)), signal)
  }

  async #set(bytes: Uint8Array, version: number, signal: AbortSignal): Promise<void> {
    const { zk, limited } = this.#port
    await limited(() => zk.set(this.path, bytes, { version, signal }), signal)
  }

  async #remove(force: boolean, signal: AbortSignal): Promise<boolean> {
    const { zk, limited } = this.#port
    for (;;) {
      const present = await this.#read(signal)
      if (present === null) return true
      const ours = present !== 'hidden' && sameBytes(present.data, this.#written)
      if (!ours && !force) return false
      try {
        await limited(() => zk.delete(this.path, { version: versionOf(present), signal }), signal)
        return true
      } catch (error) {
        if (!isRace(error)) throw error
      }
    }
  }

  /** null: there is no znode. `hidden`: there is one that we may not read. */
  async #read(signal: AbortSignal): Promise<Present | 'hidden' | null> {
    const { zk, limited } = this.#port
    try {
      return await limited(() => zk.get(this.path, { signal }), signal)
    } catch (error) {
      if (ZooKeeperError.is(error, 'NO_NODE')) return null
      if (ZooKeeperError.is(error, 'NO_AUTH')) return 'hidden'
      throw error
    }
  }

  /** One function for all watches, so that they count as one. */
  readonly #changed = (): void => {
    if (this.#following === 'yes') this.#follow()
  }

  /** Reads with a watch what the node holds now; a deletion by somebody ends it, as nothing is put back. */
  #follow(): void {
    if (this.#following === 'stopped') return
    this.#following = 'yes'
    this.#watchedIn = 0n
    const { zk } = this.#port
    zk.get(this.path, { watch: this.#changed }).then(
      ({ data }) => {
        this.#watchedIn = zk.sessionId
        if (this.#state.kind === 'present')
          this.#state = { kind: 'present', data: callerPart(data, this.#encoding) }
      },
      error => {
        log('%s: %s', this.path, error)
        // A new link does so by itself.
        if (isPassing(error)) unreferencedClock.schedule(FOLLOW_AGAIN, () => this.#followAgain())
        if (!ZooKeeperError.is(error, 'NO_NODE')) return
        this.#following = 'no'
        if (this.#state.kind === 'present') this.#state = { kind: 'absent' }
      },
    )
  }

  #followAgain(): void {
    if (this.#following === 'yes' && this.#watchedIn === 0n && isLinked(this.#port.zk.state)) this.#follow()
  }
}

function versionOf(present: Present | 'hidden'): number {
  return present === 'hidden' ? -1 : present.stat.version
}

function sameBytes(a: Uint8Array | null, b: Uint8Array | null): boolean {
  return a !== null && b !== null && Buffer.compare(a, b) === 0
}
