// Keeps one connection alive with pings, and notices when the other end has gone silent.
import { afterInput } from '../support/after-input.ts'
import type { Clock, Timer } from '../support/clock.ts'
import type { Timeouts } from './timeouts.ts'

export interface HeartbeatPort {
  /** Nothing was sent for the ping interval. */
  ping(): void
  /** Nothing was received for the read timeout, although something was asked. */
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
  /** When the other end was first asked something since it was last heard; Infinity if it was not. */
  #askedAt: number = Number.POSITIVE_INFINITY

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
    if (at < this.#askedAt) this.#askedAt = at
  }

  received(at: number): void {
    this.#receivedAt = at
    this.#askedAt = Number.POSITIVE_INFINITY
  }

  stop(): void {
    this.#running = false
    this.#timer?.cancel()
  }

  #arm(): void {
    const due = Math.min(this.#sentAt + this.#timeouts.ping, this.#deadline)
    this.#timer = this.#clock.schedule(due - this.#clock.now(), () => this.#wake(due))
  }

  /**
   * The silence of one who was not asked proves nothing: after a stall of this process the ping comes late, and the
   * answer gets its time. Otherwise the ping went out long before, and this is the read timeout.
   */
  get #deadline(): number {
    return Math.max(this.#receivedAt + this.#timeouts.read, this.#askedAt + this.#timeouts.ping)
  }

  #wake(due: number): void {
    const late = this.#clock.now() - due
    if (late > this.#timeouts.ping) this.#port.stalled(late)
    // What has arrived meanwhile is read before silence is judged: the other end may be fine and we late.
    if (this.#silent) this.#timer = afterInput(this.#clock, () => this.#judge())
    else this.#judge()
  }

  get #silent(): boolean {
    return this.#clock.now() >= this.#deadline
  }

  #judge(): void {
    if (!this.#running) return
    const now = this.#clock.now()
    if (this.#silent) {
      this.stop()
      this.#port.dead(now - this.#receivedAt)
      return
    }
    // In the words of `#arm`: rounded otherwise, it would not be due yet, and be looked for again at once.
    if (now >= this.#sentAt + this.#timeouts.ping) {
      this.#port.ping()
      this.sent(now)
    }
    this.#arm()
  }
}
