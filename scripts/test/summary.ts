// Counts the assertions in TAP output, and collects what was skipped.

export interface Summary {
  readonly passed: number
  readonly failed: number
  /** What was skipped, each with its reason. */
  readonly skips: readonly string[]
}

const LINE = /^\s*(not )?ok \d+(?: - (.*))?$/
const DIRECTIVE = /# (SKIP|TODO)\b\s*(.*)$/i

/** Leaves count, subtests and files do not: their lines repeat what is inside them. */
export function summarise(tap: string): Summary {
  let passed = 0
  let failed = 0
  const skips: string[] = []
  const lines = tap.split('\n')
  lines.forEach((line, index) => {
    const match = LINE.exec(line)
    if (match === null) return
    const [, not, description = ''] = match
    const directive = DIRECTIVE.exec(description)
    if (directive !== null)
      skips.push(`${description.replace(DIRECTIVE, '').trim()}: ${directive[2] || 'no reason given'}`)
    else if (closesSubtest(lines, index)) return
    else if (not === undefined) passed++
    else failed++
  })
  return { passed, failed, skips }
}

/** In tap's output the line of a subtest follows the indented plan of that subtest. */
function closesSubtest(lines: readonly string[], index: number): boolean {
  const indent = indentOf(lines[index] as string)
  for (let i = index - 1; i >= 0; i--) {
    const line = lines[i] as string
    if (line.trim() === '') continue
    return indentOf(line) > indent
  }
  return false
}

function indentOf(line: string): number {
  return line.length - line.trimStart().length
}
