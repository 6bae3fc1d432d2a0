// What a fault is: something that is done, lasts a while, and is undone.
import { delay } from '../../../protocol/support/abort.ts'
import { systemClock } from '../../../protocol/support/clock.ts'
import type { History } from '../history.ts'
import type { Target } from '../targets/target.ts'
import type { Links } from './links.ts'

/** A process whose clients can be stopped. */
export interface Stoppable {
  freeze(): void
  thaw(): void
}

export interface Scene {
  readonly target: Target
  readonly seats: readonly Links[]
  readonly processes: readonly Stoppable[]
  readonly history: History
  readonly random: () => number
  /** Aborts when the time is up: what goes on is undone at once. */
  readonly over: AbortSignal
  /** Ids and passwords of sessions that live. */
  sessions(): readonly { readonly id: bigint; readonly password: Uint8Array }[]
}

export interface Fault {
  readonly name: string
  /** Resolves when it is undone; false if there was nothing to break. */
  run(scene: Scene): Promise<boolean>
}

export function pick<T>({ random }: Scene, list: readonly T[]): T {
  return list[Math.floor(random() * list.length)]!
}

/** From `least` to `most` milliseconds, or until the time is up. */
export async function last({ random, over }: Scene, least: number, most: number): Promise<void> {
  await delay(systemClock, least + random() * (most - least), over).catch(() => {})
}
