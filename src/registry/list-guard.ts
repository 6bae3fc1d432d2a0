// A list of children that is not believed at once when it empties itself, as a source of snapshots.
import type { Clock } from '../../protocol/support/clock.ts'
import type { HoldOptions } from './hold-down.ts'
import { HoldDown } from './hold-down.ts'
import { Listeners } from './listeners.ts'
import type { ChildData, Sight, Source } from './snapshot.ts'
import { snapshotOf } from './snapshot.ts'

export class ListGuard implements Source {
  readonly #source: Source
  readonly #hold: HoldDown<Sight>
  readonly #listeners = new Listeners()
  #seen: Sight | null = null
  #shown: Sight | null = null
  #merged: { readonly good: ChildData; readonly now: ChildData; readonly both: ChildData } | null = null

  constructor(source: Source, options: HoldOptions, clock: Clock) {
    this.#source = source
    this.#hold = new HoldDown(options, clock, () => {
      this.#shown = null
      this.#listeners.call()
    })
    source.listen(() => {
      this.#look(source.snapshot)
      this.#listeners.call()
    })
  }

  get snapshot(): Sight {
    const sight = this.#source.snapshot
    if (sight !== this.#seen) this.#look(sight)
    const good = this.#hold.held
    this.#shown ??= good === null ? sight : this.#held(sight, good)
    return this.#shown
  }

  listen(listener: () => void): () => void {
    return this.#listeners.add(listener)
  }

  stop(): void {
    this.#hold.stop()
    this.#listeners.clear()
  }

  #look(sight: Sight): void {
    this.#seen = sight
    this.#shown = null
    this.#hold.take(sight, sight.children.length)
  }

  #held(sight: Sight, good: Sight): Sight {
    const { path, data, stat, source, asOf } = sight
    const content = { path, data, children: good.children, stat }
    const circumstances = { source, asOf: asOf?.getTime() ?? null, stale: true, protected: true }
    if (good.childData === undefined || sight.childData === undefined)
      return snapshotOf(content, circumstances)
    return snapshotOf({ ...content, childData: this.#family(good.childData, sight.childData) }, circumstances)
  }

  /** The last good instances, with what is known now of those that are still there. */
  #family(good: ChildData, now: ChildData): ChildData {
    if (this.#merged?.good !== good || this.#merged.now !== now) {
      this.#merged = { good, now, both: merged(good, now) }
    }
    return this.#merged.both
  }
}

function merged(good: ChildData, now: ChildData): ChildData {
  const all: Record<string, ChildData[string]> = Object.create(null)
  return Object.freeze(Object.assign(all, good, now))
}
