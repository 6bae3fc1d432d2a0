// A live view of the instances of a service: who is there, who is picked next, and what changes.
import type { Clock } from '../../../protocol/support/clock.ts'
import { deferred, handled } from '../../../protocol/support/deferred.ts'
import { Emitter } from '../../../protocol/support/emitter.ts'
import { ServiceRegistryError } from '../errors.ts'
import type { Instance } from '../formats/instance.ts'
import { HoldDown } from '../hold-down.ts'
import type { InstanceChange } from './instance-changes.ts'
import { changeStream, changesBetween } from './instance-changes.ts'
import type { Instances } from './instance-list.ts'
import { InstanceList } from './instance-list.ts'
import type { Lease } from './leases.ts'
import { Leases } from './leases.ts'
import type { Listing, ListingSource } from './listing.ts'
import { Outliers } from './outliers.ts'
import { RoundRobin } from './strategies/round-robin.ts'
import type { ViewSettings } from './view-options.ts'

export interface ViewEvents {
  added: InstanceChange & { readonly type: 'added' }
  updated: InstanceChange & { readonly type: 'updated' }
  removed: InstanceChange & { readonly type: 'removed' }
  /** After one or more of the events above: `instances` is another list. */
  changed: readonly Instance[]
  /** Failed too often, and is not picked for a while. */
  ejected: Instance
}

export interface PickOptions {
  /** What to stick to; the strategy `sticky` uses it. */
  key?: string | undefined
  /** Ids of instances that were tried already; they are picked only where there is nobody else. */
  except?: ReadonlySet<string> | undefined
}

export interface ViewPort {
  readonly path: string
  readonly service: string
  readonly source: ListingSource
  readonly clock: Clock
  readonly warning: (error: unknown) => void
  /** A server has shown it, and it is not held back: a later start may begin with it. */
  readonly believed: (listing: Listing & { readonly asOf: Date }) => void
  readonly disposed: (view: View) => void
}

export class View implements Disposable {
  readonly path: string
  /** The name of the service: the last part of the path. */
  readonly service: string
  /**
   * Resolves when a server has shown the instances for the first time; without a connection, also when the cache file
   * has: `source` tells. Errors: STOPPED.
   */
  readonly ready: Promise<void>
  readonly #ready = deferred<void>()
  readonly #port: ViewPort
  readonly #settings: ViewSettings
  readonly #list: InstanceList
  readonly #hold: HoldDown<Instances>
  readonly #outliers: Outliers | null
  readonly #leases: Leases
  readonly #events: Emitter<ViewEvents>
  readonly #ended = new AbortController()
  readonly #weightless = new RoundRobin()
  #instances: Instances = new Map()
  #believed: Listing['nodes'] | null = null
  #array: readonly Instance[] = Object.freeze([])
  /** Those that are enabled and have weight, or without any weight, those that are enabled. */
  #candidates: readonly Instance[] = []

  constructor(port: ViewPort, settings: ViewSettings) {
    const { path, service, source, clock, warning } = port
    this.path = path
    this.service = service
    this.#port = port
    this.#settings = settings
    this.#list = new InstanceList({ path, service, format: settings.format, warning })
    this.#hold = new HoldDown(settings, clock, () => this.#look())
    this.#outliers = settings.outliers === null ? null : new Outliers(settings.outliers, clock)
    this.#events = new Emitter(warning)
    this.#leases = new Leases({
      success: instance => this.success(instance),
      error: instance => this.error(instance),
    })
    this.ready = handled(this.#ready.promise)
    source.listen(() => this.#look())
    source.ready.then(() => {
      this.#look()
      this.#ready.resolve()
    }, this.#ready.reject)
  }

  /** All there are, also those that are about to leave or ejected, in the order of their ids. Frozen. */
  get instances(): readonly Instance[] {
    return this.#array
  }

  /** Those that `pick` chooses among. */
  get candidates(): readonly Instance[] {
    return this.#outliers?.filter(this.#candidates) ?? this.#candidates
  }

  /**
   * `memory`: what was known when the connection was lost, if anything. `file`: from the cache file; no server has
   * shown it since the view began.
   */
  get source(): 'live' | 'memory' | 'file' {
    const { live, remembered } = this.#port.source.listing
    return live ? 'live' : remembered ? 'file' : 'memory'
  }

  /** When a server last showed the list; null if none has. */
  get asOf(): Date | null {
    return this.#port.source.listing.asOf
  }

  /** True: the truth may have moved on, or a list that is too short is not believed yet. */
  get stale(): boolean {
    return !this.#port.source.listing.live || this.#hold.held !== null
  }

  /** One instance by the strategy; null where nobody is enabled. */
  pick(key?: string | PickOptions): Instance | null {
    const { key: stickTo, except } = typeof key === 'object' ? key : { key, except: undefined }
    const context = { key: stickTo, load: ({ id }: Instance) => this.#leases.count(id) }
    const all = this.candidates
    const fresh = except === undefined ? all : all.filter(({ id }) => !except.has(id))
    const among = fresh.length > 0 ? fresh : all
    const picked = this.#settings.strategy.pick(among, context)
    // A strategy that goes by weight picks nobody without: rather one of those than none.
    if (picked !== null || !among.every(({ weight }) => weight === 0)) return picked
    return this.#weightless.pick(among)
  }

  /** As `pick`, and counts as a use until the lease is released; null where nobody is enabled. */
  acquire(key?: string | PickOptions): Lease | null {
    const instance = this.pick(key)
    return instance === null ? null : this.#leases.open(instance)
  }

  /** Leases that are out on an instance. */
  load(instance: Instance): number {
    return this.#leases.count(instance.id)
  }

  /** Notes that an instance works. */
  success(instance: Instance): void {
    this.#outliers?.success(instance.id)
  }

  /** Notes that an instance failed; some in a row eject it. */
  error(instance: Instance): void {
    const ejects = this.#outliers?.error(instance.id, new Set(this.#candidates.map(({ id }) => id)))
    if (ejects) this.#events.emit('ejected', instance)
  }

  /** Listens to events; the returned function ends that. What a listener throws is a warning of the registry. */
  on<Name extends keyof ViewEvents>(name: Name, listener: (value: ViewEvents[Name]) => void): () => void {
    return this.#events.on(name, listener)
  }

  /**
   * First an `added` for every instance that is known, then what changes. A slow reader is told of each instance once,
   * as the difference to what it knows. Ends with the signal and with the view.
   */
  changes(options: { signal?: AbortSignal } = {}): AsyncGenerator<InstanceChange, void, void> {
    return changeStream({
      instances: () => this.#instances,
      subscribe: listener => this.#events.on('changed', listener),
      signals: [options.signal, this.#ended.signal],
    })
  }

  /** Stops following; the list stays as it is. */
  dispose(): void {
    if (this.#ended.signal.aborted) return
    this.#ended.abort()
    this.#hold.stop()
    this.#port.source.stop()
    this.#ready.reject(new ServiceRegistryError('STOPPED', 'the view was disposed of', { path: this.path }))
    this.#port.disposed(this)
  }

  [Symbol.dispose](): void {
    this.dispose()
  }

  #look(): void {
    if (this.#ended.signal.aborted) return
    const { listing } = this.#port.source
    const { nodes, live, asOf } = listing
    // Before the first answer nothing is known: an empty list would be a claim.
    if (asOf === null) return
    const read = this.#list.read(nodes)
    const good = this.#hold.take(read, read.size)
    // The last good instances, with what is known now of those that are still there.
    const now: Instances = good === null ? read : new Map([...good, ...read])
    if (live && good === null && nodes !== this.#believed) {
      this.#believed = nodes
      this.#port.believed({ ...listing, asOf })
    }
    const changes = changesBetween(this.#instances, now)
    if (changes.length === 0) return
    this.#show(now)
    for (const change of changes) this.#events.emit(change.type, change as never)
    this.#events.emit('changed', this.#array)
  }

  #show(now: Instances): void {
    this.#instances = now
    this.#array = Object.freeze([...now.values()].sort((a, b) => (a.id < b.id ? -1 : 1)))
    const enabled = this.#array.filter(instance => instance.enabled)
    const weighty = enabled.filter(({ weight }) => weight > 0)
    this.#candidates = weighty.length > 0 ? weighty : enabled
    this.#outliers?.retain(new Set(now.keys()))
  }
}
