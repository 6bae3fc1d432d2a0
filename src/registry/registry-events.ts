// The events of a registry. A warning that nobody could listen to yet waits for the first listener.
import { Emitter } from '../../protocol/support/emitter.ts'
import { logger } from '../../protocol/support/log.ts'

const log = logger('registry')

const MOST_EARLY = 10

export interface ServiceRegistryEvents {
  /** True: there is a connection; false: there is none. Only on change. */
  state: boolean
  /** Something went wrong that no caller waits for, such as a callback that threw. */
  warning: unknown
}

export class RegistryEvents {
  readonly #events: Emitter<ServiceRegistryEvents> = new Emitter((error, name) => this.#thrown(error, name))
  /** Warnings that came before the first listener. */
  readonly #early: unknown[] = []
  #phase: 'idle' | 'warning' = 'idle'

  /** Listens to events; the returned function ends that. */
  on<Name extends keyof ServiceRegistryEvents>(
    name: Name,
    listener: (value: ServiceRegistryEvents[Name]) => void,
  ): () => void {
    const off = this.#events.on(name, listener)
    if (name === 'warning') for (const error of this.#early.splice(0)) queueMicrotask(() => this.warn(error))
    return off
  }

  changed(up: boolean): void {
    this.#events.emit('state', up)
  }

  /** One function for all who warn. */
  readonly warn = (error: unknown): void => {
    log('warning: %O', error)
    // A listener of warnings that throws is not told of its own error, and so on without end.
    if (this.#phase === 'warning') return
    // Nobody can listen before `connect` has resolved.
    if (this.#events.count('warning') === 0 && this.#early.length < MOST_EARLY) this.#early.push(error)
    this.#phase = 'warning'
    this.#events.emit('warning', error)
    this.#phase = 'idle'
  }

  /** A listener of warnings that throws itself is not told of it. */
  #thrown(error: unknown, name: keyof ServiceRegistryEvents): void {
    if (name === 'warning') log('a listener of warnings threw: %O', error)
    else this.warn(error)
  }
}
