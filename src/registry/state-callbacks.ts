// Who is told whether there is a connection: in order, and never on the stack of the socket.
import type { SessionState } from '../../protocol/index.ts'
import { isLinked } from '../../protocol/index.ts'
import { onAbort } from '../../protocol/support/abort.ts'

/** Called with true while there is a connection. */
export type StateCallback = (up: boolean) => void

export interface StateOptions {
  /** True: called on every transition between connected, suspended and lost, so with false twice in a row. Default false. */
  every?: boolean | undefined
  /** Ends the callback; one that has aborted already adds none. Default: it stays as long as the registry. */
  signal?: AbortSignal | undefined
}

/** The states by which the Python package tells its callbacks. */
type Transition = 'CONNECTED' | 'SUSPENDED' | 'LOST'

/** A state without an entry is no transition. */
const transitions: Readonly<Partial<Record<SessionState, Transition>>> = {
  connected: 'CONNECTED',
  connectedReadOnly: 'CONNECTED',
  suspended: 'SUSPENDED',
  lost: 'LOST',
  expired: 'LOST',
  authFailed: 'LOST',
  closed: 'LOST',
}

export class StateCallbacks {
  /** With each callback: true if it wants every transition. */
  readonly #callbacks = new Map<StateCallback, boolean>()
  readonly #call: (task: () => unknown) => void
  readonly #changed: (up: boolean) => void
  #last: Transition | null = null
  #up = false

  /** `call` runs a callback and bears what it throws; `changed` is told of changes alone, after the callbacks. */
  constructor(call: (task: () => unknown) => void, changed: (up: boolean) => void) {
    this.#call = call
    this.#changed = changed
  }

  /** Adds a callback and calls it at once; one that is there already is left alone. */
  add(callback: StateCallback, up: boolean, options: StateOptions = {}): void {
    const { every = false, signal } = options
    if (this.#callbacks.has(callback) || signal?.aborted) return
    this.#callbacks.set(callback, every)
    onAbort(signal, () => this.#callbacks.delete(callback))
    this.#call(() => callback(up))
  }

  /** Takes the next state of the client. */
  follow(state: SessionState): void {
    const transition = transitions[state]
    if (transition === undefined || transition === this.#last) return
    this.#last = transition
    const up = isLinked(state)
    const changed = up !== this.#up
    this.#up = up
    // Those that are there now: who comes later is told what is then.
    const told = [...this.#callbacks].filter(([, every]) => changed || every)
    queueMicrotask(() => {
      for (const [callback] of told) if (this.#callbacks.has(callback)) this.#call(() => callback(up))
      if (changed) this.#changed(up)
    })
  }
}
