// What was read of the tree, and the shape in which ndsr shows it.
import type { Json, NodeObject } from '../../registry/codec.ts'

export interface Branch {
  readonly path: string
  /** Not there: not asked for, or not readable. */
  readonly data?: NodeObject | null
  readonly children?: readonly Branch[]
}

/** One object whose single key is the path; children are a list of the same. */
export function shapeOf({ path, data, children }: Branch): { readonly [path: string]: Json } {
  return {
    [path]: {
      ...(children !== undefined && { children: children.map(shapeOf) }),
      ...(data !== undefined && { data }),
    },
  }
}

/** Keys in the order of their code points, as Python sorts; UTF-16 would put U+FFFF after U+10000. */
export function sortedKeys(object: object): string[] {
  return Object.keys(object).sort(compareCodePoints)
}

function compareCodePoints(a: string, b: string): number {
  let i = 0
  while (i < a.length && a.charCodeAt(i) === b.charCodeAt(i)) i++
  // Within a surrogate pair, the pair as a whole decides.
  const start = isHighSurrogate(a.charCodeAt(i - 1)) ? i - 1 : i
  return pointAt(a, start) - pointAt(b, start) || pointAt(a, i) - pointAt(b, i)
}

/** -1 at the end: the shorter key comes first. */
function pointAt(text: string, index: number): number {
  return text.codePointAt(index) ?? -1
}

function isHighSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdbff
}
