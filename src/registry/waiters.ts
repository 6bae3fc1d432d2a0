// The callers whose wish for a node is not fulfilled yet, each with the time and the signal that end its waiting.
import { onAbort } from '../../protocol/support/abort.ts'
import type { Deferred } from '../../protocol/support/deferred.ts'
import { deferred } from '../../protocol/support/deferred.ts'
import { NoConnectionError, ServiceRegistryError } from './errors.ts'

/** How long a caller waits. */
export interface Patience {
  /** By the clock of the registration; Infinity without an end. */
  readonly until: number
  readonly signal: AbortSignal | undefined
}

type Kind = 'present' | 'absent'

interface Waiter extends Deferred<void> {
  readonly number: number
  readonly kind: Kind
  readonly until: number
  off(): void
}

const NOTHING = (): void => {}

export class Waiters {
  readonly #moved: () => void
  readonly #why: () => Error | undefined
  #waiting: Waiter[] = []
  #asked = 0

  /**
   * `moved` is called when `deadline` may have changed. `why` tells why it is not as wanted when the time is up;
   * undefined: for want of an answer.
   */
  constructor(moved: () => void, why: () => Error | undefined) {
    this.#moved = moved
    this.#why = why
  }

  get size(): number {
    return this.#waiting.length
  }

  /** Number of the caller who came last. */
  get newest(): number {
    return this.#asked
  }

  /** When the first of them has waited long enough. */
  get deadline(): number {
    let deadline = Number.POSITIVE_INFINITY
    for (const { until } of this.#waiting) if (until < deadline) deadline = until
    return deadline
  }

  add(kind: Kind, { until, signal }: Patience): Promise<void> {
    const { promise, resolve, reject } = deferred<void>()
    const waiter = { promise, resolve, reject, number: ++this.#asked, kind, until, off: NOTHING }
    this.#waiting.push(waiter)
    if (signal !== undefined) {
      waiter.off = onAbort(signal, reason => this.#settle([waiter], each => each.reject(reason)))
    }
    this.#moved()
    return promise
  }

  /** The tree is as everybody wanted who came no later than this one. */
  resolve(newest: number): void {
    this.#settle(
      this.#waiting.filter(({ number }) => number <= newest),
      waiter => waiter.resolve(),
    )
  }

  /** Those who came no later than `newest`; without it, all. */
  reject(error: unknown, newest: number = Number.POSITIVE_INFINITY): void {
    this.#settle(
      this.#waiting.filter(({ number }) => number <= newest),
      waiter => waiter.reject(error),
    )
  }

  /** Those who came after `served` and want something else are told: their wish is not the one at hand any more. */
  supersede(kind: Kind, path: string, served: number): void {
    const others = this.#waiting.filter(waiter => waiter.kind !== kind && waiter.number > served)
    if (others.length === 0) return
    const error = new ServiceRegistryError('SUPERSEDED', `${path}: another call wants the opposite`, { path })
    this.#settle(others, waiter => waiter.reject(error))
  }

  expire(now: number): void {
    this.#settle(
      this.#waiting.filter(({ until }) => until <= now),
      waiter => waiter.reject(this.#why() ?? new NoConnectionError()),
    )
  }

  #settle(over: readonly Waiter[], how: (waiter: Waiter) => void): void {
    if (over.length === 0) return
    this.#waiting = this.#waiting.filter(waiter => !over.includes(waiter))
    for (const waiter of over) {
      waiter.off()
      how(waiter)
    }
    this.#moved()
  }
}
