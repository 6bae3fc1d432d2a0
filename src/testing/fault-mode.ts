// What a fault proxy can be told to do: its modes, its frame rules, and the state its connections share.
import type { Direction, ProxiedFrame } from './conversation.ts'

export type FaultMode =
  /** Everything goes through. */
  | { readonly kind: 'pass' }
  /** New connections are reset at once; those that exist go on. Add `cut()` to end these too. */
  | { readonly kind: 'refuse' }
  /**
   * Bytes and closes vanish, and sockets stay open, as behind a firewall that drops packets. A connection
   * that lost anything is cut when the mode ends, because its stream has a hole.
   */
  | { readonly kind: 'blackHole'; readonly direction: Direction | 'both' }
  /** Bytes and closes are held and arrive when the mode ends, as after a short partition. */
  | { readonly kind: 'stall'; readonly direction: Direction | 'both' }
  /** Bytes and closes arrive this much later. */
  | { readonly kind: 'delay'; readonly ms: number; readonly direction?: Direction | 'both' }

/** What becomes of a frame; a `Uint8Array` goes on in its place. `cut` drops it and ends the connection. */
export type FrameVerdict = 'pass' | 'drop' | 'cut' | Uint8Array

export type FrameRule = (frame: ProxiedFrame) => FrameVerdict

/** What the connections of one proxy read, so that a change reaches all of them at once. */
export interface SharedFaults {
  readonly mode: FaultMode
  readonly rules: readonly FrameRule[]
  readonly maxFrameSize: number
  /** Counts bytes about to be delivered: how many still may be, if the connection is to end there. */
  spend(direction: Direction, count: number): number | null
  /** Takes the error of a rule that threw. */
  onRuleError(error: unknown): void
}

/** What a mode does to the bytes of one direction; `hold` is in milliseconds. */
export type LaneTreatment =
  | { readonly kind: 'pass' }
  | { readonly kind: 'swallow' }
  | { readonly kind: 'hold'; readonly ms: number }

export function treatmentOf(mode: FaultMode, direction: Direction): LaneTreatment {
  if (mode.kind === 'pass' || mode.kind === 'refuse') return { kind: 'pass' }
  const where = mode.direction ?? 'both'
  if (where !== 'both' && where !== direction) return { kind: 'pass' }
  if (mode.kind === 'blackHole') return { kind: 'swallow' }
  return { kind: 'hold', ms: mode.kind === 'delay' ? mode.ms : Number.POSITIVE_INFINITY }
}
