// The life of a registry: started, stopped, rebuilt, and forked off another one.
import { logger } from '../../protocol/support/log.ts'
import type { DiscoveryBook } from './discovery/discovery-book.ts'
import type { InstanceBook } from './instances/instance-book.ts'
import type { Link } from './link.ts'
import type { LockBook } from './lock-book.ts'
import type { CallOptions } from './options.ts'
import type { RegistrationBook } from './registration-book.ts'
import type { SnapshotCache } from './snapshot-cache.ts'
import type { WatcherBook } from './watcher-book.ts'

const log = logger('registry')

export interface RegistryLifePort {
  readonly link: Link
  readonly cache: SnapshotCache | null
  readonly watchers: WatcherBook
  readonly registrations: RegistrationBook
  readonly locks: LockBook
  readonly instances: InstanceBook
  readonly views: DiscoveryBook
  warn(error: unknown): void
}

export class RegistryLife {
  readonly #port: RegistryLifePort
  /** Aborts with the next stop. */
  #stopping = new AbortController()
  /** Under way in a process that was forked. */
  #owning: Promise<void> | null = null

  constructor(port: RegistryLifePort) {
    this.#port = port
  }

  /** Of what must not outlive the next stop. */
  get signal(): AbortSignal {
    return this.#stopping.signal
  }

  /** True in a process that was forked: it has the connection of its parent, and needs its own first. */
  get borrowed(): boolean {
    return this.#port.link.forked || this.#owning !== null
  }

  /** Resolves when this process has a connection of its own, or cannot get one now. */
  async own(): Promise<void> {
    const { link, warn } = this.#port
    if (link.forked) {
      log('the process was forked: connecting anew')
      this.#owning = this.rebuild({})
        .catch(warn)
        .finally(() => {
          this.#owning = null
        })
    }
    if (this.#owning !== null) await this.#owning
  }

  async start(options: CallOptions): Promise<void> {
    if (this.#stopping.signal.aborted) this.#stopping = new AbortController()
    const { link } = this.#port
    try {
      await link.start(options)
    } catch (error) {
      // Whoever began to wait meanwhile would do so for ever.
      if (!link.running) this.#endWaits()
      throw error
    }
  }

  async rebuild(options: CallOptions): Promise<void> {
    const { link, watchers, registrations } = this.#port
    link.checkRunning()
    const { forked } = link
    const connecting = link.rebuild(options)
    watchers.retell()
    if (forked) registrations.adopt()
    const former = await connecting
    if (!link.connected) return
    // Their nodes are replaced in one step as long as the former session has them.
    await registrations.settle(options)
    if (former !== null) await link.bury(former)
  }

  async stop(): Promise<void> {
    const { link, locks, cache } = this.#port
    this.#endWaits()
    await link.close()
    await locks.stop()
    await cache?.flush()
  }

  /** Stops for good. */
  async end(): Promise<void> {
    const { link, watchers, views, instances, registrations } = this.#port
    const ending = link.end()
    await this.stop()
    await ending
    watchers.stop()
    views.stop()
    instances.stop()
    registrations.stop()
  }

  /** Ends the streams, and the calls that wait. */
  #endWaits(): void {
    this.#stopping.abort()
    this.#port.watchers.pause()
  }
}
