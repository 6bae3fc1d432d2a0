// The states of a session and the one table that says how they follow each other.
import type { ErrorCode } from '../error-codes.ts'

/**
 * - `connecting`: no session yet, or a new one after the last expired.
 * - `connected`: the link is up and the session is alive.
 * - `connectedReadOnly`: the same, on a server without a quorum, which takes no writes.
 * - `suspended`: the link is lost; the session may live on.
 * - `lost`: no proof of life for the negotiated timeout: locks are void, ephemerals may be gone.
 * - `expired`: the server ended the session, or must have.
 * - `authFailed`: the server rejected the credentials.
 * - `closed`: closed by its user.
 */
export type SessionState =
  | 'connecting'
  | 'connected'
  | 'connectedReadOnly'
  | 'suspended'
  | 'lost'
  | 'expired'
  | 'authFailed'
  | 'closed'

export type TerminalState = 'expired' | 'authFailed' | 'closed'

/**
 * - `established`, `establishedReadOnly`: a handshake gave or confirmed the session.
 * - `linkLost`: the connection ended.
 * - `silent`: no proof of life for the negotiated timeout.
 * - the others: the session is over.
 */
export type SessionEvent =
  | 'established'
  | 'establishedReadOnly'
  | 'linkLost'
  | 'silent'
  | 'expired'
  | 'authFailed'
  | 'closed'

type Row = Readonly<Partial<Record<SessionEvent, SessionState>>>

const ends: Row = { expired: 'expired', authFailed: 'authFailed', closed: 'closed' }
const establishes: Row = { established: 'connected', establishedReadOnly: 'connectedReadOnly' }
const linked: Row = { ...ends, linkLost: 'suspended', silent: 'lost' }

/** An event without an entry changes nothing; terminal states have none. */
const transitions: Readonly<Record<SessionState, Row>> = {
  connecting: { ...establishes, ...ends },
  connected: linked,
  connectedReadOnly: linked,
  suspended: { ...establishes, ...ends, silent: 'lost' },
  lost: { ...establishes, ...ends },
  expired: {},
  authFailed: {},
  closed: {},
}

/** How requests fail that a session did not come to, by its end. */
export const terminalCodes: Readonly<Record<TerminalState, ErrorCode>> = {
  expired: 'SESSION_EXPIRED',
  authFailed: 'AUTH_FAILED',
  closed: 'CLOSED',
}

export function nextState(state: SessionState, event: SessionEvent): SessionState {
  return transitions[state][event] ?? state
}

export function isTerminal(state: SessionState): state is TerminalState {
  return state === 'expired' || state === 'authFailed' || state === 'closed'
}

/** True while requests reach a server. */
export function isLinked(state: SessionState): boolean {
  return state === 'connected' || state === 'connectedReadOnly'
}
