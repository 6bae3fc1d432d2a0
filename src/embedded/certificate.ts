// Who a client is by the certificate that it showed.
import type { TLSSocket } from 'node:tls'
import type { Id } from '../../protocol/records/data.ts'
import { subjectOf } from './distinguished-name.ts'

/**
 * Nobody without a certificate; null for one that is not trusted, as ZooKeeper does not let these in. `superUser` is the
 * subject that may do everything.
 */
export function identitiesOf(socket: TLSSocket, superUser: string | null): Id[] | null {
  const certificate = socket.getPeerX509Certificate()
  if (certificate === undefined) return []
  if (!socket.authorized) return null
  const id = subjectOf(certificate.raw)
  const own: Id = { scheme: 'x509', id }
  return id === superUser ? [{ scheme: 'super', id }, own] : [own]
}
