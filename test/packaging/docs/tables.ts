// The tables of a page whose first column has a certain head: what the code in it names.
import type { Page } from './pages.ts'

/** For each table, the first word of every piece of code in its first column: of `proxy.set({ kind })`, `set`. */
export function tablesUnder(page: Page, head: string): string[][] {
  const tables = [...page.prose.matchAll(/^\| ([^|]*) \|.*\n\| -.*\n((?:\|.*\n)*)/gm)]
  return tables
    .filter(table => table[1] === head)
    .map(([, , rows = '']) => {
      const cells = [...rows.matchAll(/^\| (.*?) \|/gm)].map(row => row[1]!)
      return cells.flatMap(cell => [...cell.matchAll(/`(?:\w+\.)?([A-Za-z]+)[^`]*`/g)].map(code => code[1]!))
    })
}
