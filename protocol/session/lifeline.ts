// The client's own clock of its session: when it can no longer be sure of it, and when it must be over.
import { afterInput } from '../support/after-input.ts'
import type { Clock, Timer } from '../support/clock.ts'
import type { Timeouts } from './timeouts.ts'

export interface LifelinePort {
  /** No proof of life for the negotiated timeout. */
  silent(): void
  /** No proof of life for so long that the server must have expired the session. */
  expired(): void
}

type Stage = 'alive' | 'silent' | 'over'

/**
 * A proof of life is an answered request, and it holds from the time the request was sent: the server heard
 * from us then at the latest. Events and bare bytes prove nothing about our own direction.
 */
export class Lifeline {
  readonly #clock: Clock
  readonly #port: LifelinePort
  #timeouts: Timeouts | undefined
  #provenAt = 0
  #stage: Stage = 'alive'
  #timer: Timer | undefined

  constructor(clock: Clock, port: LifelinePort) {
    this.#clock = clock
    this.#port = port
  }

  /** A handshake sent at `provenAt` was answered: the session lives, with these timeouts. */
  established(timeouts: Timeouts, provenAt: number): void {
    this.#timeouts = timeouts
    this.#provenAt = provenAt
    this.#stage = 'alive'
    this.#arm()
  }

  proven(at: number): void {
    if (at > this.#provenAt) this.#provenAt = at
  }

  /** Milliseconds until locks are void, unless a server answers; 0 once it is over; Infinity before there is a session. */
  get remaining(): number {
    if (this.#stage !== 'alive') return 0
    if (this.#timeouts === undefined) return Number.POSITIVE_INFINITY
    return Math.max(0, this.#provenAt + this.#timeouts.lost - this.#clock.now())
  }

  /** Milliseconds since the newest proof of life; Infinity before there is a session. */
  get silence(): number {
    return this.#timeouts === undefined ? Number.POSITIVE_INFINITY : this.#clock.now() - this.#provenAt
  }

  stop(): void {
    this.#stage = 'over'
    this.#timer?.cancel()
  }

  #arm(): void {
    this.#timer?.cancel()
    const due = this.#due()
    if (due === undefined) return
    this.#timer = this.#clock.schedule(due - this.#clock.now(), () => this.#wake())
  }

  /** As in the heartbeat, what has arrived is read first: after a stall it may prove the session alive. */
  #wake(): void {
    const due = this.#due()
    if (due === undefined) return
    if (this.#clock.now() < due) this.#arm()
    else this.#timer = afterInput(this.#clock, () => this.#judge())
  }

  /** When the next stage begins; undefined when there is none. */
  #due(): number | undefined {
    if (this.#timeouts === undefined || this.#stage === 'over') return undefined
    return this.#provenAt + (this.#stage === 'alive' ? this.#timeouts.lost : this.#timeouts.expired)
  }

  #judge(): void {
    const due = this.#due()
    if (due === undefined) return
    if (this.#clock.now() < due) {
      this.#arm()
      return
    }
    if (this.#stage === 'alive') {
      this.#stage = 'silent'
      this.#arm()
      this.#port.silent()
      return
    }
    this.stop()
    this.#port.expired()
  }
}
