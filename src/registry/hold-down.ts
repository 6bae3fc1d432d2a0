// Does not believe at once that a list has shrunk: keeps the last good one for a while.
import type { Clock, Timer } from '../../protocol/support/clock.ts'

export interface HoldOptions {
  /** Fewer than this are too few. 0: every list is believed. */
  readonly minInstances: number
  /** Milliseconds for which the last good list is kept. */
  readonly holdDown: number
}

/**
 * - `open`: the list is long enough, or has never been.
 * - `holding`: it is too short, and `good` counts in its place until the timer.
 * - `over`: it has been too short for too long, and is believed until it recovers.
 */
type State<List> =
  | { readonly kind: 'open'; readonly good: List | null }
  | { readonly kind: 'holding'; readonly good: List; readonly timer: Timer | null }
  | { readonly kind: 'over' }

export class HoldDown<List> {
  readonly #options: HoldOptions
  readonly #clock: Clock
  readonly #givenUp: () => void
  #state: State<List> = { kind: 'open', good: null }

  /** `givenUp` is called when the time is over, and the list that is too short counts from then on. */
  constructor(options: HoldOptions, clock: Clock, givenUp: () => void) {
    this.#options = options
    this.#clock = clock
    this.#givenUp = givenUp
  }

  /** The last good list while the present one is not believed; otherwise null. */
  get held(): List | null {
    return this.#state.kind === 'holding' ? this.#state.good : null
  }

  /** Takes the present list with its length, and answers as `held` does from then on. */
  take(list: List, length: number): List | null {
    if (length >= this.#options.minInstances) {
      this.stop()
      this.#state = { kind: 'open', good: list }
    } else if (this.#state.kind === 'open' && this.#state.good !== null) {
      this.#hold(this.#state.good)
    }
    return this.held
  }

  /** No timer is left. */
  stop(): void {
    if (this.#state.kind === 'holding') this.#state.timer?.cancel()
  }

  #hold(good: List): void {
    const { holdDown } = this.#options
    const timer = Number.isFinite(holdDown) ? this.#clock.schedule(holdDown, () => this.#giveUp()) : null
    this.#state = { kind: 'holding', good, timer }
  }

  #giveUp(): void {
    this.#state = { kind: 'over' }
    this.#givenUp()
  }
}
