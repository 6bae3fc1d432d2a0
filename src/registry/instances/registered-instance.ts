// An instance that this process has registered: it can be changed, drained, and taken away.
import { delay } from '../../../protocol/support/abort.ts'
import type { Clock } from '../../../protocol/support/clock.ts'
import { NoConnectionError, ServiceRegistryError } from '../errors.ts'
import type { InstanceFormat } from '../formats/format.ts'
import type { Instance, InstanceInput } from '../formats/instance.ts'
import { invalid } from '../formats/instance.ts'
import type { Keeper, KeepOptions } from './keeper.ts'

export interface DrainOptions extends KeepOptions {
  /** Milliseconds between the notice and the leave: as long as the longest request. Default 10,000. */
  readonly wait?: number | undefined
}

export interface RegisteredPort {
  readonly keeper: Keeper
  readonly format: InstanceFormat
  readonly clock: Clock
  readonly left: () => void
}

/** `leaving`: it is to go, and the node may stand still. `left`: it is gone, or the registry was stopped. */
type Phase = 'registered' | 'leaving' | 'left'

export class RegisteredInstance implements AsyncDisposable {
  readonly #port: RegisteredPort
  #instance: Instance
  #phase: Phase = 'registered'
  /** Changes are written one after the other. */
  #last: Promise<unknown> = Promise.resolve()

  constructor(instance: Instance, port: RegisteredPort) {
    this.#instance = instance
    this.#port = port
  }

  /** As it was last asked for. */
  get instance(): Instance {
    return this.#instance
  }

  /** Where the node stands now; null where it has no number yet. Numbers change with the session. */
  get path(): string | null {
    return this.#port.keeper.path
  }

  /** False as soon as it is to leave, or the registry was stopped. */
  get registered(): boolean {
    return this.#phase === 'registered'
  }

  /** Resolves when what was asked for so far has come to its end, good or bad. */
  get idle(): Promise<unknown> {
    return this.#last
  }

  /**
   * Changes what is given, and leaves the rest. Id, host and port stay: another address is another instance.
   * Without a connection it rejects with NoConnectionError, and is written with the next one all the same; so it is
   * after STOPPED when the registry is started again. Errors: INVALID_DATA, those of `setNode`.
   */
  async update(change: Partial<InstanceInput>, options: KeepOptions = {}): Promise<void> {
    this.#checkRegistered()
    const { id, name, host, port, registeredAt, ...before } = this.#instance
    const wanted = this.#port.format.complete(
      { ...before, ...defined(change), id, name, host, port, ...(registeredAt !== null && { registeredAt }) },
      name,
      registeredAt ?? 0,
    )
    for (const key of ['id', 'host', 'port'] as const) {
      if (change[key] !== undefined && change[key] !== this.#instance[key]) {
        throw invalid(`${key} cannot be changed: register another instance`)
      }
    }
    this.#instance = wanted
    await this.#inTurn(() => this.#port.keeper.keep(this.#instance, options))
  }

  /**
   * Leaves without hurting anybody: writes that it is not enabled, so that nobody starts anything here, waits, and
   * takes the node away. A signal that aborts ends the wait: it rejects, and the instance stays registered and not
   * enabled. Without a connection the notice cannot be written, and it waits and leaves all the same.
   */
  async drain({ wait = 10_000, ...options }: DrainOptions = {}): Promise<void> {
    if (!(typeof wait === 'number' && wait >= 0)) {
      throw new ServiceRegistryError('INVALID_OPTION', 'wait must be a number of milliseconds')
    }
    options.signal?.throwIfAborted()
    if (this.#instance.enabled) {
      await this.update({ enabled: false }, options).catch(error => {
        if (!(error instanceof NoConnectionError)) throw error
      })
    }
    await delay(this.#port.clock, wait, options.signal)
    await this.dispose(options)
  }

  /**
   * Takes the node away. Without a connection it rejects with NoConnectionError, and the node goes with the next one,
   * or with the session. Errors: NO_AUTH, the signal's reason; then another call tries again.
   */
  async dispose(options: KeepOptions = {}): Promise<void> {
    if (this.#phase === 'left') return
    this.#phase = 'leaving'
    try {
      await this.#inTurn(() => this.#port.keeper.release(options))
    } catch (error) {
      const stopped = error instanceof ServiceRegistryError && error.code === 'STOPPED'
      if (stopped || error instanceof NoConnectionError) this.#leave(() => this.#port.keeper.letGo())
      // The node went with the session.
      if (!stopped) throw error
      return
    }
    this.stop()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose()
  }

  /** Ends looking after the node; the node itself is left to its session. */
  stop(): void {
    this.#leave(() => this.#port.keeper.stop())
  }

  #leave(end: () => void): void {
    if (this.#phase === 'left') return
    this.#phase = 'left'
    end()
    this.#port.left()
  }

  #inTurn(task: () => Promise<void>): Promise<void> {
    const turn = this.#last.then(task)
    this.#last = turn.catch(() => {})
    return turn
  }

  #checkRegistered(): void {
    if (this.registered) return
    throw new ServiceRegistryError('STOPPED', `${this.#instance.id} is not registered any more`)
  }
}

function defined(change: Partial<InstanceInput>): Partial<InstanceInput> {
  return Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined))
}
