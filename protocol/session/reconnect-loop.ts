// One connection after the other, with pauses that grow while nothing holds.
import type { ServerList } from '../net/server-list.ts'
import type { Clock } from '../support/clock.ts'
import type { Pacing } from './pacing.ts'

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
}

export interface ReconnectInput {
  readonly clock: Clock
  readonly pacing: Pacing
  readonly servers: ServerList
}

type Link =
  | { readonly kind: 'over'; readonly lasted: number }
  | { readonly kind: 'failed'; readonly error: unknown }

/** Runs until the signal aborts; no error escapes. */
export async function reconnectLoop(
  { clock, pacing, servers }: ReconnectInput,
  signal: AbortSignal,
  port: ReconnectPort,
): Promise<void> {
  for (;;) {
    // Before the first attempt too: the session before this one may have just failed.
    await pacing.turn(clock, signal)
    if (signal.aborted) return
    const { laps } = servers
    const link = await linkOf(port)
    // With the last connection of a session, it was the session that ended.
    if (signal.aborted) return
    pacing.over({ at: clock.now(), lap: servers.laps !== laps, servers: servers.size, saving: port.saving() })
    if (link.kind === 'failed') {
      port.failed(link.error)
      continue
    }
    pacing.short = link.lasted < SHORT ? pacing.short + 1 : 0
    if (pacing.short === SUSPICIOUS) port.unstable()
  }
}

async function linkOf(port: ReconnectPort): Promise<Link> {
  try {
    return { kind: 'over', lasted: await port.link() }
  } catch (error) {
    return { kind: 'failed', error }
  }
}
