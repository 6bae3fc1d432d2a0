// Counts the assertions in TAP output, and collects what was skipped.

export interface Summary {
  readonly passed: number
  readonly failed: number
  /** What was skipped, each with its reason. */
  readonly skips: readonly string[]
  /** What means nothing on the release of the server at hand: no gap in the run, but listed. */
  readonly notApplicable: readonly string[]
}

const LINE = /^\s*(not )?ok \d+(?: - (.*))?$/
const NOT_APPLICABLE = 'not applicable'
const DIRECTIVE = /# (SKIP|TODO)\b\s*(.*)$/i

/** Leaves count, subtests and files do not: their lines repeat what is inside them. */
export function summarise(tap: string): Summary {
  let passed = 0
  let failed = 0
  const skips: string[] = []
  const notApplicable: string[] = []
  const lines = withoutDiagnostics(tap.split('\n'))
  lines.forEach((line, index) => {
    const match = LINE.exec(line)
    if (match === null) return
    const [, not, description = ''] = match
    const directive = DIRECTIVE.exec(description)
    if (directive !== null) {
      const reason = directive[2] || 'no reason given'
      const list = reason.startsWith(NOT_APPLICABLE) ? notApplicable : skips
      list.push(`${description.replace(DIRECTIVE, '').trim()}: ${reason}`)
    } else if (closesSubtest(lines, index)) return
    else if (not === undefined) passed++
    else failed++
  })
  return { passed, failed, skips, notApplicable }
}

/** The YAML blocks under failed assertions are indented as subtests are. */
function withoutDiagnostics(lines: readonly string[]): string[] {
  let inside = false
  return lines.filter(line => {
    const text = line.trim()
    if (!inside && text === '---') inside = true
    else if (inside && text === '...') inside = false
    else return !inside
    return false
  })
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
