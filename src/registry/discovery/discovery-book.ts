// The views of a registry, which end with it.
import { nameOf, validatePath } from '../../../protocol/index.ts'
import { systemClock } from '../../../protocol/support/clock.ts'
import type { Link } from '../link.ts'
import { ChildrenListing } from './children-listing.ts'
import { View } from './view.ts'
import type { DiscoverOptions } from './view-options.ts'
import { viewSettings } from './view-options.ts'

export class DiscoveryBook {
  readonly #link: Link
  readonly #warn: (error: unknown) => void
  readonly #views = new Set<View>()

  constructor(link: Link, warn: (error: unknown) => void) {
    this.#link = link
    this.#warn = warn
  }

  /** Errors: INVALID_PATH, INVALID_OPTION. */
  open(path: string, options: DiscoverOptions): View {
    validatePath(path)
    const settings = viewSettings(options)
    const source = new ChildrenListing(this.#link.zk, settings.format.folder(path), this.#warn)
    const disposed = (view: View): void => {
      this.#views.delete(view)
    }
    const port = { path, service: nameOf(path), source, clock: systemClock, warning: this.#warn, disposed }
    const view = new View(port, settings)
    this.#views.add(view)
    return view
  }

  stop(): void {
    for (const view of [...this.#views]) view.dispose()
  }
}
