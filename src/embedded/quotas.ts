// Quotas: which paths have one, and the text in which limits and counts are kept.
import { Buffer } from 'node:buffer'
import { parentOf } from '../../protocol/paths.ts'

export const QUOTA_ROOT = '/zookeeper/quota'
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

/** Reads `count=5,bytes=-1=;byteHardLimit=10;countHardLimit=3`; what is missing or not a number is -1. */
export function parseQuota(data: Uint8Array | null): QuotaNumbers {
  const found = new Map<string, number>()
  const text = data === null ? '' : Buffer.from(data).toString('utf8')
  for (const [, key, value] of text.matchAll(/(\w+)=(-?\d+)/g)) found.set(key!, Number(value))
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

export interface Quota {
  readonly limits: QuotaNumbers
  readonly used: QuotaNumbers
}

export interface QuotaView {
  /** The path that a quota for this path is kept at, or null. */
  above(path: string): string | null
  /** null when one of its two znodes is missing. */
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
