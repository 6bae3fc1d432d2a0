// The handshake: what a connection says first, and what the answer means.
import { Buffer } from 'node:buffer'
import type { ConnectRequest, ConnectResponse } from '../records/connect.ts'
import { PASSWORD_LENGTH } from '../records/connect.ts'

/** What identifies a session to a server. Handle the password as a secret. */
export interface SessionCredentials {
  readonly id: bigint
  readonly password: Uint8Array
}

export interface HandshakeInput {
  /** null asks for a new session. */
  readonly session: SessionCredentials | null
  /** Session timeout asked for, in milliseconds. */
  readonly sessionTimeout: number
  readonly lastZxid: bigint
  /** True: a read-only server will do. */
  readonly readOnly: boolean
}

/**
 * `expired` also stands for a wrong password, which servers do not tell apart, and for another session than the one asked
 * for: ClickHouse Keeper, which resumes none, answers so.
 */
export type HandshakeOutcome =
  | { readonly kind: 'expired' }
  | {
      readonly kind: 'established'
      readonly session: SessionCredentials
      /** Negotiated, in milliseconds. */
      readonly sessionTimeout: number
      readonly readOnly: boolean
    }

/** The timeout asked for stays the one wanted, whatever was negotiated before, as in Java. */
export function connectRequestFor(input: HandshakeInput): ConnectRequest {
  return {
    protocolVersion: 0,
    lastZxidSeen: input.lastZxid,
    timeOut: input.sessionTimeout,
    sessionId: input.session?.id ?? 0n,
    passwd: input.session?.password ?? Buffer.alloc(PASSWORD_LENGTH),
    readOnly: input.readOnly,
  }
}

/** An answer that no server gives. */
export class HandshakeError extends Error {
  override readonly name: string = 'HandshakeError'
}

/** `asked`: the session that the request named, or null. Throws a HandshakeError. */
export function judge(response: ConnectResponse, asked: SessionCredentials | null): HandshakeOutcome {
  if (response.timeOut <= 0) return { kind: 'expired' }
  const { sessionId } = response
  if (sessionId === 0n) throw new HandshakeError('the server gives a session without an id')
  // Taken at its word, it would replace one session by another, and tell nobody.
  if (asked !== null && sessionId !== asked.id) return { kind: 'expired' }
  return {
    kind: 'established',
    session: { id: sessionId, password: response.passwd },
    sessionTimeout: response.timeOut,
    readOnly: response.readOnly,
  }
}
