// The sessions that clients of this process hold: two on one session take the connection from each other for ever.
import { Buffer } from 'node:buffer'
import type { SessionCredentials } from '../session/handshake.ts'

const holders = new Map<string, object>()

/** False when another client of this process holds the session; it stays that one's. */
export function hold(session: SessionCredentials, holder: object): boolean {
  const key = keyOf(session)
  const present = holders.get(key)
  if (present !== undefined && present !== holder) return false
  holders.set(key, holder)
  return true
}

export function letGo(session: SessionCredentials, holder: object): void {
  const key = keyOf(session)
  if (holders.get(key) === holder) holders.delete(key)
}

/** Other ensembles may give the same id, but hardly the same password. */
function keyOf({ id, password }: SessionCredentials): string {
  return `${id} ${Buffer.from(password).toString('latin1')}`
}
