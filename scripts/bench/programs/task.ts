// What a client's process is asked and what it answers, each one line of text, so that any language can take part.

export type Operation = 'get' | 'set' | 'create' | 'list' | 'watch' | 'encode' | 'decode'

export interface Task {
  readonly op: Operation
  /** host:port. */
  readonly connect: string
  /** The znode, or for `create` and `watch` the parent of those that are made or watched. */
  readonly path: string
  /** Requests to make. */
  readonly total: number
  /** Requests that wait for an answer at any time; with 1, each is timed. */
  readonly inFlight: number
  /** Bytes of data in what is written. */
  readonly size: number
  /** Makes the names of created znodes unique. */
  readonly tag: string
}

export interface Answer {
  readonly perSecond: number
  /** Microseconds of user and system time of the client's process, all its threads, per request. */
  readonly cpu: number
  /** Microseconds that half, and 99 of 100, of the requests took at most; null with several in flight. */
  readonly p50: number | null
  readonly p99: number | null
  /** Bytes of heap per watch; null where it is not measured. */
  readonly heap: number | null
}

/** Words `name=value`, because a parser for that is two lines in every language. */
export function formatTask(task: Task): string {
  return Object.entries(task)
    .map(([name, value]) => `${name}=${value}`)
    .join(' ')
}

export function parseTask(line: string): Task {
  const fields = new Map(
    line
      .trim()
      .split(' ')
      .map(word => word.split('=') as [string, string]),
  )
  const text = (name: keyof Task): string => {
    const value = fields.get(name)
    if (value === undefined) throw new Error(`a task without ${name}: ${line}`)
    return value
  }
  return {
    op: text('op') as Operation,
    connect: text('connect'),
    path: text('path'),
    total: Number(text('total')),
    inFlight: Number(text('inFlight')),
    size: Number(text('size')),
    tag: text('tag'),
  }
}

/** Fixed width, so that every request of a row has the same size. */
export function numbered(parent: string, prefix: string, index: number): string {
  return `${parent}/${prefix}-${String(index).padStart(8, '0')}`
}

/** Names of the znodes that a `create` task makes, built beforehand: making strings is not what is measured. */
export function createdPaths({ path, tag, total }: Task): string[] {
  return Array.from({ length: total }, (_, index) => numbered(path, tag, index))
}
