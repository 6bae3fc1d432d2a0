// What is added to the data of a node: the process that wrote it, and when.

export interface Envelope {
  /** Process id. */
  readonly pid: number
  /** Local time without a zone, `YYYY-MM-DD HH:MM:SS`: what all readers of the tree expect. */
  readonly created: string
  /** The same moment, `YYYY-MM-DDTHH:MM:SSZ`; only where it is asked for. */
  readonly created_utc?: string
}

interface Second {
  readonly second: number
  readonly local: Envelope
  readonly utc: Envelope
}

/** Of the second and the process at hand: many nodes are written within one second, and a process may be forked. */
let current: Second | null = null

export function envelopeOfSecond(form: 'local' | 'utc' = 'local'): Envelope {
  const now = new Date()
  const second = Math.floor(now.getTime() / 1000)
  if (current?.second !== second || current.local.pid !== process.pid) {
    const local = envelopeNow(now)
    current = { second, local, utc: { ...local, created_utc: `${now.toISOString().slice(0, 19)}Z` } }
  }
  return current[form]
}

export function envelopeNow(now: Date = new Date()): Envelope {
  const two = (part: number): string => String(part).padStart(2, '0')
  const date = `${now.getFullYear()}-${two(now.getMonth() + 1)}-${two(now.getDate())}`
  const time = `${two(now.getHours())}:${two(now.getMinutes())}:${two(now.getSeconds())}`
  return { pid: process.pid, created: `${date} ${time}` }
}

/** A node's data without its envelope, whoever wrote it. */
export function withoutEnvelope<T>(present: { readonly [key: string]: T }): { readonly [key: string]: T } {
  const { pid, created, ...rest } = present
  // Alone, or in another shape, it is a key like any other.
  const { created_utc: utc, ...others } = rest
  const ours = pid !== undefined && created !== undefined && typeof utc === 'string' && UTC.test(utc)
  return ours ? others : rest
}

const UTC = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/
