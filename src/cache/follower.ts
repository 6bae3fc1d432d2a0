// Keeps a model true: one watch over all of it, and rounds of reads for what the events and the gaps make due.
import type { WatchedEvent, ZooKeeperView } from '../../protocol/index.ts'
import { isLinked, isTerminal, parentOf } from '../../protocol/index.ts'
import { delay, onAbort } from '../../protocol/support/abort.ts'
import { Backoff } from '../../protocol/support/backoff.ts'
import { logger } from '../../protocol/support/log.ts'
import { isPassing, isSessionOver } from '../recipes/persistence.ts'
import { Agenda } from './agenda.ts'
import type { Model } from './model.ts'
import type { CacheSettings } from './options.ts'
import type { RoundOutcome } from './round.ts'
import { Round } from './round.ts'
import type { Scope } from './scope.ts'

const log = logger('cache')

/** Events fold into one read for each path, so many may come before it pays to read everything again. */
const WATCH_CAPACITY = 65_536

/** After a gap the reads begin at a random time, up to one millisecond for each znode and this in all. */
const LONGEST_PAUSE = 1000

export interface FollowerPort {
  /** What is known is not certain any more: a gap, or a read that failed. */
  doubted(): void
  /** A round is over and the model is whole: to be shown. `certain`: nothing was missed before or since. */
  settled(certain: boolean): void
  /** The client is closed for good. */
  ended(): void
  warning(error: unknown): void
}

/** Whether every change since the last whole round is known or will be told. */
type Trust = 'none' | 'verifying' | 'full'

export class Follower {
  readonly #zk: ZooKeeperView
  readonly #scope: Scope
  readonly #model: Model
  readonly #settings: CacheSettings
  readonly #port: FollowerPort
  readonly #due = new Agenda()
  /** What could not be read, until a round that tries it again. */
  readonly #failed = new Agenda()
  /** True when the next round is to do that. */
  #again = false
  readonly #backoff: Backoff
  readonly #closed = new AbortController()
  #trust: Trust = 'none'
  /** Counts the gaps, so that a round knows of one that came while it read. */
  #gaps = 0
  #last: RoundOutcome = 'done'
  #reading: Promise<void> | null = null
  /** True from the first read of a round to the last. */
  #busy = false
  #following: Promise<void> = Promise.resolve()
  /** The pauses before another watch and other reads; aborted, they are over. */
  readonly #pauses = new Map<'watch' | 'reads', AbortController>()
  #unsubscribe = (): void => {}

  constructor(zk: ZooKeeperView, scope: Scope, model: Model, settings: CacheSettings, port: FollowerPort) {
    this.#zk = zk
    this.#scope = scope
    this.#model = model
    this.#settings = settings
    this.#port = port
    this.#backoff = new Backoff({ base: 200, cap: 10_000, random: settings.random })
  }

  /** True while no change is known that was not read yet. */
  get current(): boolean {
    return this.#trust === 'full' && this.#due.size + this.#failed.size === 0 && !this.#busy
  }

  start(): void {
    this.#unsubscribe = this.#zk.on('state', ({ state }) => {
      if (!isLinked(state)) this.#doubt('none')
      else this.#hurry()
    })
    this.#following = this.#follow()
  }

  /** Takes the watch back. Resolves when nothing happens any more. */
  async close(): Promise<void> {
    this.#unsubscribe()
    this.#closed.abort()
    await this.#following
    await this.#reading
  }

  async #follow(): Promise<void> {
    const { signal } = this.#closed
    while (!signal.aborted) {
      try {
        const recursive = this.#scope.maxDepth > 0
        const stream = this.#zk.watch(this.#scope.root, { recursive, signal, capacity: WATCH_CAPACITY })
        for await (const event of stream) this.#told(event)
        break
      } catch (error) {
        if (isTerminal(this.#zk.state) && isSessionOver(error)) break
        this.#doubt('none')
        if (!isPassing(error)) this.#port.warning(error)
        await this.#pause('watch')
      }
    }
    if (signal.aborted) return
    log('%s: the client has ended', this.#scope.root)
    this.#closed.abort()
    this.#unsubscribe()
    this.#port.ended()
  }

  #told({ type, path }: WatchedEvent): void {
    if (type === 'resync') {
      this.#doubt('verifying')
      for (const known of this.#model.paths()) this.#due.add('verify', known)
    } else {
      this.#note(type, path)
    }
    if (this.#due.size > 0) this.#read()
  }

  #note(type: Exclude<WatchedEvent['type'], 'resync'>, path: string): void {
    const depth = this.#scope.depthOf(path)
    if (depth < 0 || depth > this.#scope.maxDepth + 1) return
    if (type === 'nodeChildrenChanged') {
      this.#due.add(this.#scope.lists(depth) ? 'list' : 'verify', path)
      return
    }
    if (depth <= this.#scope.maxDepth) this.#due.add('get', path)
    if (type === 'nodeDataChanged' || depth === 0) return
    // At the last level the parent is not listed, but its Stat changes too.
    this.#due.add(this.#scope.lists(depth - 1) ? 'list' : 'verify', parentOf(path))
  }

  get #anyDue(): boolean {
    return this.#due.size > 0 || (this.#again && this.#failed.size > 0)
  }

  #read(): void {
    this.#reading ??= this.#rounds().finally(() => {
      this.#reading = null
      // Between the last look and now.
      if (this.#anyDue && !this.#closed.signal.aborted) this.#read()
    })
  }

  async #rounds(): Promise<void> {
    const { signal } = this.#closed
    while (this.#anyDue && !signal.aborted) {
      // Events that come in one turn of the event loop become one round.
      await this.#turn()
      if (this.#trust === 'verifying') await this.#scatter()
      if (signal.aborted || !(await this.#round())) return
    }
  }

  /** False when the rest has to wait for another try. */
  async #round(): Promise<boolean> {
    const { signal } = this.#closed
    const gaps = this.#gaps
    const work = new Agenda()
    work.absorb(this.#due)
    // What a broken connection left undone belongs to the picture; what fails by itself must not hold it up.
    if (this.#again || this.#last === 'broken') work.absorb(this.#failed)
    this.#again = false
    this.#busy = true
    this.#last = await new Round({
      zk: this.#zk,
      model: this.#model,
      work,
      failed: this.#failed,
      concurrency: this.#settings.concurrency,
      signal,
      warning: error => this.#port.warning(error),
    }).run()
    if (signal.aborted) return false
    // What came with the last answers has its say first.
    await this.#turn()
    this.#busy = false
    if (this.#failed.size > 0) this.#tryAgain()
    if (this.#last === 'broken') return false
    if (this.#gaps === gaps && this.#trust === 'verifying') this.#trust = 'full'
    if (this.#failed.size === 0) this.#backoff.reset()
    this.#port.settled(this.#trust === 'full' && this.#failed.size === 0)
    return true
  }

  /** Something may have been missed; `verifying`: and is being looked for. */
  #doubt(trust: Exclude<Trust, 'full'>): void {
    this.#trust = trust
    this.#gaps++
    this.#port.doubted()
  }

  #tryAgain(): void {
    this.#port.doubted()
    if (this.#pauses.has('reads')) return
    void this.#pause('reads').then(() => {
      if (this.#closed.signal.aborted) return
      this.#again = true
      if (this.#anyDue) this.#read()
    })
  }

  #turn(): Promise<void> {
    return new Promise(resolve => this.#settings.clock.defer(resolve))
  }

  /** Many caches must not come back in step. */
  #scatter(): Promise<void> {
    const bound = Math.min(LONGEST_PAUSE, this.#model.size - 1)
    return this.#wait(this.#settings.random() * bound, this.#closed)
  }

  async #pause(before: 'watch' | 'reads'): Promise<void> {
    const pause = new AbortController()
    this.#pauses.set(before, pause)
    const off = onAbort(this.#closed.signal, () => pause.abort())
    await this.#wait(this.#backoff.next(), pause)
    off()
    this.#pauses.delete(before)
  }

  /** The link is fresh: whoever waits for another try need not wait any longer. */
  #hurry(): void {
    for (const pause of this.#pauses.values()) pause.abort()
  }

  /** Shorter with an abort. */
  async #wait(ms: number, { signal }: AbortController): Promise<void> {
    if (ms > 0) await delay(this.#settings.clock, ms, signal).catch(() => {})
  }
}
