// The text of the cache file: one JSON object with a format, a version and a checksum over the paths.
import { Buffer } from 'node:buffer'
import { createHash } from 'node:crypto'
import type { Stat } from '../../protocol/index.ts'
import type { NodeObject } from './codec.ts'
import { decode, textOf } from './codec.ts'
import type { ListedNode } from './discovery/listing.ts'
import type { ChildSnapshot } from './snapshot.ts'
import { deepFreeze } from './snapshot.ts'

/** 64-bit numbers as decimal strings: JSON would round them. */
type SavedStat = { readonly [Name in keyof Stat]: Stat[Name] extends bigint ? string : number }

interface SavedData {
  /** As text that may hold what JSON cannot, such as integers of any size. */
  readonly data: string | null
  readonly stat: SavedStat | null
}

/** When a server showed it, in milliseconds of the wall clock. */
interface Dated {
  readonly asOf: number
}

export interface SavedNode extends SavedData, Dated {
  readonly children: readonly string[]
}

export interface SavedFamily extends Dated {
  readonly children: Readonly<Record<string, SavedData>>
}

/** The bytes of the children, in base64: what they mean is the business of a format. */
interface SavedBytes {
  readonly data: string | null
  readonly czxid: string
}

export interface SavedListing extends Dated {
  readonly nodes: Readonly<Record<string, SavedBytes>>
}

/** Each part is of the one who saw it last. A reader that does not know one of them reads the others. */
export interface SavedPath {
  readonly node?: SavedNode | undefined
  readonly family?: SavedFamily | undefined
  /** What a view has shown. */
  readonly listing?: SavedListing | undefined
}

export type SavedPaths = ReadonlyMap<string, SavedPath>

/** `damaged`: ours, and cut or changed. `foreign`: of somebody else, or of a version that this one does not know. */
export type Parsed =
  | { readonly kind: 'ok'; readonly paths: SavedPaths }
  | { readonly kind: 'damaged' | 'foreign'; readonly why: string }

const MARK = '{"format":"nd-service-registry cache","version":'
const VERSION = 1
const HEAD = /^\{"format":"nd-service-registry cache","version":1,"sha256":"([0-9a-f]{64})","paths":/
const TAIL = '}\n'

export function render(paths: SavedPaths): string {
  const body = JSON.stringify(Object.fromEntries(paths))
  return `${MARK}${VERSION},"sha256":"${checksum(body)}","paths":${body}${TAIL}`
}

export function parse(text: string): Parsed {
  if (text === '') return { kind: 'ok', paths: new Map() }
  if (!text.startsWith(MARK)) {
    return MARK.startsWith(text)
      ? { kind: 'damaged', why: 'it is cut short' }
      : { kind: 'foreign', why: 'it is no cache file' }
  }
  const version = /^\d+,/.exec(text.slice(MARK.length))?.[0]
  if (version !== undefined && version !== `${VERSION},`) {
    return { kind: 'foreign', why: `it is of version ${version.slice(0, -1)}` }
  }
  const head = HEAD.exec(text)
  if (head === null || !text.endsWith(TAIL)) return { kind: 'damaged', why: 'it is cut short' }
  const body = text.slice(head[0].length, -TAIL.length)
  if (checksum(body) !== head[1]) return { kind: 'damaged', why: 'its checksum is wrong' }
  try {
    return { kind: 'ok', paths: new Map(Object.entries(JSON.parse(body) as Record<string, SavedPath>)) }
  } catch {
    return { kind: 'damaged', why: 'its JSON is wrong' }
  }
}

export function save({ data, stat }: ChildSnapshot): SavedData {
  return { data: data === null ? null : textOf(data), stat: stat === null ? null : saveStat(stat) }
}

/** Throws for what `save` has not written. */
export function revive({ data, stat }: SavedData): ChildSnapshot {
  const text: NodeObject | null = data === null ? null : decode(Buffer.from(data))
  return Object.freeze({
    data: deepFreeze(text),
    stat: stat === null ? null : Object.freeze(reviveStat(stat)),
  })
}

export function saveListing(nodes: ReadonlyMap<string, ListedNode>, asOf: number): SavedListing {
  const saved = [...nodes].map(([name, { data, czxid }]): [string, SavedBytes] => [
    name,
    { data: data === null ? null : Buffer.from(data).toString('base64'), czxid: `${czxid}` },
  ])
  return { asOf, nodes: Object.fromEntries(saved) }
}

/** No server gives it: what came from a file may be of another ensemble, and is read anew when one shows it. */
const OF_A_FILE = -1n

/** Throws for what `saveListing` has not written. */
export function reviveListing({ nodes }: SavedListing): ReadonlyMap<string, ListedNode> {
  const revived = Object.entries(nodes).map(([name, { data, czxid }]): [string, ListedNode] => {
    if (data !== null && typeof data !== 'string') throw new TypeError('data must be text')
    const bytes = data === null ? null : Buffer.from(data, 'base64')
    return [name, { data: bytes, czxid: BigInt(czxid), mzxid: OF_A_FILE }]
  })
  return new Map(revived)
}

/** Of two files or processes, for each part the newer one. */
export function merge(theirs: SavedPaths, ours: SavedPaths): SavedPaths {
  const all = new Map(theirs)
  for (const [path, mine] of ours) {
    const other = all.get(path)
    all.set(path, {
      node: newer(mine.node, other?.node),
      family: newer(mine.family, other?.family),
      listing: newer(mine.listing, other?.listing),
    })
  }
  return all
}

/** Beyond `most` paths, those of others go first whose newest part is the oldest. */
export function bounded(all: SavedPaths, ours: SavedPaths, most: number): SavedPaths {
  if (all.size <= most) return all
  const rank = (path: string, saved: SavedPath): number =>
    ours.has(path) ? Number.POSITIVE_INFINITY : seenAt(saved)
  const ranked = [...all].sort(([a, one], [b, other]) => rank(b, other) - rank(a, one) || 0)
  return new Map(ranked.slice(0, most))
}

function seenAt({ node, family, listing }: SavedPath): number {
  return Math.max(node?.asOf ?? 0, family?.asOf ?? 0, listing?.asOf ?? 0)
}

function newer<T extends Dated>(mine: T | undefined, other: T | undefined): T | undefined {
  if (mine === undefined || other === undefined) return mine ?? other
  return other.asOf > mine.asOf ? other : mine
}

function saveStat(stat: Stat): SavedStat {
  const { czxid, mzxid, pzxid, ephemeralOwner, ...rest } = stat
  return {
    ...rest,
    czxid: `${czxid}`,
    mzxid: `${mzxid}`,
    pzxid: `${pzxid}`,
    ephemeralOwner: `${ephemeralOwner}`,
  }
}

function reviveStat({ czxid, mzxid, pzxid, ephemeralOwner, ...rest }: SavedStat): Stat {
  return {
    czxid: BigInt(czxid),
    mzxid: BigInt(mzxid),
    ctime: rest.ctime,
    mtime: rest.mtime,
    version: rest.version,
    cversion: rest.cversion,
    aversion: rest.aversion,
    ephemeralOwner: BigInt(ephemeralOwner),
    dataLength: rest.dataLength,
    numChildren: rest.numChildren,
    pzxid: BigInt(pzxid),
  }
}

function checksum(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
