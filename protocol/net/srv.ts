// DNS SRV records (RFC 2782) as a source of servers: by priority, and by chance according to weight.
import dns from 'node:dns'
import { shuffled } from '../support/shuffled.ts'
import type { Endpoint } from './connect-string.ts'

export interface SrvRecord {
  /** Name of the host that serves. */
  readonly name: string
  readonly port: number
  /** Hosts with the lowest number come first. */
  readonly priority: number
  /** Among hosts of one priority, the share of those who come to this one first. */
  readonly weight: number
}

/** Finds the SRV records of a name. */
export type LookupSrv = (name: string) => Promise<readonly SrvRecord[]>

// Through the module: dns.setServers() puts other functions into it.
export const systemLookupSrv: LookupSrv = name => dns.promises.resolveSrv(name)

/** The hosts in the order in which a client visits them. */
export function orderSrv(records: readonly SrvRecord[], random: () => number): Endpoint[] {
  // A single dot says that the service is not available there.
  const hosts = records.filter(({ name }) => name !== '' && name !== '.')
  // Who stands first is chosen more often than its weight says, and alone where nobody has any: a DNS may always give
  // the same order.
  const rest = shuffled(hosts, random)
  // Those without weight stand first, so that they have a small chance against the others.
  rest.sort((a, b) => a.priority - b.priority || a.weight - b.weight)
  const ordered: Endpoint[] = []
  while (rest.length > 0) {
    const level = rest.filter(({ priority }) => priority === rest[0]?.priority)
    const chosen = chosenBy(level, random())
    rest.splice(rest.indexOf(chosen), 1)
    ordered.push({ host: chosen.name.replace(/\.$/, ''), port: chosen.port })
  }
  return ordered
}

/** The first whose running sum of weights reaches the chance, which is uniform in [0, 1). */
function chosenBy(level: readonly SrvRecord[], chance: number): SrvRecord {
  const total = level.reduce((sum, { weight }) => sum + weight, 0)
  const mark = Math.floor(chance * (total + 1))
  let sum = 0
  for (const record of level) {
    sum += record.weight
    if (sum >= mark) return record
  }
  return level.at(-1) as SrvRecord
}

/** The same for the same records, in whatever order they come. */
export function srvKey(records: readonly SrvRecord[]): string {
  return records
    .map(({ name, port, priority, weight }) => `${priority} ${weight} ${name}:${port}`)
    .sort()
    .join('\n')
}
