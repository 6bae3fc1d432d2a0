// Outlier ejection: an instance that fails again and again is not picked for a while, and then tried again.
import type { Clock } from '../../../protocol/support/clock.ts'
import { ServiceRegistryError } from '../errors.ts'
import type { Instance } from '../formats/instance.ts'

export interface OutlierOptions {
  /** Errors in a row that eject an instance. Default 5. */
  readonly consecutiveErrors?: number
  /** Milliseconds of the first ejection; each further one takes twice as long. Default 30,000. */
  readonly baseEjection?: number
  /** Milliseconds of the longest ejection. Default 300,000. */
  readonly maxEjection?: number
  /** The largest share of the instances that may be ejected at one time; one always stays. Default 0.5. */
  readonly maxEjectedShare?: number
}

interface History {
  /** Errors since the last success. */
  errors: number
  /** Ejections so far; each success takes one back. */
  ejections: number
  /** Until when; 0: not ejected. */
  until: number
}

export class Outliers {
  readonly #clock: Pick<Clock, 'now'>
  readonly #options: Required<OutlierOptions>
  readonly #records = new Map<string, History>()

  constructor(options: OutlierOptions, clock: Pick<Clock, 'now'>) {
    this.#options = checked(options)
    this.#clock = clock
  }

  /** A success ends the row of errors, and shortens the next ejection. */
  success(id: string): void {
    const record = this.#records.get(id)
    if (record === undefined) return
    record.errors = 0
    // What was under way when it was ejected says nothing of how it is afterwards.
    if (record.until > this.#clock.now()) return
    record.until = 0
    record.ejections = Math.max(0, record.ejections - 1)
    if (record.ejections === 0) this.#records.delete(id)
  }

  /** True if this error ejects the instance. `members` are all the ids there are. */
  error(id: string, members: ReadonlySet<string>): boolean {
    if (!members.has(id)) return false
    const record = this.#records.get(id) ?? { errors: 0, ejections: 0, until: 0 }
    this.#records.set(id, record)
    const now = this.#clock.now()
    if (record.until > now) return false
    record.errors++
    // Back from an ejection it is on probation: one more error is enough.
    const limit = record.until > 0 ? 1 : this.#options.consecutiveErrors
    if (record.errors < limit || !this.#roomFor(members, now)) return false
    const { baseEjection, maxEjection } = this.#options
    record.until = now + Math.min(maxEjection, baseEjection * 2 ** record.ejections)
    record.ejections++
    record.errors = 0
    return true
  }

  isEjected(id: string): boolean {
    const record = this.#records.get(id)
    return record !== undefined && record.until > this.#clock.now()
  }

  /**
   * Those that are not ejected. Where instances have left since, more than the share may be ejected: then those whose
   * time is over first come back early, and at least one always does.
   */
  filter(candidates: readonly Instance[]): readonly Instance[] {
    if (this.#records.size === 0) return candidates
    const ejected = candidates.filter(({ id }) => this.isEjected(id))
    if (ejected.length === 0) return candidates
    const excess = ejected.length - this.#allowed(candidates.length)
    const until = ({ id }: Instance): number => this.#records.get(id)!.until
    const early = new Set(excess > 0 ? ejected.sort((a, b) => until(a) - until(b)).slice(0, excess) : [])
    return candidates.filter(candidate => early.has(candidate) || !this.isEjected(candidate.id))
  }

  /** Forgets those that have left: who comes back starts anew. */
  retain(members: ReadonlySet<string>): void {
    for (const id of this.#records.keys()) if (!members.has(id)) this.#records.delete(id)
  }

  #roomFor(members: ReadonlySet<string>, now: number): boolean {
    let ejected = 0
    for (const [id, { until }] of this.#records) if (until > now && members.has(id)) ejected++
    return ejected < this.#allowed(members.size)
  }

  #allowed(count: number): number {
    return Math.max(0, Math.min(count - 1, Math.floor(count * this.#options.maxEjectedShare)))
  }
}

function checked(options: OutlierOptions): Required<OutlierOptions> {
  const {
    consecutiveErrors = 5,
    baseEjection = 30_000,
    maxEjection = Math.max(300_000, baseEjection),
    maxEjectedShare = 0.5,
  } = options
  const positive = { consecutiveErrors, baseEjection, maxEjection }
  for (const [name, value] of Object.entries(positive)) {
    if (!(typeof value === 'number' && value > 0)) throw invalid(`${name} must be a positive number`)
  }
  if (!(maxEjectedShare >= 0 && maxEjectedShare <= 1)) throw invalid('maxEjectedShare must be from 0 to 1')
  return { ...positive, maxEjectedShare }
}

function invalid(message: string): ServiceRegistryError {
  return new ServiceRegistryError('INVALID_OPTION', message)
}
