// Persistent watches: every change is told, or a resync in its place; nothing is told twice.
import type { History, Stream, StreamEvent, Violation } from '../history.ts'
import type { Observation } from './observations.ts'
import { observationsOf } from './observations.ts'

export function checkStreams(history: History): Violation[] {
  const closed = new Set(history.lives.filter(life => life.closed !== null).map(life => life.client))
  const changes = history.registers.map(path => changesOf(history, path))
  return history.streams.flatMap(stream => [
    ...checkCalls(stream),
    ...changes.flatMap(list => checkTold(stream, list, closed.has(stream.client))),
  ])
}

/** Acknowledged changes, each as its writer heard of it. */
function changesOf(history: History, path: string): Observation[] {
  const acked = observationsOf(history, path).filter(({ operation, value }) =>
    operation.writes.some(write => write.path === path && write.value === value),
  )
  return acked.sort((a, b) => a.version - b.version)
}

function checkCalls({ client, path, events }: Stream): Violation[] {
  const violations: Violation[] = []
  const told = new Set<string>()
  if (events.length > 0 && events[0]!.type !== 'resync') {
    violations.push({ rule: 'a stream begins with a resync', detail: `${client}: ${events[0]!.type}` })
  }
  for (const event of events) {
    if (event.path !== path && !event.path.startsWith(`${path}/`))
      violations.push({ rule: 'told of another path', detail: `${client}: ${event.path}` })
    if (event.zxid === null) continue
    const key = `${event.type} ${event.path} 0x${event.zxid.toString(16)}`
    if (told.has(key)) violations.push({ rule: 'told twice', detail: `${client}: ${key}` })
    told.add(key)
  }
  return violations
}

/**
 * In the order of the stream, the event of a change comes before that of any later one of the same znode, unless there
 * was a resync whose read showed it. When all is quiet, the last change is told in any case.
 */
function checkTold(stream: Stream, changes: readonly Observation[], isClosed: boolean): Violation[] {
  const first = stream.events[0]
  const path = changes[0]?.path
  if (first === undefined || path === undefined) return []
  const events = stream.events.filter(event => event.type === 'resync' || event.path === path)
  const told = new Told(events, path)
  const violations: Violation[] = []
  // What one who closed was not told of any more says nothing.
  const last = isClosed ? stream.events.at(-1)!.at : Number.POSITIVE_INFINITY
  for (const { mzxid, operation, version } of changes) {
    const { at } = operation.invoked
    if (at < first.at || at > last || told.has(mzxid)) continue
    const next = told.nextAfter(mzxid)
    // Closed, or still on its way, with nothing of this znode told later.
    if (next === null && isClosed) continue
    if (told.readBefore(next, isClosed) >= version) continue
    const detail = `${stream.client}: version ${version} of ${path}, zxid 0x${mzxid.toString(16)}`
    violations.push({ rule: 'a change was not told', detail })
  }
  return violations
}

/** What a stream told of one znode, with the resyncs between, for quick answers. */
class Told {
  readonly #zxids = new Set<bigint>()
  /** Up to each event: the largest zxid, and the resyncs. */
  readonly #largest: bigint[] = []
  readonly #resyncs: number[] = []
  /** The newest version that the reads of the first resyncs showed. */
  readonly #read: number[] = [-1]
  /** Whether each of them has no answer, because its client was closed before. */
  readonly #unread: boolean[] = [false]

  constructor(events: readonly StreamEvent[], path: string) {
    let largest = -1n
    for (const { zxid, type, read } of events) {
      if (zxid !== null) this.#zxids.add(zxid)
      if (zxid !== null && zxid > largest) largest = zxid
      this.#largest.push(largest)
      if (type === 'resync') {
        this.#read.push(Math.max(this.#read.at(-1)!, read[path] ?? -1))
        this.#unread.push(read[path] === undefined)
      }
      this.#resyncs.push(this.#read.length - 1)
    }
  }

  has(zxid: bigint): boolean {
    return this.#zxids.has(zxid)
  }

  /** The index of the first event with a larger zxid, or null. */
  nextAfter(zxid: bigint): number | null {
    let low = 0
    let high = this.#largest.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (this.#largest[middle]! > zxid) high = middle
      else low = middle + 1
    }
    return low < this.#largest.length ? low : null
  }

  /** The newest version that was read for a resync before an event, or before the end; of one who closed, it may be any. */
  readBefore(index: number | null, isClosed: boolean): number {
    const resyncs = index === null ? this.#read.length - 1 : this.#resyncs[index]!
    return isClosed && this.#unread[resyncs]! ? Number.POSITIVE_INFINITY : this.#read[resyncs]!
  }
}
