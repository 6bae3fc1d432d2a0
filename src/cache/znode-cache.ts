// What all caches have in common: the picture, its events, and the life of the cache.
import type { ZooKeeperView } from '../../protocol/index.ts'
import { ZooKeeperError } from '../../protocol/index.ts'
import { abortable } from '../../protocol/support/abort.ts'
import { deferred, handled } from '../../protocol/support/deferred.ts'
import { Emitter } from '../../protocol/support/emitter.ts'
import { logger } from '../../protocol/support/log.ts'
import { changeStream } from './change-stream.ts'
import { Follower } from './follower.ts'
import { Model } from './model.ts'
import type { CacheChange, CacheNode, NodeAdded, NodeRemoved, NodeReplaced, NodeUpdated } from './node.ts'
import type { CacheOptions } from './options.ts'
import { cacheSettings } from './options.ts'
import { Picture } from './picture.ts'
import { Scope } from './scope.ts'

const log = logger('cache')

/** The wall clock is rounded and slewed beside the monotonic one. By as many milliseconds it is set back instead. */
const CLOCKS_DIFFER = 1000

/**
 * - `idle`: not started.
 * - `loading`: the first picture is not whole yet.
 * - `live`: the link is up, and every change is told soon after it happened.
 * - `stale`: there may be changes that are not known: the link is down or just back, or a read failed.
 * - `closed`: closed, or the client was. The picture stays as it is.
 */
export type CacheState = 'idle' | 'loading' | 'live' | 'stale' | 'closed'

export interface CacheStateChange {
  readonly state: CacheState
  readonly previous: CacheState
  /** As the cache's own `asOf`. */
  readonly asOf: Date | null
}

export interface CacheEvents {
  added: NodeAdded
  updated: NodeUpdated
  removed: NodeRemoved
  replaced: NodeReplaced
  /** All changes of one step, before each is told by itself: the cache went from one whole picture to the next. */
  changes: readonly CacheChange[]
  /** The first picture is whole; behind the changes that made it. */
  initialized: undefined
  state: CacheStateChange
  /** What nobody waits for: a listener threw, a znode may not be read, a read failed. The cache goes on. */
  warning: unknown
}

export interface CacheScope {
  readonly maxDepth: number
  readonly filter?: ((path: string) => boolean) | undefined
}

export abstract class ZnodeCache implements AsyncDisposable {
  readonly path: string
  readonly #zk: ZooKeeperView
  readonly #picture = new Picture()
  readonly #model: Model
  readonly #follower: Follower
  readonly #events: Emitter<CacheEvents> = new Emitter((error, event) => {
    if (event === 'warning') log('a listener for warnings threw: %O', error)
    else this.#warn(error)
  })
  readonly #whole = deferred<void>()
  readonly #ended = new AbortController()
  #state: CacheState = 'idle'
  #asOf: number | null = null
  #steps = 0

  constructor(zk: ZooKeeperView, path: string, scope: CacheScope, options: CacheOptions) {
    this.path = path
    this.#zk = zk
    const warning = (error: unknown): void => this.#warn(error)
    const inside = new Scope(path, { ...scope, warning })
    this.#model = new Model(inside)
    this.#follower = new Follower(zk, inside, this.#model, cacheSettings(options), {
      doubted: () => this.#doubted(),
      settled: certain => this.#settled(certain),
      ended: () => this.#end(),
      warning,
    })
    handled(this.#whole.promise)
  }

  get state(): CacheState {
    return this.#state
  }

  /** True while the picture is live and no change is known that was not read yet. */
  get current(): boolean {
    return this.#state === 'live' && this.#follower.current
  }

  /**
   * When the picture was the truth, as far as this client knows; null before it was whole. While it is live, that is
   * when the newest request was sent that a server has answered.
   */
  get asOf(): Date | null {
    if (this.#state === 'live') this.#asOf = this.#proven()
    return this.#asOf === null ? null : new Date(this.#asOf)
  }

  /** How many znodes are known. */
  get size(): number {
    return this.#picture.size
  }

  /** Paths of the znodes that are there and may not be read, and so count as absent. Tried again after each gap. */
  get denied(): readonly string[] {
    return this.#model.denied()
  }

  /** Counts the steps from one whole picture to the next: equal numbers, equal pictures. */
  get steps(): number {
    return this.#steps
  }

  /** The znode as it was last seen; null: not there, outside of the cache, or not known yet. */
  get(path: string): CacheNode | null {
    return this.#picture.get(path)
  }

  /** Every znode that is known, a parent before its children. */
  [Symbol.iterator](): IterableIterator<CacheNode> {
    return this.#picture.nodes()
  }

  /**
   * Begins to follow the path; resolves when the first picture is whole. Without a connection it waits, and comes
   * alive with one. What fails by itself is tried again and told by `warning`.
   * Errors: CLOSED; the signal's reason, which closes the cache.
   */
  async start(options: { signal?: AbortSignal } = {}): Promise<void> {
    const { signal } = options
    signal?.throwIfAborted()
    if (this.#state === 'closed') throw this.#closedError()
    const first = this.#state === 'idle'
    if (first) {
      this.#become('loading')
      this.#follower.start()
    }
    try {
      await abortable(this.#whole.promise, signal)
    } catch (error) {
      if (first && signal?.aborted) await this.close()
      throw error
    }
  }

  /** Listens to events; the returned function ends that. A listener that throws becomes a `warning`. */
  on<Name extends keyof CacheEvents>(name: Name, listener: (value: CacheEvents[Name]) => void): () => void {
    return this.#events.on(name, listener)
  }

  /**
   * First an `added` for everything that is known, then every change: told one after the other, they make the picture.
   * Of what a slow reader has not taken yet, each znode is told once, as the difference to what that reader knows of
   * it: never more waits than there are znodes. Ends with the signal and with the cache.
   */
  changes(options: { signal?: AbortSignal } = {}): AsyncGenerator<CacheChange, void, void> {
    return changeStream({
      picture: this.#picture,
      signals: [options.signal, this.#ended.signal],
      subscribe: listener => this.#events.on('changes', listener),
    })
  }

  /** Takes the watch back and ends all streams. Resolves when nothing happens any more. Never rejects. */
  async close(): Promise<void> {
    this.#end()
    await this.#follower.close()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  /** Names of the children, sorted and frozen. */
  protected namesBelow(path: string): readonly string[] {
    return this.#picture.children(path)
  }

  #settled(certain: boolean): void {
    if (this.#state === 'closed') return
    this.#asOf = this.#proven() ?? Date.now()
    const first = this.#state === 'loading'
    const changes = this.#picture.apply(this.#model.takeTouched(), path => this.#model.nodeOf(path))
    if (changes.length > 0) this.#steps++
    this.#become(certain ? 'live' : 'stale')
    if (changes.length > 0) this.#tell(changes)
    // A listener may have closed the cache.
    if (!first || this.#ended.signal.aborted) return
    this.#events.emit('initialized', undefined)
    this.#whole.resolve()
  }

  #tell(changes: readonly CacheChange[]): void {
    this.#events.emit('changes', changes)
    for (const change of changes) this.#events.emit(change.type, change as never)
  }

  #doubted(): void {
    if (this.#state !== 'live') return
    this.#asOf = this.#proven()
    this.#become('stale')
  }

  /** When the newest request was sent that the server has answered: this process may have stood still since. */
  #proven(): number | null {
    const { silence } = this.#zk
    const last = this.#asOf
    if (silence === Number.POSITIVE_INFINITY) return last
    const at = Date.now() - silence
    return last !== null && at < last && last - at < CLOCKS_DIFFER ? last : at
  }

  #end(): void {
    if (this.#state === 'closed') return
    if (this.#state === 'live') this.#asOf = this.#proven()
    this.#become('closed')
    this.#whole.reject(this.#closedError())
    this.#ended.abort()
  }

  #closedError(): ZooKeeperError {
    return new ZooKeeperError('CLOSED', { operation: 'cache', path: this.path })
  }

  #become(state: CacheState): void {
    const previous = this.#state
    if (previous === state) return
    this.#state = state
    this.#events.emit('state', Object.freeze({ state, previous, asOf: this.asOf }))
  }

  #warn(error: unknown): void {
    log('warning: %O', error)
    this.#events.emit('warning', error)
  }
}
