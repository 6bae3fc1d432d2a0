// The handshake: what a ConnectRequest gets from the server, in the order of its checks.
import { Buffer } from 'node:buffer'
import type { JuteReader } from '../../protocol/jute/reader.ts'
import type { JuteWriter } from '../../protocol/jute/writer.ts'
import type { ConnectRequest, ConnectResponse } from '../../protocol/records/connect.ts'
import { connectRequest, connectResponse, PASSWORD_LENGTH } from '../../protocol/records/connect.ts'
import type { Client } from './client.ts'
import type { Session } from './session.ts'
import type { World } from './world.ts'

export interface Greeting {
  readonly request: ConnectRequest
  /** Clients before 3.4 neither send the flag nor expect one back. */
  readonly knowsReadOnly: boolean
}

export type Welcome =
  /** Not a word: the client tries elsewhere. */
  { readonly type: 'turnAway' } | { readonly type: 'serve' | 'expired'; readonly response: ConnectResponse }

const FIXED_BYTES = 28
const TURN_AWAY: Welcome = { type: 'turnAway' }

/** Throws a JuteError on a frame that is too short. */
export function readGreeting(frame: JuteReader): Greeting {
  const length = frame.remaining
  const request = connectRequest.read(frame)
  // A null password has no bytes, but reads as sixteen zeros.
  const nullPassword = length < FIXED_BYTES + PASSWORD_LENGTH && request.passwd.length === PASSWORD_LENGTH
  const password = nullPassword ? 0 : request.passwd.length
  return { request, knowsReadOnly: length > FIXED_BYTES + password }
}

export function writeWelcome(writer: JuteWriter, greeting: Greeting, response: ConnectResponse): void {
  connectResponse.write(writer, response)
  if (!greeting.knowsReadOnly) writer.rewind(writer.position - 1)
}

export function welcome(world: World, client: Client, { request }: Greeting): Welcome {
  const readOnly = world.mode === 'readOnly'
  if (readOnly && !request.readOnly) return TURN_AWAY
  // Before the session is looked at: a server that lags behind must not serve this client.
  if (request.lastZxidSeen > world.zxid) return TURN_AWAY
  const { minSessionTimeout, maxSessionTimeout } = world.settings
  const timeout = Math.min(Math.max(request.timeOut, minSessionTimeout), maxSessionTimeout)
  if (readOnly && world.sessions.get(request.sessionId)?.kind === 'global') return TURN_AWAY
  const session =
    request.sessionId === 0n
      ? world.openSession(client, timeout)
      : world.resumeSession(client, request.sessionId, request.passwd, timeout)
  if (session !== null) return { type: 'serve', response: responseFor(world, session) }
  const nothing = { timeOut: 0, sessionId: 0n, passwd: Buffer.alloc(PASSWORD_LENGTH) }
  return { type: 'expired', response: { protocolVersion: 0, readOnly, ...nothing } }
}

export function responseFor(world: World, { id, password, timeout }: Session): ConnectResponse {
  const readOnly = world.mode === 'readOnly'
  return { protocolVersion: 0, readOnly, timeOut: timeout, sessionId: id, passwd: password }
}
