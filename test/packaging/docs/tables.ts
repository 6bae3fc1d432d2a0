// The tables of a page whose first column has a certain head: what the code in it names, and what stands beside it.
import type { Page } from './pages.ts'

export interface Row {
  /** The first word of every piece of code in the first column: of `proxy.set({ kind })`, `set`. */
  readonly names: readonly string[]
  /** The columns by their heads. */
  readonly cells: Readonly<Record<string, string>>
}

export function tablesUnder(page: Page, head: string): Row[][] {
  const tables = [...page.prose.matchAll(/^(\|.*)\n\| -.*\n((?:\|.*\n)*)/gm)]
  return tables.flatMap(([, top = '', rows = '']) => {
    const heads = cellsOf(top)
    if (heads[0] !== head) return []
    return [
      rows
        .trimEnd()
        .split('\n')
        .map(row => rowOf(heads, cellsOf(row))),
    ]
  })
}

export function namesIn(table: readonly Row[]): string[] {
  return table.flatMap(({ names }) => names)
}

/** A number, a flag or a word in a cell; undefined for what only people can read. */
export function valueIn(cell: string): unknown {
  const text = cell.replace(/^`(.*)`$/, '$1').replace(/^'(.*)'$/, '$1')
  const [, digits, unit] = /^(\d[\d,]*)( MiB)?$/.exec(text) ?? []
  if (digits !== undefined) return Number(digits.replaceAll(',', '')) * (unit === undefined ? 1 : 2 ** 20)
  if (text === 'true' || text === 'false') return text === 'true'
  return text === cell ? undefined : text
}

function rowOf(heads: readonly string[], cells: readonly string[]): Row {
  const names = [...cells[0]!.matchAll(/`(?:\w+\.)?(\w+)[^`]*`/g)].map(code => code[1]!)
  return { names, cells: Object.fromEntries(heads.map((head, index) => [head, cells[index] ?? ''])) }
}

function cellsOf(row: string): string[] {
  return row
    .split(/(?<!\\)\|/)
    .slice(1, -1)
    .map(cell => cell.trim())
}
