// A table in Markdown.

/** The first column reads as words, the others as numbers. */
export function table(head: readonly string[], body: readonly (readonly string[])[]): string {
  const under = head.map((_, index) => (index === 0 ? '---' : '---:'))
  return `${[head, under, ...body].map(line).join('\n')}\n`
}

/** A cell with a bar or a line break would end early. */
function line(cells: readonly string[]): string {
  return `| ${cells.map(cell => cell.replaceAll('|', '\\|').replace(/\s+/g, ' ')).join(' | ')} |`
}
