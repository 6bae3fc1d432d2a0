// The servers of an ensemble, as listed or as DNS tells: in an order made once, then in turn, each name resolved anew.
import { lookup } from 'node:dns/promises'
import { isIP } from 'node:net'
import { abortable } from '../support/abort.ts'
import { shuffled } from '../support/shuffled.ts'
import type { Endpoint } from './connect-string.ts'
import type { LookupSrv, SrvRecord } from './srv.ts'
import { orderSrv, srvKey, systemLookupSrv } from './srv.ts'
import type { Address } from './transport.ts'

/** Resolves a name to all its addresses. */
export type Lookup = (host: string) => Promise<readonly string[]>

export const systemLookup: Lookup = async host => {
  const found = await lookup(host, { all: true, verbatim: true })
  return found.map(entry => entry.address)
}

/** Where the servers come from: a list, or the SRV records of a name. */
export interface ServerSource {
  readonly servers: readonly Endpoint[]
  readonly srv: string | null
}

export interface ServerListOptions {
  lookup?: Lookup | undefined
  lookupSrv?: LookupSrv | undefined
  /** Uniform in [0, 1). */
  random?: () => number
}

export class ServerList {
  readonly #lookup: Lookup
  readonly #lookupSrv: LookupSrv
  readonly #random: () => number
  #servers: Endpoint[]
  /** The name whose SRV records are the list; null: the list is given. */
  #srv: string | null
  /** The records that the list was made of. */
  #records = ''
  /** The question for records that has no answer yet. */
  #asking: Promise<readonly SrvRecord[]> | null = null
  /** Addresses of the server at hand that were not tried yet. */
  #pending: Address[] = []
  /** How many addresses each server had when it was last resolved. */
  readonly #known = new WeakMap<Endpoint, number>()
  #index = 0
  #laps = 0

  constructor(
    { servers, srv }: ServerSource,
    { lookup = systemLookup, lookupSrv = systemLookupSrv, random = Math.random }: ServerListOptions = {},
  ) {
    this.#lookup = lookup
    this.#lookupSrv = lookupSrv
    this.#srv = srv
    this.#random = random
    this.#servers = shuffled(servers, random)
  }

  get servers(): readonly Endpoint[] {
    return this.#servers
  }

  /** Addresses known so far; a server that was never resolved counts as one. */
  get size(): number {
    return this.#servers.reduce((sum, server) => sum + (this.#known.get(server) ?? 1), 0)
  }

  /** How often the list was gone through to its end. */
  get laps(): number {
    return this.#laps
  }

  /** False for an address of a server that is not in the list, or no more; a list that is not known yet has all. */
  lists({ host, port }: Address): boolean {
    return (
      this.#servers.length === 0 || this.#servers.some(other => other.host === host && other.port === port)
    )
  }

  /** Replaces the list; `first` are visited first. */
  update(servers: readonly Endpoint[], first: readonly Endpoint[]): void {
    const rest = servers.filter(server => !first.includes(server))
    this.#srv = null
    this.#replace([...shuffled(first, this.#random), ...shuffled(rest, this.#random)])
  }

  /** From the next attempt on, the list is that of the SRV records of the name. */
  updateSrv(name: string): void {
    if (name === this.#srv) return
    this.#srv = name
    this.#records = ''
    this.#replace([])
  }

  /** The address that comes next, whoever's turn it is. */
  prefer(address: Address): void {
    this.#pending.unshift(address)
  }

  /** An address of the server that comes next, and still does: who only has a question takes nobody's turn. */
  async peek(signal: AbortSignal): Promise<Address> {
    return this.#pending[0] ?? ((await this.#resolve(signal, false))[0] as Address)
  }

  /** The next address to try. A name that does not resolve rejects; the next call visits the next server. */
  async next(signal: AbortSignal): Promise<Address> {
    try {
      if (this.#pending.length === 0) {
        const found = await this.#resolve(signal, true)
        // Added: another call may have found some meanwhile.
        this.#pending.push(...found)
      }
      return this.#pending.shift() as Address
    } finally {
      if (this.#index === 0 && this.#pending.length === 0) this.#laps++
    }
  }

  #replace(servers: Endpoint[]): void {
    this.#servers = servers
    this.#pending = []
    this.#index = 0
  }

  /** While the records stay the same, so does the order. What was found before is better than nothing. */
  async #askSrv(name: string, signal: AbortSignal): Promise<void> {
    // A DNS without a voice costs one attempt, not each: meanwhile the servers are visited.
    if (this.#asking !== null && this.#servers.length > 0) return
    const records = await abortable(this.#ask(name), signal).catch(error => {
      if (signal.aborted || this.#servers.length === 0) throw error
      return []
    })
    const ordered = orderSrv(records, this.#random)
    if (ordered.length === 0) {
      if (this.#servers.length === 0) throw new Error(`${name} has no SRV records`)
      return
    }
    const key = srvKey(records)
    if (key === this.#records || name !== this.#srv) return
    // A name that answers otherwise each time must not keep the pauses away.
    if (this.#records !== '') this.#laps++
    this.#records = key
    this.#replace(ordered)
  }

  #ask(name: string): Promise<readonly SrvRecord[]> {
    const answer = this.#lookupSrv(name)
    this.#asking = answer
    const over = (): void => {
      if (this.#asking === answer) this.#asking = null
    }
    answer.then(over, over)
    return answer
  }

  /** The addresses of the server whose turn it is, and is over if it is taken. */
  async #resolve(signal: AbortSignal, taken: boolean): Promise<Address[]> {
    if (this.#srv !== null) await this.#askSrv(this.#srv, signal)
    // It may have been replaced while the answer was on its way.
    if (this.#servers.length === 0) throw new Error(`the SRV records of ${this.#srv} are not known yet`)
    const servers = this.#servers
    const server = servers[this.#index] as Endpoint
    if (taken) this.#index = (this.#index + 1) % servers.length
    const ips = isIP(server.host) === 0 ? await abortable(this.#lookup(server.host), signal) : [server.host]
    if (servers !== this.#servers) return this.#resolve(signal, taken)
    if (ips.length === 0) throw new Error(`${server.host} has no address`)
    this.#known.set(server, ips.length)
    const addresses = ips.map(ip => ({ host: server.host, port: server.port, ip }))
    return shuffled(addresses, this.#random)
  }
}
