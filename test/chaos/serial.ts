// A history as text, so that a process can hand its part to another: JSON, with bigints as `{"$": "17"}`.
import type { History } from './history.ts'

export function historyToText(history: History): string {
  return JSON.stringify(history, (_key, value) => {
    if (typeof value === 'bigint') return { $: String(value) }
    return value === Number.POSITIVE_INFINITY ? { $: 'Infinity' } : value
  })
}

export function historyFromText(text: string): History {
  return JSON.parse(text, (_key, value) => {
    if (value === null || typeof value !== 'object' || !('$' in value)) return value
    return value.$ === 'Infinity' ? Number.POSITIVE_INFINITY : BigInt(value.$)
  })
}
