// What the sessions of a client share, made of its options.
import type { ServerSource } from '../net/server-list.ts'
import { ServerList } from '../net/server-list.ts'
import { tcpConnector } from '../net/tcp.ts'
import { tlsConnector } from '../net/tls.ts'
import type { Connector } from '../net/transport.ts'
import type { Credentials } from '../session/credentials.ts'
import { XidCounter } from '../session/in-flight.ts'
import { LastZxid } from '../session/last-zxid.ts'
import { Pacing } from '../session/pacing.ts'
import { ServerSkills } from '../session/server-skills.ts'
import type { SessionEnvironment } from '../session/session-environment.ts'
import type { WatchTable } from '../session/watch-table.ts'
import { systemClock, unreferencedClock } from '../support/clock.ts'
import type { ZooKeeperOptions } from './options.ts'
import { limitsOf } from './options.ts'

export function environmentOf(
  source: ServerSource,
  options: ZooKeeperOptions,
  credentials: Credentials,
  watches: WatchTable,
): SessionEnvironment {
  const { ports = {}, sasl = null, readOnly = false, failFast = false, ref = true } = options
  const { clock = ref ? systemClock : unreferencedClock, random = Math.random, lookup, lookupSrv } = ports
  return {
    ...limitsOf(options),
    clock,
    connect: ports.connect ?? connectorOf(options, ref),
    random,
    pacing: new Pacing(random),
    servers: new ServerList(source, { random, lookup, lookupSrv }),
    credentials,
    sasl,
    readOnly,
    failFast,
    xids: new XidCounter(),
    lastZxid: new LastZxid(),
    watches,
    skills: new ServerSkills(clock),
  }
}

function connectorOf({ tls }: ZooKeeperOptions, ref: boolean): Connector {
  return tls === undefined ? tcpConnector(ref) : tlsConnector(tls, ref)
}
