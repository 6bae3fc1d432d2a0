// Takes out of a trace what may differ between two right servers, and nothing else.
import { Buffer } from 'node:buffer'
import { OpCode } from '../../protocol/opcodes.ts'
import type { Channel, Entry, Notification, Trace } from './trace.ts'

/** JSON without numbers that depend on the run. */
export type Plain = string | number | boolean | null | readonly Plain[] | { readonly [name: string]: Plain }

export interface PlainChannel {
  readonly name: string
  readonly entries: readonly Plain[]
}

/** Lists that ZooKeeper keeps in a hash table: any order is right. */
const UNORDERED: readonly string[] = ['children', 'ephemerals', 'clientInfo']
const ZXIDS: readonly string[] = ['zxid', 'czxid', 'mzxid', 'pzxid']
const OWNERS: readonly string[] = ['sessionId', 'ephemeralOwner']

/** One run: its zxids count from its root, its sessions have names in order of their opening. */
class Frame {
  readonly #trace: Trace
  readonly #sessions = new Map<bigint, string>()
  readonly #sortAcls: boolean

  constructor(trace: Trace, sortAcls: boolean) {
    this.#trace = trace
    this.#sortAcls = sortAcls
    for (const { entries } of trace.channels) for (const entry of entries) this.#meet(entry)
  }

  #meet(entry: Entry): void {
    if (entry.type !== 'welcome' || entry.sessionId === 0n || this.#sessions.has(entry.sessionId)) return
    this.#sessions.set(entry.sessionId, `session ${this.#sessions.size}`)
  }

  /** Relative, so that the gaps stay; what is older than the run is only that. */
  #zxid(zxid: bigint): Plain {
    if (zxid <= 0n) return Number(zxid)
    return zxid < this.#trace.zxid ? 'before' : Number(zxid - this.#trace.zxid)
  }

  plain(value: unknown, name = ''): Plain {
    if (value === null || value === undefined) return null
    if (value instanceof Uint8Array) return Buffer.from(value).toString('latin1')
    if (typeof value === 'bigint') {
      if (ZXIDS.includes(name)) return this.#zxid(value)
      return OWNERS.includes(name) ? (this.#sessions.get(value) ?? String(value)) : String(value)
    }
    if (typeof value === 'string') return value.replaceAll(this.#trace.root, '~')
    if (Array.isArray(value)) return this.#list(value, name)
    if (typeof value === 'object') return this.#object(value as Record<string, unknown>)
    return value as Plain
  }

  #list(list: readonly unknown[], name: string): Plain {
    const plain = list.map(one => this.plain(one))
    const unordered = UNORDERED.includes(name) || (name === 'acl' && this.#sortAcls)
    return unordered ? plain.sort(byText) : plain
  }

  #object(value: Record<string, unknown>): Plain {
    const entries = Object.entries(value).map(([key, one]) => [key, this.plain(one, key)])
    return { ...(Object.fromEntries(entries) as Record<string, Plain>), ...timesOf(value) }
  }
}

/** Of the times of a Stat, only what they have to do with each other. */
function timesOf({ ctime, mtime, version }: Record<string, unknown>): Record<string, Plain> {
  if (typeof ctime !== 'number' || typeof mtime !== 'number') return {}
  const set = version === 0 ? 'ctime' : 'not before ctime'
  const holds = version === 0 ? mtime === ctime : mtime >= ctime
  return { ctime: ctime === 0 ? 0 : 'some time', mtime: mtime === 0 ? 0 : holds ? set : 'before ctime' }
}

function byText(a: Plain, b: Plain): number {
  const [left, right] = [JSON.stringify(a), JSON.stringify(b)]
  return left < right ? -1 : left > right ? 1 : 0
}

export interface NormalTrace {
  readonly channels: readonly PlainChannel[]
  readonly remains: readonly Plain[]
}

/** `sortAcls`: the program uses the scheme `auth`, which ZooKeeper expands in no particular order. */
export function normalise(trace: Trace, sortAcls: boolean): NormalTrace {
  const frame = new Frame(trace, sortAcls)
  const closings = closingsOf(trace.channels)
  return {
    channels: trace.channels.map(({ name, entries }) => ({
      name,
      entries: ordered(entries, closings).map(entry => frame.plain(entry)),
    })),
    remains: trace.remains.map(znode => frame.plain(znode)),
  }
}

/** The zxids at which sessions ended. */
function closingsOf(channels: readonly Channel[]): ReadonlySet<bigint> {
  const replies = channels.flatMap(({ entries }) => entries.filter(entry => entry.type === 'reply'))
  return new Set(replies.filter(({ opcode }) => opcode === OpCode.closeSession).map(({ zxid }) => zxid))
}

/** The ephemerals of a session go in no particular order, and so come the events of its end. */
function ordered(entries: readonly Entry[], closings: ReadonlySet<bigint>): Entry[] {
  const result: Entry[] = []
  let run: Notification[] = []
  const flush = (): void => {
    result.push(...run.sort((a, b) => (`${a.path} ${a.event}` < `${b.path} ${b.event}` ? -1 : 1)))
    run = []
  }
  for (const entry of entries) {
    const loose = entry.type === 'event' && closings.has(entry.zxid)
    if (!loose || (run.length > 0 && run[0]!.zxid !== entry.zxid)) flush()
    if (loose) run.push(entry)
    else result.push(entry)
  }
  flush()
  return result
}
