// Does not believe at once that a service has lost its instances: keeps the last good list for a while.
import type { Clock, Timer } from '../../protocol/support/clock.ts'
import { Listeners } from './listeners.ts'
import type { ChildData, Sight, Source } from './snapshot.ts'
import { snapshotOf } from './snapshot.ts'

export interface GuardOptions {
  /** Fewer children than this are too few. */
  readonly minInstances: number
  /** Milliseconds for which the last good list is kept. */
  readonly holdDown: number
}

/**
 * - `open`: the list is long enough, or has never been.
 * - `holding`: it is too short, and `good` is shown in its place until the timer.
 * - `over`: it has been too short for too long, and is shown as it is until it recovers.
 */
type State =
  | { readonly kind: 'open'; readonly good: Sight | null }
  | { readonly kind: 'holding'; readonly good: Sight; readonly timer: Timer | null }
  | { readonly kind: 'over' }

export class ListGuard implements Source {
  readonly #source: Source
  readonly #options: GuardOptions
  readonly #clock: Clock
  readonly #listeners = new Listeners()
  #state: State = { kind: 'open', good: null }
  #seen: Sight | null = null
  #shown: Sight | null = null
  #merged: { readonly good: ChildData; readonly now: ChildData; readonly both: ChildData } | null = null

  constructor(source: Source, options: GuardOptions, clock: Clock) {
    this.#source = source
    this.#options = options
    this.#clock = clock
    source.listen(() => {
      this.#look(source.snapshot)
      this.#listeners.call()
    })
  }

  get snapshot(): Sight {
    const sight = this.#source.snapshot
    if (sight !== this.#seen) this.#look(sight)
    this.#shown ??= this.#state.kind === 'holding' ? this.#held(sight, this.#state.good) : sight
    return this.#shown
  }

  listen(listener: () => void): () => void {
    return this.#listeners.add(listener)
  }

  stop(): void {
    this.#letGo()
    this.#listeners.clear()
  }

  #look(sight: Sight): void {
    this.#seen = sight
    this.#shown = null
    if (sight.children.length >= this.#options.minInstances) {
      this.#letGo()
      this.#state = { kind: 'open', good: sight }
    } else if (this.#state.kind === 'open' && this.#state.good !== null) {
      this.#hold(this.#state.good)
    }
  }

  #hold(good: Sight): void {
    const { holdDown } = this.#options
    const timer = Number.isFinite(holdDown) ? this.#clock.schedule(holdDown, () => this.#giveUp()) : null
    this.#state = { kind: 'holding', good, timer }
  }

  #giveUp(): void {
    this.#state = { kind: 'over' }
    this.#shown = null
    this.#listeners.call()
  }

  #letGo(): void {
    if (this.#state.kind === 'holding') this.#state.timer?.cancel()
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
