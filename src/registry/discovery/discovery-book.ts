// The views of a registry, which end with it.
import { nameOf, validatePath } from '../../../protocol/index.ts'
import { unreferencedClock } from '../../../protocol/support/clock.ts'
import type { Link } from '../link.ts'
import type { SnapshotCache } from '../snapshot-cache.ts'
import { ChildrenListing } from './children-listing.ts'
import type { ViewPort } from './view.ts'
import { View } from './view.ts'
import type { DiscoverOptions } from './view-options.ts'
import { viewSettings } from './view-options.ts'

export class DiscoveryBook {
  readonly #link: Link
  readonly #cache: SnapshotCache | null
  readonly #warn: (error: unknown) => void
  readonly #views = new Set<View>()

  constructor(link: Link, cache: SnapshotCache | null, warn: (error: unknown) => void) {
    this.#link = link
    this.#cache = cache
    this.#warn = warn
  }

  /** Errors: INVALID_PATH, INVALID_OPTION. */
  open(path: string, options: DiscoverOptions): View {
    validatePath(path)
    const settings = viewSettings(options)
    const folder = settings.format.folder(path)
    const source = new ChildrenListing(this.#link.zk, folder, {
      warning: this.#warn,
      recall: async () => (await this.#cache?.recallListing(folder)) ?? null,
    })
    const port: ViewPort = {
      path,
      service: nameOf(path),
      source,
      clock: unreferencedClock,
      warning: this.#warn,
      believed: ({ nodes, asOf }) => this.#cache?.keepListing(folder, { nodes, asOf: asOf.getTime() }),
      disposed: view => void this.#views.delete(view),
    }
    const view = new View(port, settings)
    this.#views.add(view)
    return view
  }

  stop(): void {
    for (const view of [...this.#views]) view.dispose()
  }
}
