// One callback on a path: told now and after every change of content, one call at a time.
import type { Callback, Sight, Source } from './snapshot.ts'
import { sameSight } from './snapshot.ts'

/** What makes the snapshot that the caller gets out of the one inside; a promise while a validator takes its time. */
export type Shape = (sight: Sight) => unknown

/** `muted` by `stop()`; `closed` for good. */
type State = 'on' | 'muted' | 'closed'

export interface SubscriptionPort {
  /** The callback threw, or rejected. */
  warning(error: unknown): void
  /** It is closed. */
  closed(): void
}

/** What `addCallback` hands out: mutes the callback, or ends it. Neither stops the path from being followed. */
export class Subscription implements Disposable {
  readonly #source: Source
  readonly #shape: Shape
  readonly #callback: Callback<never>
  readonly #port: SubscriptionPort
  readonly #unlisten: () => void
  #told: Sight | null = null
  #state: State = 'on'
  #busy = false

  constructor(source: Source, shape: Shape, callback: Callback<never>, port: SubscriptionPort) {
    this.#source = source
    this.#shape = shape
    this.#callback = callback
    this.#port = port
    this.#unlisten = source.listen(() => this.update())
  }

  /** Mutes the callback. */
  stop(): void {
    if (this.#state === 'on') this.#state = 'muted'
  }

  /** Calls it again from now on; and at once, if something has changed meanwhile. */
  start(): void {
    if (this.#state !== 'muted') return
    this.#state = 'on'
    this.update()
  }

  /** True while the callback is called. */
  state(): boolean {
    return this.#state === 'on'
  }

  /** Ends it for good. */
  close(): void {
    if (this.#state === 'closed') return
    this.#state = 'closed'
    this.#unlisten()
    this.#port.closed()
  }

  [Symbol.dispose](): void {
    this.close()
  }

  /** Has the callback told the next sight, also if it knows it already. */
  forget(): void {
    this.#told = null
  }

  /** Calls the callback unless it knows already. One that is still at work gets the newest when it is done. */
  update(): void {
    if (this.#state !== 'on' || this.#busy) return
    const sight = this.#source.snapshot
    if (this.#told !== null && sameSight(this.#told, sight)) return
    this.#told = sight
    this.#tell(sight)
  }

  #tell(sight: Sight): void {
    this.#busy = true
    let work: PromiseLike<unknown> | null = null
    try {
      const shaped = this.#shape(sight)
      const result = isThenable(shaped) ? shaped.then(value => this.#call(value)) : this.#call(shaped)
      if (isThenable(result)) work = result
    } catch (error) {
      this.#port.warning(error)
    }
    if (work === null) {
      this.#busy = false
      // The callback itself may have brought news.
      this.update()
      return
    }
    Promise.resolve(work)
      .catch(error => this.#port.warning(error))
      .then(() => {
        this.#busy = false
        this.update()
      })
  }

  /** Whoever was muted while the validator was at work is told when he listens again. */
  #call(value: unknown): unknown {
    if (this.#state === 'on') return (this.#callback as Callback<unknown>)(value)
    this.#told = null
    return undefined
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function'
}
