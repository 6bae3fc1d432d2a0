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
import { SaslExchange } from '../sasl.ts'
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
    case 'x509':
      // The certificate of the connection, whatever the client says.
      if (!client.identities.some(own => own.scheme === 'x509')) refuse('AUTH_FAILED')
      return
    default:
      refuse('AUTH_FAILED')
  }
}

/** One token of the client for one of the server: null where there is no SASL. Errors: AUTH_FAILED, for good. */
export function sasl(world: World, client: Client, token: Uint8Array): SaslToken {
  const settings = world.settings.sasl
  if (settings === null) return { token: null }
  client.sasl ??= new SaslExchange(settings.users)
  const step = client.sasl.step(token)
  if (step.type === 'failed') {
    refuse(world.settings.enforceAuth?.has('sasl') ? 'SESSION_CLOSED_REQUIRE_SASL_AUTH' : 'AUTH_FAILED')
  }
  if (step.user !== null) {
    client.addIdentity({ scheme: 'sasl', id: step.user })
    if (step.user === settings.superUser) client.addIdentity({ scheme: 'super', id: '' })
  }
  return { token: step.token }
}

/** `super` is listed, too, by no name. */
export function whoAmI(_world: World, client: Client): WhoAmIReply {
  return {
    clientInfo: client.identities.map(({ scheme, id }) => ({
      authScheme: scheme,
      user: schemeOf(scheme)?.userName(id) ?? '',
    })),
  }
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
export function reconfig(world: World): GetDataReply {
  return refuse(world.settings.reconfig ? 'UNIMPLEMENTED' : 'RECONFIG_DISABLED')
}

export function closeSession(world: World, client: Client): void {
  if (client.session !== null) world.endSession(client.session)
}
