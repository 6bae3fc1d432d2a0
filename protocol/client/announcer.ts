// What a client tells of itself: events, diagnostics channels, and the newest trouble for those who ask later.
import type { ConnectError } from '../errors.ts'
import { formatSessionId } from '../ids.ts'
import { channels } from '../support/diagnostics.ts'
import { Emitter } from '../support/emitter.ts'
import { logger } from '../support/log.ts'
import type { StateChange } from './state-stream.ts'
import type { Trouble, Troubles } from './status.ts'

const log = logger('client')

/** Of an error's words, no more is kept. */
const LONGEST_MESSAGE = 500

export interface SessionExpired {
  /** The session that is no more. */
  readonly sessionId: bigint
  readonly generation: number
}

export interface SessionEstablished {
  readonly sessionId: bigint
  /** 1 for the first session of the client. */
  readonly generation: number
  /** Id of the session before it; 0n for the first. */
  readonly previous: bigint
}

export interface ZooKeeperEvents {
  /** The session changed its state, or a new one took its place. */
  state: StateChange
  /** A new session began: the first one, or the one after an expiry. Not told when a session only changes its server. */
  established: SessionEstablished
  /** The session is over: its ephemeral znodes are gone, or will be in a moment. */
  expired: SessionExpired
  /** `close()` was called: the server may end the session at any moment. */
  closing: undefined
  /** An attempt to connect failed; the next one follows by itself. */
  attemptFailed: ConnectError
  /** The process was stopped or blocked for so many milliseconds beyond what its timers asked for. */
  stalled: number
  /** Something went wrong that no caller waits for, such as a watcher that threw. */
  warning: unknown
}

export class Announcer {
  readonly events: Emitter<ZooKeeperEvents> = new Emitter((error, event) => {
    // What a listener for warnings throws is no warning, or there would be no end to it.
    if (event === 'warning') log('a listener for warnings threw: %O', error)
    else this.warn(error)
  })
  readonly #redact: (text: string) => string
  #warning: Trouble | null = null
  #attemptFailed: Trouble | null = null

  /** `redact` takes secrets out of words that are kept. */
  constructor(redact: (text: string) => string) {
    this.#redact = redact
  }

  get troubles(): Troubles {
    return { warning: this.#warning, attemptFailed: this.#attemptFailed }
  }

  state(change: StateChange): void {
    log('%s (session %s, generation %d)', change.state, formatSessionId(change.sessionId), change.generation)
    this.events.emit('state', change)
    if (channels.state.hasSubscribers) channels.state.publish(change)
  }

  established(session: SessionEstablished): void {
    this.events.emit('established', session)
  }

  expired(session: SessionExpired): void {
    this.events.emit('expired', session)
  }

  closing(): void {
    this.events.emit('closing', undefined)
  }

  attempted(server: string | null, error: ConnectError | null, sessionId: bigint): void {
    if (channels.connect.hasSubscribers) channels.connect.publish({ server, error, sessionId })
    if (error === null) return
    this.#attemptFailed = this.#trouble(this.#attemptFailed, error)
    this.events.emit('attemptFailed', error)
  }

  stalled(ms: number): void {
    this.events.emit('stalled', ms)
  }

  /** What a callback threw reaches the warning listeners, and nobody else suffers. */
  warn(error: unknown): void {
    log('warning: %O', error)
    this.#warning = this.#trouble(this.#warning, error)
    this.events.emit('warning', error)
  }

  #trouble(before: Trouble | null, error: unknown): Trouble {
    return {
      message: this.#redact(wordsOf(error)).slice(0, LONGEST_MESSAGE),
      at: new Date(),
      count: (before?.count ?? 0) + 1,
    }
  }
}

/** A value that cannot be shown harms nobody. */
function wordsOf(error: unknown): string {
  try {
    return error instanceof Error ? `${error.name}: ${error.message}` : String(error)
  } catch {
    return 'an error that cannot be shown'
  }
}
