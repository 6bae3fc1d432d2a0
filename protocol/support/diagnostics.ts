// Channels of node:diagnostics_channel: what monitors subscribe to. Without subscribers they cost one check.
import type { Channel } from 'node:diagnostics_channel'
import { channel } from 'node:diagnostics_channel'

/**
 * - `nd-service-registry:state`: a StateChange.
 * - `nd-service-registry:connect`: an attempt, with `server` and `error`, or with the session that it gave.
 * - `tracing:nd-service-registry:request:start`, `:asyncEnd` and `:error`: a request, as a tracing channel publishes it.
 *
 * No message carries credentials, session passwords or data of znodes.
 */
export const channels: Readonly<
  Record<'state' | 'connect' | 'requestStart' | 'requestEnd' | 'requestError', Channel>
> = {
  state: channel('nd-service-registry:state'),
  connect: channel('nd-service-registry:connect'),
  requestStart: channel('tracing:nd-service-registry:request:start'),
  requestEnd: channel('tracing:nd-service-registry:request:asyncEnd'),
  requestError: channel('tracing:nd-service-registry:request:error'),
}
