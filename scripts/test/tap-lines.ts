// Reads TAP output: the lines of assertions, each with the tests around it and what is said of it.

export interface TapLine {
  /** The names of the tests around it, the outermost first. */
  readonly path: readonly string[]
  readonly ok: boolean
  readonly description: string
  /** Why it was skipped; null: it was not. */
  readonly skipped: string | null
  /** The line of a whole test repeats what is inside. */
  readonly closesTest: boolean
  /** The YAML block below it, as it stands. */
  readonly diagnostics: readonly string[]
}

const ASSERTION = /^\s*(not )?ok \d+(?: - (.*))?$/
const SUBTEST = /^\s*# Subtest: (.*)$/
const DIRECTIVE = /\s*# (?:SKIP|TODO)\b\s*(.*)$/i
const TIME = /\s*# time=\S+$/
const INDENT = 4

export function readTap(output: string): TapLine[] {
  const read: TapLine[] = []
  const path: string[] = []
  /** Of the last line that was no diagnostic and not empty. */
  let lastIndent = 0
  let diagnostics: string[] = []
  let insideBlock = false
  for (const line of output.split('\n')) {
    const text = line.trim()
    // The YAML blocks under failed assertions are indented as subtests are.
    if (text === (insideBlock ? '...' : '---')) insideBlock = !insideBlock
    else if (insideBlock) diagnostics.push(line)
    if (insideBlock || text === '' || text === '...') continue
    const indent = line.length - line.trimStart().length
    const depth = Math.floor(indent / INDENT)
    const subtest = SUBTEST.exec(line)
    if (subtest !== null) path.splice(depth, path.length, subtest[1] as string)
    const assertion = ASSERTION.exec(line)
    if (assertion !== null) {
      const [, not, description = ''] = assertion
      diagnostics = []
      read.push({
        path: path.slice(0, depth),
        ok: not === undefined,
        description: description.replace(DIRECTIVE, '').replace(TIME, '').trim(),
        skipped: skipReason(description),
        // In tap's output the line of a test follows the indented plan of that test.
        closesTest: lastIndent > indent,
        diagnostics,
      })
    }
    lastIndent = indent
  }
  return read
}

function skipReason(description: string): string | null {
  const directive = DIRECTIVE.exec(description)
  return directive === null ? null : directive[1] || 'no reason given'
}
