// Does not believe at once that a service has lost its instances: keeps the last good list for a while.
import type { Clock, Timer } from '../../../protocol/support/clock.ts'
import type { Instance } from '../formats/instance.ts'

export type Instances = ReadonlyMap<string, Instance>

export interface HoldOptions {
  /** Fewer instances than this are too few. 0: every list is believed. */
  readonly minInstances: number
  /** Milliseconds for which the last good list is kept. */
  readonly holdDown: number
}

type State =
  | { readonly kind: 'open'; readonly good: Instances | null }
  | { readonly kind: 'holding'; readonly good: Instances; readonly timer: Timer | null }
  /** Too short for too long: shown as it is until it recovers. */
  | { readonly kind: 'over' }

export class ListHold {
  readonly #options: HoldOptions
  readonly #clock: Clock
  readonly #givenUp: () => void
  #state: State = { kind: 'open', good: null }

  /** `givenUp` is called when the time is over, and the list that is too short counts from then on. */
  constructor(options: HoldOptions, clock: Clock, givenUp: () => void) {
    this.#options = options
    this.#clock = clock
    this.#givenUp = givenUp
  }

  get holding(): boolean {
    return this.#state.kind === 'holding'
  }

  /** What to show for what was read: the same, or the last good list with what is known now. */
  show(read: Instances): Instances {
    const { minInstances, holdDown } = this.#options
    if (read.size >= minInstances) {
      this.stop()
      this.#state = { kind: 'open', good: read }
      return read
    }
    if (this.#state.kind === 'open' && this.#state.good !== null) {
      const timer = Number.isFinite(holdDown) ? this.#clock.schedule(holdDown, () => this.#giveUp()) : null
      this.#state = { kind: 'holding', good: this.#state.good, timer }
    }
    return this.#state.kind === 'holding' ? new Map([...this.#state.good, ...read]) : read
  }

  stop(): void {
    if (this.#state.kind === 'holding') this.#state.timer?.cancel()
  }

  #giveUp(): void {
    this.#state = { kind: 'over' }
    this.#givenUp()
  }
}
