// The changes of a view: the difference of two lists, and a stream of differences that a slow reader cannot fill up.
import { isDeepStrictEqual } from 'node:util'
import { onAbort } from '../../../protocol/support/abort.ts'
import { Bell, endableStream } from '../../../protocol/support/stream.ts'
import type { Instance } from '../formats/instance.ts'
import type { Instances } from './instance-list.ts'

export type InstanceChange =
  | { readonly type: 'added'; readonly instance: Instance; readonly previous: null }
  | { readonly type: 'updated'; readonly instance: Instance; readonly previous: Instance }
  /** `instance` is what it was. */
  | { readonly type: 'removed'; readonly instance: Instance; readonly previous: Instance }

/** Removed ones first. Instances that are equal in content did not change. */
export function changesBetween(before: Instances, after: Instances): InstanceChange[] {
  const removed: InstanceChange[] = []
  const others: InstanceChange[] = []
  for (const [id, previous] of before) if (!after.has(id)) removed.push(changeOf(previous, null)!)
  for (const [id, instance] of after) {
    const change = changeOf(before.get(id) ?? null, instance)
    if (change !== null) others.push(change)
  }
  return [...removed, ...others]
}

function changeOf(previous: Instance | null, instance: Instance | null): InstanceChange | null {
  if (previous === null) {
    return instance === null ? null : Object.freeze({ type: 'added' as const, instance, previous })
  }
  if (instance === null) return Object.freeze({ type: 'removed' as const, instance: previous, previous })
  if (previous === instance || isDeepStrictEqual(previous, instance)) return null
  return Object.freeze({ type: 'updated' as const, instance, previous })
}

export interface ChangeStreamPort {
  readonly instances: () => Instances
  readonly subscribe: (listener: () => void) => () => void
  readonly signals: readonly (AbortSignal | undefined)[]
}

/**
 * First an `added` for every instance that is known, then what changed. A slow reader is told of each instance once,
 * as the difference to what it knows. Ends with any of the signals, and with `return()` at any time.
 */
export function changeStream(port: ChangeStreamPort): AsyncGenerator<InstanceChange, void, void> {
  return endableStream(({ signal }) => read({ ...port, signals: [signal, ...port.signals] }))
}

async function* read(port: ChangeStreamPort): AsyncGenerator<InstanceChange, void, void> {
  const bell = new Bell()
  let told: Instances = new Map()
  const over = (): boolean => port.signals.some(signal => signal?.aborted)
  const offs = [port.subscribe(bell.ring), ...port.signals.map(signal => onAbort(signal, bell.ring))]
  try {
    while (!over()) {
      const now = port.instances()
      const changes = changesBetween(told, now)
      told = now
      for (const change of changes) {
        if (over()) return
        yield change
      }
      if (!over() && port.instances() === told) await bell.rung()
    }
  } finally {
    for (const off of offs) off()
  }
}
