// What a client is doing, for people and monitors.
import type { SessionState } from '../session/states.ts'

/** Something that went wrong in the background. */
export interface Trouble {
  /** Name and message of the error, shortened, without the credentials that the client was given. */
  readonly message: string
  /** When it happened the last time, by the wall clock. */
  readonly at: Date
  /** How often something of its kind has happened since the client was made. */
  readonly count: number
}

/** The newest trouble of each kind; null: none so far. */
export interface Troubles {
  /** As the `warning` event told it. */
  readonly warning: Trouble | null
  /** As the `attemptFailed` event told it. */
  readonly attemptFailed: Trouble | null
}

/** What a client is doing, at one time. */
export interface ClientStatus {
  readonly state: SessionState
  readonly sessionId: bigint
  readonly generation: number
  /** Negotiated, in milliseconds. */
  readonly sessionTimeout: number
  /** As the client's `sessionRemaining`: 0 from `close()` on, while the state may be `connected` for a moment. */
  readonly sessionRemaining: number
  /** The server at the other end, or null. */
  readonly server: string | null
  /** How often the client went through the list of servers to its end, since it was made. */
  readonly laps: number
  readonly lastZxid: bigint
  /** Requests that wait for a connection. */
  readonly queued: number
  /** Requests that wait for an answer. */
  readonly inFlight: number
  /** Paths that are watched, counted by kind of watch. */
  readonly watches: number
  readonly troubles: Troubles
}
