// Quotas: which paths have one, and the text in which limits and counts are kept.
import { Buffer } from 'node:buffer'
import { parentOf } from '../../protocol/paths.ts'

const QUOTA_ROOT = '/zookeeper/quota'
export const LIMITS_NAME = 'zookeeper_limits'
export const STATS_NAME = 'zookeeper_stats'

export const limitsPath = (path: string): string => `${QUOTA_ROOT}${path}/${LIMITS_NAME}`
export const statsPath = (path: string): string => `${QUOTA_ROOT}${path}/${STATS_NAME}`

/** The path that a znode below /zookeeper/quota is about, or null for a znode elsewhere. */
export function quotaTarget(parent: string): string | null {
  return parent.startsWith(`${QUOTA_ROOT}/`) ? parent.slice(QUOTA_ROOT.length) : null
}

/** -1 stands for "no limit". */
export interface QuotaNumbers {
  readonly count: number
  readonly bytes: number
  readonly countHardLimit: number
  readonly byteHardLimit: number
}

/**
 * Reads `count=5,bytes=-1=;byteHardLimit=10;countHardLimit=3`; what is missing is -1.
 * null: not of this form, which StatsTrack does not forgive.
 */
export function parseQuota(data: Uint8Array | null): QuotaNumbers | null {
  if (data === null) return null
  const text = Buffer.from(data).toString('utf8')
  const found = new Map<string, number>()
  for (const pair of text === '' ? [] : text.replace(/[,;]+$/, '').split(/[,;]+/)) {
    // As Java splits: empty parts at the end do not exist.
    const [key, value] = pair.replace(/=+$/, '').split('=')
    if (value === undefined || !/^([+-]?\d+)?$/.test(value)) return null
    found.set(key!, value === '' ? -1 : Number(value))
  }
  const of = (key: string): number => found.get(key) ?? -1
  return {
    count: of('count'),
    bytes: of('bytes'),
    countHardLimit: of('countHardLimit'),
    byteHardLimit: of('byteHardLimit'),
  }
}

export function formatUsage(count: number, bytes: number): Buffer {
  return Buffer.from(`count=${count},bytes=${bytes}`)
}

/** null where the text is none that can be read. */
export interface Quota {
  readonly limits: QuotaNumbers | null
  readonly used: QuotaNumbers | 'not counted' | null
}

/** Where quotas are and what they say. */
export interface QuotaView {
  /** The path that a quota for this path is kept at, or null. */
  above(path: string): string | null
  /** null without limits; the znode with the counts may be missing. */
  of(target: string): Quota | null
}

/** The paths that have limits. */
export class QuotaPaths {
  readonly #paths: Set<string>

  constructor(paths: Iterable<string> = []) {
    this.#paths = new Set(paths)
  }

  [Symbol.iterator](): IterableIterator<string> {
    return this.#paths.values()
  }

  get size(): number {
    return this.#paths.size
  }

  copy(): QuotaPaths {
    return new QuotaPaths(this.#paths)
  }

  add(path: string): void {
    this.#paths.add(path)
  }

  delete(path: string): void {
    this.#paths.delete(path)
  }

  /** The nearest path at or above this one that has limits; the root has none that count. */
  above(path: string): string | null {
    if (this.#paths.size === 0) return null
    for (let at = path; at.length > 1; at = parentOf(at)) {
      if (this.#paths.has(at)) return at
    }
    return null
  }
}
