// Keeps one connection alive with pings, and notices when the other end has gone silent.
import type { Clock, Timer } from '../support/clock.ts'
import type { Timeouts } from './timeouts.ts'

export interface HeartbeatPort {
  /** Nothing was sent for the ping interval. */
  ping(): void
  /** Nothing was received for the read timeout. */
  dead(silentFor: number): void
  /** This process did not run for `ms` milliseconds more than it should have waited. */
  stalled(ms: number): void
}

export class Heartbeat {
  readonly #clock: Clock
  readonly #timeouts: Timeouts
  readonly #port: HeartbeatPort
  #timer: Timer | undefined
  #running = true
  #sentAt: number
  #receivedAt: number

  constructor(clock: Clock, timeouts: Timeouts, port: HeartbeatPort) {
    this.#clock = clock
    this.#timeouts = timeouts
    this.#port = port
    this.#sentAt = clock.now()
    this.#receivedAt = this.#sentAt
    this.#arm()
  }

  sent(at: number): void {
    this.#sentAt = at
  }

  received(at: number): void {
    this.#receivedAt = at
  }

  stop(): void {
    this.#running = false
    this.#timer?.cancel()
  }

  #arm(): void {
    const due = Math.min(this.#sentAt + this.#timeouts.ping, this.#receivedAt + this.#timeouts.read)
    this.#timer = this.#clock.schedule(due - this.#clock.now(), () => this.#wake(due))
  }

  #wake(due: number): void {
    const late = this.#clock.now() - due
    if (late > this.#timeouts.ping) this.#port.stalled(late)
    // What has arrived meanwhile is read before anything is judged: the other end may be fine and we late.
    this.#clock.defer(() => this.#clock.defer(() => this.#judge()))
  }

  #judge(): void {
    if (!this.#running) return
    const now = this.#clock.now()
    const silentFor = now - this.#receivedAt
    if (silentFor >= this.#timeouts.read) {
      this.stop()
      this.#port.dead(silentFor)
      return
    }
    if (now - this.#sentAt >= this.#timeouts.ping) {
      this.#port.ping()
      this.#sentAt = now
    }
    this.#arm()
  }
}
