// What a pick strategy is: a pure choice among candidates, with what little memory it needs.
import type { Instance } from '../../formats/instance.ts'

export interface PickContext {
  /** What the caller wants to stick to, such as a user or a tenant. */
  readonly key?: string | undefined
  /** Leases that are out on an instance now. */
  load(instance: Instance): number
}

export interface PickStrategy {
  /** One of the candidates; null only where there are none that may be picked. */
  pick(candidates: readonly Instance[], context: PickContext): Instance | null
}
