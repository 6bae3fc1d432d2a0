// Who a client is by the certificate that it showed.
import type { TLSSocket } from 'node:tls'
import type { Id } from '../../protocol/records/data.ts'

/** Nobody, unless a certificate was asked for and is trusted. `superUser` is the subject that may do everything. */
export function identitiesOf(socket: TLSSocket, superUser: string | null): Id[] {
  const certificate = socket.authorized ? socket.getPeerX509Certificate() : undefined
  if (certificate === undefined) return []
  // Node writes the subject from the widest part to the narrowest, a line each; RFC 2253 is the other way round.
  const id = certificate.subject.split('\n').reverse().join(',')
  const own: Id = { scheme: 'x509', id }
  return id === superUser ? [{ scheme: 'super', id }, own] : [own]
}
