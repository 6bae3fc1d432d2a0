// What a connection says and asks about itself: logins, its ephemerals, who it is.
import type { AuthPacket, SaslToken } from '../../../protocol/records/access.ts'
import type {
  GetEphemeralsReply,
  GetEphemeralsRequest,
  WhoAmIReply,
} from '../../../protocol/records/admin.ts'
import type { GetDataReply } from '../../../protocol/records/nodes.ts'
import type { Client } from '../client.ts'
import { refuse } from '../refusal.ts'
import { digestId, schemeOf } from '../schemes.ts'
import type { World } from '../world.ts'

/** A digest is always taken: whether it opens anything, ACLs decide. */
export function authenticate(world: World, client: Client, { scheme, auth }: AuthPacket): void {
  switch (scheme) {
    case 'digest': {
      const id = digestId(auth)
      if (id === world.settings.superDigest) client.addIdentity({ scheme: 'super', id: '' })
      client.addIdentity({ scheme: 'digest', id })
      return
    }
    case 'ip':
      client.addIdentity({ scheme: 'ip', id: client.address })
      return
    default:
      refuse('AUTH_FAILED')
  }
}

/** No SASL here: a null token says so. */
export function sasl(): SaslToken {
  return { token: null }
}

export function whoAmI(_world: World, client: Client): WhoAmIReply {
  const clientInfo = client.identities.flatMap(({ scheme, id }) => {
    const user = schemeOf(scheme)?.userName(id)
    return user === undefined ? [] : [{ authScheme: scheme, user }]
  })
  return { clientInfo }
}

/** The prefix is text: `/a` means `/ab` too. */
export function getEphemerals(
  world: World,
  client: Client,
  { prefixPath }: GetEphemeralsRequest,
): GetEphemeralsReply {
  const own = client.session === null ? [] : world.tree.ephemeralsOf(client.session.id)
  const all = prefixPath.trim() === '' || prefixPath === '/'
  return { ephemerals: all ? own : own.filter(path => path.startsWith(prefixPath)) }
}

/** One server has no ensemble to change. */
export function reconfig(): GetDataReply {
  return refuse('RECONFIG_DISABLED')
}

export function closeSession(world: World, client: Client): void {
  if (client.session !== null) world.endSession(client.session)
}
