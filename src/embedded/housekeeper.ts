// The two things that happen by themselves: sessions expire and znodes are reaped. Two timers, and only while needed.
import type { Clock, Timer } from '../../protocol/support/clock.ts'
import { scheduleFairly } from './punctual.ts'
import { reap } from './reaper.ts'
import type { World } from './world.ts'

export class Housekeeper {
  readonly #world: World
  readonly #clock: Clock
  #expiry: { readonly at: number; readonly timer: Timer } | null = null
  #reaping: Timer | null = null
  #stopped = false

  constructor(world: World) {
    this.#world = world
    this.#clock = world.settings.clock
    world.onWork = () => this.#arm()
  }

  /** Looks for what there is to do later. */
  look(): void {
    this.#arm()
  }

  stop(): void {
    this.#stopped = true
    this.#expiry?.timer.cancel()
    this.#reaping?.cancel()
  }

  #arm(): void {
    if (this.#stopped) return
    this.#armExpiry()
    if (this.#reaping === null && this.#world.tree.reapable.size > 0) {
      this.#reaping = this.#clock.schedule(this.#world.settings.containerCheckInterval, () => {
        this.#reaping = null
        reap(this.#world)
        this.#arm()
      })
    }
  }

  #armExpiry(): void {
    const at = this.#world.sessions.nextExpiry
    if (at !== undefined && this.#expiry !== null && this.#expiry.at <= at) return
    this.#expiry?.timer.cancel()
    this.#expiry = null
    if (at === undefined) return
    const timer = scheduleFairly(this.#clock, at - this.#clock.now(), () => {
      this.#expiry = null
      this.#world.expireSessions()
      this.#arm()
    })
    this.#expiry = { at, timer }
  }
}
