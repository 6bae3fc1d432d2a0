// What the tests of views share: a listing that the test controls, and a view over it.
import { Buffer } from 'node:buffer'
import type { ListedNode, Listing, ListingSource } from '../../../src/registry/discovery/listing.ts'
import { View } from '../../../src/registry/discovery/view.ts'
import type { DiscoverOptions } from '../../../src/registry/discovery/view-options.ts'
import { viewSettings } from '../../../src/registry/discovery/view-options.ts'
import { FakeClock } from '../../support/fake-clock.ts'

export class FakeListing implements ListingSource {
  ready: Promise<void> = Promise.resolve()
  listing: Listing = { nodes: new Map(), live: false, remembered: false, asOf: null }
  stopped = 0
  #zxid = 0n
  #listeners: (() => void)[] = []

  /** Names and their JSON; a name whose JSON is the same is the same node. */
  show(nodes: Readonly<Record<string, object | string>>, live = true): void {
    const before = this.listing.nodes
    const entries = Object.entries(nodes).map(([name, value]): [string, ListedNode] => {
      const data = Buffer.from(typeof value === 'string' ? value : JSON.stringify(value))
      const old = before.get(name)
      if (old !== undefined && Buffer.compare(old.data!, data) === 0) return [name, old]
      this.#zxid++
      return [name, { data, czxid: old?.czxid ?? this.#zxid, mzxid: this.#zxid }]
    })
    this.set({ nodes: new Map(entries), live, remembered: false, asOf: new Date(5) })
  }

  set(listing: Listing): void {
    this.listing = listing
    for (const listener of this.#listeners) listener()
  }

  listen(listener: () => void): () => void {
    this.#listeners.push(listener)
    return () => {}
  }

  stop(): void {
    this.stopped++
  }
}

export interface Fixture {
  readonly view: View
  readonly source: FakeListing
  readonly clock: FakeClock
  readonly warnings: unknown[]
  readonly told: string[]
  /** The names of each list that is to be kept for a later start. */
  readonly believed: string[][]
  ids(): string[]
}

export function fixture(options: DiscoverOptions = {}): Fixture {
  const source = new FakeListing()
  const clock = new FakeClock()
  const warnings: unknown[] = []
  const told: string[] = []
  const believed: string[][] = []
  const port = {
    path: '/app/web',
    service: 'web',
    source,
    clock,
    warning: (error: unknown) => warnings.push(error),
    believed: ({ nodes }: Listing) => believed.push([...nodes.keys()]),
    disposed: () => told.push('disposed'),
  }
  const view = new View(port, viewSettings(options))
  for (const name of ['added', 'updated', 'removed'] as const) {
    view.on(name, ({ type, instance }) => told.push(`${type} ${instance.id}`))
  }
  return { view, source, clock, warnings, told, believed, ids: () => view.instances.map(({ id }) => id) }
}
