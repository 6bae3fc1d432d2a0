// What a run writes down: what each client asked and heard, and what was done to it. Plain data, in milliseconds.
import type { SessionState, WatchedEventType } from '../../protocol/index.ts'

/** What a reply shows of a znode. `#children` behind the path: its list of children, by cversion and pzxid. */
export interface Seen {
  readonly path: string
  readonly value: string | null
  readonly version: number
  readonly mzxid: bigint
}

/** `expected`: the version that must be there, null for any. Values are unique in a run. */
export interface Write {
  readonly path: string
  readonly value: string
  readonly expected: number | null
}

/** `at` by the clock; `seq` in the order in which the process heard of things. */
export interface Moment {
  readonly at: number
  readonly seq: number
}

export type Outcome =
  | { readonly kind: 'pending' }
  | ({ readonly kind: 'ok'; readonly generation: number; readonly seen: readonly Seen[] } & Moment)
  /** `maybe`: it may have been executed all the same. */
  | ({ readonly kind: 'failed'; readonly code: string; readonly maybe: boolean } & Moment)

export interface Plan {
  readonly name: string
  readonly writes?: readonly Write[]
  /** How the read was made to see everything that was there when it began. */
  readonly barrier?: 'none' | 'sync' | 'write'
  /** It must not succeed. */
  readonly doomed?: boolean
  /** Made of several requests, so that its end says little of the order of replies. */
  readonly composite?: boolean
  /** Error codes that would be a lie. */
  readonly impossible?: readonly string[]
  /** Milliseconds within which it has to settle; Infinity for none. */
  readonly limit: number
}

export interface Operation extends Required<Plan> {
  readonly id: string
  readonly client: string
  readonly invoked: Moment
  /** Which session of the client it was asked in. */
  readonly generation: number
  outcome: Outcome
}

/** A one-shot watch: a callback of its own, given to one read. */
export interface OneShot {
  readonly id: string
  readonly client: string
  /** As in Seen. */
  readonly path: string
  /** What the read that armed it showed; null: it has not succeeded. */
  armed: (Moment & { readonly version: number }) | null
  removed: Moment | null
  readonly fired: (Moment & { readonly type: WatchedEventType; readonly path: string })[]
}

export interface StreamEvent extends Moment {
  readonly type: WatchedEventType
  readonly path: string
  readonly zxid: bigint | null
  /** Of a resync: the versions that the reads showed which it asked for. */
  readonly read: Record<string, number>
}

/** A persistent recursive watch. */
export interface Stream {
  readonly client: string
  readonly path: string
  readonly events: StreamEvent[]
}

export interface StateStep extends Moment {
  readonly client: string
  readonly state: SessionState
  readonly previous: SessionState
  readonly generation: number
  readonly sessionId: bigint
}

/** A lock that was had. */
export interface Held {
  readonly client: string
  readonly sessionId: bigint
  readonly token: bigint
  readonly invoked: Moment
  readonly acquired: Moment
  /** When it was last asked whether it is held, and was. */
  lastHeld: number
  /** When its signal aborted. */
  lost: Moment | null
  /** When its holder began to give it up. */
  ended: Moment | null
}

/** One client from its first call to its end; `closed`: null while it lives. */
export interface Life {
  readonly client: string
  readonly process: string
  closed: (Moment & { readonly took: number }) | null
}

export interface Ephemeral {
  readonly path: string
  readonly owner: bigint
}

export interface History {
  readonly operations: Operation[]
  readonly oneShots: OneShot[]
  readonly streams: Stream[]
  readonly states: StateStep[]
  readonly helds: Held[]
  readonly lives: Life[]
  /** Znodes that are written with `set` alone, from version 0 on. */
  readonly registers: string[]
  /** Of the registers, those that are written together only. */
  readonly pairs: string[][]
  /** When a process did not run. */
  readonly stalls: Stall[]
  /** When a member that may take itself for the leader stood still, and a while longer. */
  readonly blindSpots: Span[]
  /** Sessions that were ended behind the back of their clients, and from when on. */
  readonly condemned: { readonly sessionId: bigint; readonly from: number }[]
  readonly faults: (Span & { readonly name: string })[]
  /** What is left when all is quiet, and whose sessions live. */
  ephemerals: Ephemeral[]
  alive: { readonly client: string; readonly sessionId: bigint; readonly paths: readonly string[] }[]
}

export interface Span {
  readonly from: number
  readonly to: number
}

export interface Stall extends Span {
  readonly process: string
}

export interface Violation {
  readonly rule: string
  readonly detail: string
}

export function emptyHistory(): History {
  return {
    operations: [],
    oneShots: [],
    streams: [],
    states: [],
    helds: [],
    lives: [],
    registers: [],
    pairs: [],
    stalls: [],
    blindSpots: [],
    condemned: [],
    faults: [],
    ephemerals: [],
    alive: [],
  }
}

/** Adds what another process wrote down. */
export function merge(into: History, other: History): void {
  into.operations.push(...other.operations)
  into.oneShots.push(...other.oneShots)
  into.streams.push(...other.streams)
  into.states.push(...other.states)
  into.helds.push(...other.helds)
  into.lives.push(...other.lives)
  into.stalls.push(...other.stalls)
  into.alive.push(...other.alive)
}
