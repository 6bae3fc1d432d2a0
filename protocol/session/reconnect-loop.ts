// One connection after the other, with pauses that grow while nothing holds.
import type { ServerList } from '../net/server-list.ts'
import { delay } from '../support/abort.ts'
import { Backoff } from '../support/backoff.ts'
import type { Clock } from '../support/clock.ts'

const SHORTEST_BACKOFF = 50
const LONGEST_BACKOFF = 30_000

/** A connection that lasted less, in milliseconds, was cut by somebody. */
const SHORT = 1000
/** So many of them in a row are worth a warning. */
const SUSPICIOUS = 5

export interface ReconnectPort {
  /** Makes a connection and resolves when it is over, with how long it lasted; rejects when none could be made. */
  link(): Promise<number>
  failed(error: unknown): void
  /** Connections are made and cut again and again. */
  unstable(): void
  /** Session timeout while there is a session to save, in milliseconds; null when there is none. */
  saving(): number | null
  /** How long a connection has to last to prove that the trouble is over, in milliseconds. */
  stable(): number
}

/** What the loop has learned of the servers. It outlives sessions: one that is lost at once must not begin anew. */
export class Pacing {
  readonly backoff: Backoff
  /** Short connections in a row. */
  short = 0

  /** `random`: uniform in [0, 1). */
  constructor(random: () => number) {
    this.backoff = new Backoff({ base: SHORTEST_BACKOFF, cap: LONGEST_BACKOFF, random })
  }
}

export interface ReconnectInput {
  readonly clock: Clock
  readonly pacing: Pacing
  readonly servers: ServerList
}

/** Runs until the signal aborts; no error escapes. */
export async function reconnectLoop(
  { clock, pacing, servers }: ReconnectInput,
  signal: AbortSignal,
  port: ReconnectPort,
): Promise<void> {
  const { backoff } = pacing
  while (!signal.aborted) {
    const { laps } = servers
    try {
      const lasted = await port.link()
      if (lasted > port.stable()) backoff.reset()
      // With the last connection of a session, it was the session that ended.
      if (signal.aborted) continue
      pacing.short = lasted < SHORT ? pacing.short + 1 : 0
      if (pacing.short === SUSPICIOUS) port.unstable()
    } catch (error) {
      if (!signal.aborted) port.failed(error)
    }
    // While a server is left to try, there is nothing to wait for.
    if (signal.aborted || servers.laps === laps) continue
    // While there is a session to save, the next attempt must come before it expires.
    const saving = port.saving()
    backoff.cap = saving === null ? LONGEST_BACKOFF : Math.max(saving / 4, 1)
    await delay(clock, backoff.next(), signal).catch(() => {})
  }
}
