// JSON as Python's json prints it: sorted keys, indent 4, ASCII only.
import type { Json } from '../../registry/codec.ts'
import type { Branch } from './branch.ts'
import { shapeOf, sortedKeys } from './branch.ts'
import { formatNumber } from './number.ts'

const INDENT = '    '

export function formatJson(branch: Branch): string {
  return `${jsonOf(shapeOf(branch), '\n')}\n`
}

/** `newline` is a line break with the indent of the line at hand. */
export function jsonOf(value: Json, newline = '\n'): string {
  if (value === null || typeof value === 'boolean') return String(value)
  if (typeof value === 'string') return quoted(value)
  // NaN and the infinities are no JSON, but they are what Python wrote on the node, and what it reads.
  if (typeof value === 'number' && !Number.isFinite(value)) return String(value)
  if (typeof value === 'number' || typeof value === 'bigint') return formatNumber(value)
  const inner = `${newline}${INDENT}`
  if (isList(value))
    return enclosed(
      '[',
      value.map(item => jsonOf(item, inner)),
      ']',
      newline,
    )
  const pairs = sortedKeys(value).map(key => `${quoted(key)}: ${jsonOf(value[key] as Json, inner)}`)
  return enclosed('{', pairs, '}', newline)
}

function enclosed(open: string, items: readonly string[], close: string, newline: string): string {
  if (items.length === 0) return open + close
  return `${open}${newline}${INDENT}${items.join(`,${newline}${INDENT}`)}${newline}${close}`
}

function quoted(text: string): string {
  const hex = (unit: string): string => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`
  return JSON.stringify(text).replace(/[\u007f-\uffff]/g, hex)
}

/** Array.isArray does not narrow read-only arrays. */
function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value)
}
