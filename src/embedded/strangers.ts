// Connections that have not asked for a session yet: each has a while to do so, and then it is cut.
import type { Clock, Timer } from '../../protocol/support/clock.ts'
import { scheduleFairly } from './punctual.ts'

export interface Stranger {
  destroy(): void
}

/** One timer for all of them: the oldest is the first to go. */
export class Strangers {
  readonly #clock: Clock
  readonly #patience: number
  /** When each has to be known, oldest first. */
  readonly #until = new Map<Stranger, number>()
  #sweep: Timer | null = null
  /** Nobody is cut while the server stands still, or once it is closed. */
  #watching = true

  /** `patience`: milliseconds in which a connection has to ask for a session. */
  constructor(clock: Clock, patience: number) {
    this.#clock = clock
    this.#patience = patience
  }

  add(connection: Stranger): void {
    this.#until.set(connection, this.#clock.now() + this.#patience)
    this.#arm()
  }

  /** Known now, or gone: without strangers there is nothing to wait for. */
  remove(connection: Stranger): void {
    this.#until.delete(connection)
    if (this.#until.size === 0) this.#disarm()
  }

  pause(): void {
    this.#watching = false
    this.#disarm()
  }

  resume(): void {
    this.#watching = true
    this.#arm()
  }

  #arm(): void {
    const [oldest] = this.#until.values()
    if (this.#sweep !== null || oldest === undefined || !this.#watching) return
    this.#sweep = scheduleFairly(this.#clock, oldest - this.#clock.now(), () => {
      this.#sweep = null
      for (const [connection, until] of this.#until) {
        if (until > this.#clock.now()) break
        connection.destroy()
        this.#until.delete(connection)
      }
      this.#arm()
    })
  }

  #disarm(): void {
    this.#sweep?.cancel()
    this.#sweep = null
  }
}
