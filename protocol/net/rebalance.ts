// What a changed server list means for a client: whether it moves, and to which servers first.
import type { Endpoint } from './connect-string.ts'
import { formatEndpoint } from './connect-string.ts'

export interface Plan {
  /** True: the connection at hand is given up for another. */
  readonly move: boolean
  /** The servers to try first; the others follow. */
  readonly first: readonly Endpoint[]
}

/**
 * Moves just as many clients as even out the load (StaticHostProvider.updateServerList): with a grown list, part of
 * those whose server is still there go to the new ones; when the server of a client is gone, it goes to the old or the
 * new ones in proportion to the room that they have.
 */
export function rebalance(
  before: readonly Endpoint[],
  after: readonly Endpoint[],
  current: Endpoint | null,
  random: () => number,
): Plan {
  const names = new Set(before.map(formatEndpoint))
  const added = after.filter(server => !names.has(formatEndpoint(server)))
  const kept = after.filter(server => names.has(formatEndpoint(server)))
  const stays = current !== null && after.some(server => formatEndpoint(server) === formatEndpoint(current))
  if (current === null) return { move: false, first: after }
  if (stays) {
    const grown = after.length > before.length
    const move = grown && random() < 1 - before.length / after.length
    return { move, first: move ? added : after }
  }
  if (added.length === 0) return { move: true, first: kept }
  return { move: true, first: random() < keptShare(before.length, after.length, kept.length) ? kept : added }
}

/** The share of the clients of removed servers that goes to servers which have clients already. */
function keptShare(before: number, after: number, kept: number): number {
  if (after >= before) return 0
  return (kept * (before - after)) / (after * (before - kept))
}
