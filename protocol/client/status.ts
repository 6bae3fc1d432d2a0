// What a client is doing, for people and monitors.
import type { SessionState } from '../session/states.ts'

/** What a client is doing, at one time. */
export interface ClientStatus {
  readonly state: SessionState
  readonly sessionId: bigint
  readonly generation: number
  /** Negotiated, in milliseconds. */
  readonly sessionTimeout: number
  /** The server at the other end, or null. */
  readonly server: string | null
  readonly lastZxid: bigint
  /** Requests that wait for a connection. */
  readonly queued: number
  /** Requests that wait for an answer. */
  readonly inFlight: number
  /** Paths that are watched, counted by kind of watch. */
  readonly watches: number
}
