// Follows one path: its data, its Stat and the names of its children, through deletion, outage and expiry.
import type { SessionState, WatchedEvent, ZooKeeperView } from '../../protocol/index.ts'
import { isLinked, isTerminal, ZooKeeperError } from '../../protocol/index.ts'
import { Backoff } from '../../protocol/support/backoff.ts'
import { logger } from '../../protocol/support/log.ts'
import { isPassing, isSessionOver } from '../recipes/persistence.ts'
import { decode } from './codec.ts'
import { Listeners } from './listeners.ts'
import type { Content, Sight, Source } from './snapshot.ts'
import { blank, deepFreeze, snapshotOf } from './snapshot.ts'

const log = logger('watcher')

/** What has to be read again; `none`: the watches are armed and tell when. */
type Due = 'none' | 'data' | 'children' | 'both'

export interface PathWatcherPort {
  /** A read failed that nobody waits for; the watcher tries again by itself. */
  warning(error: unknown): void
  /** True while there is a connection on which all watches are armed and have told what was missed. */
  confirmed(): boolean
}

export class PathWatcher implements Source {
  readonly path: string
  readonly #zk: ZooKeeperView
  readonly #port: PathWatcherPort
  readonly #listeners = new Listeners()
  readonly #backoff = new Backoff({ base: 200, cap: 10_000 })
  #content: Content
  #snapshot: Sight | null = null
  #asOf: number | null = null
  #due: Due = 'both'
  /** True while the content is from the cache file. */
  #remembered = false
  /** False while a change is known that was not read yet. */
  #current = false
  #reading: Promise<void> | null = null
  /** What the next try waits for; `link`: a client that was closed, and that may be started again. */
  #retry: ReturnType<typeof setTimeout> | 'link' | null = null
  readonly #unsubscribe: () => void
  #stopped = false

  constructor(zk: ZooKeeperView, path: string, port: PathWatcherPort) {
    this.path = path
    this.#zk = zk
    this.#port = port
    this.#content = blank(path)
    // Whoever waits for another try need not wait any longer.
    this.#unsubscribe = zk.on('state', ({ state }) => {
      if (isLinked(state) && this.#retry !== null) this.#retryNow()
      else if (isOver(state)) this.#rest()
    })
  }

  get snapshot(): Sight {
    const live = this.#current && this.#asOf !== null && this.#port.confirmed()
    const known = this.#snapshot
    if (known !== null && known.stale !== live) return known
    const source = live ? 'live' : this.#remembered ? 'file' : 'memory'
    this.#snapshot = snapshotOf(this.#content, { source, asOf: this.#asOf, stale: !live })
    return this.#snapshot
  }

  /** The same object as long as nothing was read. */
  get content(): Content {
    return this.#content
  }

  /** Shows what was known before this process began, unless a server has shown something by now. */
  remember(content: Content, asOf: number): void {
    if (this.#asOf !== null) return
    this.#show(content)
    this.#asOf = asOf
    this.#remembered = true
  }

  listen(listener: () => void): () => void {
    return this.#listeners.add(listener)
  }

  /** Reads for the first time. Errors: NO_AUTH, or what else the read met. */
  start(): Promise<void> {
    return this.#refresh('both')
  }

  /** Reads in the background, as soon as there is a connection, and does not give up. */
  follow(): void {
    this.#again('both')
  }

  stop(): void {
    this.#stopped = true
    this.#unsubscribe()
    this.#listeners.clear()
    this.#clearRetry()
  }

  /** Takes the watches back, also those of a read that is under way. */
  forget(): void {
    const take = (): void => {
      for (const watch of [this.#onData, this.#onChildren]) this.#zk.removeWatch(this.path, watch)
    }
    take()
    this.#reading?.then(take, take)
  }

  // The two watches are separate, so that a change of one child costs one listing and no read of data.
  readonly #onData = (event: WatchedEvent): void => {
    // A deletion uses up both watches, and a new znode may be there already.
    this.#again(event.type === 'nodeDataChanged' ? 'data' : 'both')
  }

  readonly #onChildren = (event: WatchedEvent): void => {
    // A deletion is the business of the watch on the data, which also waits for the znode to come back.
    if (event.type === 'nodeChildrenChanged') this.#again('children')
  }

  #again(due: Due): void {
    this.#refresh(due).catch(error => {
      // A client that is closed brings nothing new before it is started again.
      if (this.#stopped) return
      if (isOver(this.#zk.state)) return this.#rest()
      if (!isPassing(error) && !isSessionOver(error)) this.#port.warning(error)
      this.#retryLater()
    })
  }

  /** One reader at a time; what falls due meanwhile is read after it. */
  #refresh(due: Due): Promise<void> {
    this.#due = this.#due === 'none' || this.#due === due ? due : 'both'
    this.#current = false
    this.#reading ??= this.#read().finally(() => {
      this.#reading = null
    })
    return this.#reading
  }

  async #read(): Promise<void> {
    while (this.#due !== 'none' && !this.#stopped) {
      const due = this.#due
      this.#due = 'none'
      try {
        await this.#readOnce(due)
        this.#backoff.reset()
      } catch (error) {
        this.#due = 'both'
        throw error
      }
      if (this.#due !== 'none') continue
      this.#current = true
      if (!this.#stopped) this.#listeners.call()
    }
  }

  async #readOnce(due: Due): Promise<void> {
    const data = due === 'children' ? null : this.#zk.get(this.path, { watch: this.#onData })
    const children = due === 'data' ? null : this.#zk.getChildren(this.path, { watch: this.#onChildren })
    const [gotData, gotChildren] = await Promise.allSettled([data, children])
    const failure = [gotData, gotChildren].find(result => result.status === 'rejected')
    if (failure !== undefined) return this.#absent(failure.reason)
    const { value: node } = gotData as PromiseFulfilledResult<Awaited<
      ReturnType<ZooKeeperView['get']>
    > | null>
    const { value: list } = gotChildren as PromiseFulfilledResult<Awaited<
      ReturnType<ZooKeeperView['getChildren']>
    > | null>
    const known = node?.stat ?? this.#content.stat
    // A listing may know of data that is still on its way: its Stat would make old data pass for the new.
    const stat = list !== null && (known === null || list.stat.mzxid === known.mzxid) ? list.stat : known
    this.#show({
      path: this.path,
      data: node === null ? this.#content.data : deepFreeze(decode(node.data)),
      children: list === null ? this.#content.children : Object.freeze([...list.children].sort()),
      stat: Object.freeze(stat),
    })
  }

  #show(content: Content): void {
    this.#content = Object.freeze(content)
    this.#asOf = Date.now()
    this.#remembered = false
    this.#snapshot = null
  }

  /** No znode: the watch on its existence takes over. Any other failure is the caller's. */
  async #absent(reason: unknown): Promise<void> {
    if (!ZooKeeperError.is(reason, 'NO_NODE')) throw reason
    const stat = await this.#zk.exists(this.path, { watch: this.#onData })
    if (stat === null) {
      this.#show(blank(this.path))
    } else {
      this.#due = 'both'
    }
  }

  #retryLater(): void {
    if (this.#stopped || this.#retry !== null) return
    const pause = this.#backoff.next()
    log('%s: read again in %d ms', this.path, pause)
    this.#retry = setTimeout(() => this.#retryNow(), pause)
  }

  #retryNow(): void {
    this.#clearRetry()
    this.#again('both')
  }

  /** The watches are gone with the client: all has to be read again, once it is started. */
  #rest(): void {
    this.#clearRetry()
    this.#retry = 'link'
    this.#current = false
  }

  #clearRetry(): void {
    if (this.#retry !== 'link' && this.#retry !== null) clearTimeout(this.#retry)
    this.#retry = null
  }
}

/** `expired` is followed by a new session without anybody's doing. */
function isOver(state: SessionState): boolean {
  return isTerminal(state) && state !== 'expired'
}
