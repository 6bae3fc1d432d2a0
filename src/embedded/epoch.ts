// Where a new server begins to count: above everything that a server before it can have handed out.

/** Quarters of a second since 2025 fill the upper half of a zxid until 2042. */
const BEGINNING = Date.UTC(2025, 0, 1)
const STEP = 250
const SERVER_ID = 1n

let last = 0

/**
 * The epoch of a new server. A client whose server lost its data sees a zxid that is not behind its own, and so learns
 * that its session expired, where a server that began at zero would turn it away for ever.
 */
export function nextEpoch(now: number = Date.now()): bigint {
  last = Math.max(Math.floor((now - BEGINNING) / STEP), last + 1)
  return BigInt(last)
}

/** The zxid before the first of the epoch. */
export function firstZxid(epoch: bigint): bigint {
  return epoch << 32n
}

/** Session ids: the server's number, the epoch, and 24 bits to count. */
export function firstSessionId(epoch: bigint): bigint {
  return (SERVER_ID << 56n) | ((epoch & 0xffff_ffffn) << 24n) | 1n
}
