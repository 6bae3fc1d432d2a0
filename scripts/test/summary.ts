// Counts the assertions in TAP output, and collects what was skipped and what failed.
import type { TapLine } from './tap-lines.ts'
import { readTap } from './tap-lines.ts'

export interface Summary {
  readonly passed: number
  readonly failed: number
  /** What was skipped, each with its reason. */
  readonly skips: readonly string[]
  /** What means nothing on the release of the server at hand: no gap in the run, but listed. */
  readonly notApplicable: readonly string[]
}

const NOT_APPLICABLE = 'not applicable'
/** Of what TAP says of a failure, so many lines. */
const LINES_SHOWN = 60

/** Leaves count, tests and files do not: their lines repeat what is inside them. */
export function summarise(tap: string): Summary {
  let passed = 0
  let failed = 0
  const skips: string[] = []
  const notApplicable: string[] = []
  for (const { ok, description, skipped, closesTest } of readTap(tap)) {
    if (skipped !== null) {
      const list = skipped.startsWith(NOT_APPLICABLE) ? notApplicable : skips
      list.push(`${description}: ${skipped}`)
    } else if (closesTest) continue
    else if (ok) passed++
    else failed++
  }
  return { passed, failed, skips, notApplicable }
}

/**
 * What failed, each as a text of some lines: the tests around it, the assertion, and what TAP says of it. A test or a
 * file that failed though all inside it passed, as one that was killed, is listed too.
 */
export function failuresIn(tap: string): string[] {
  const failed = readTap(tap).filter(line => !line.ok && line.skipped === null)
  return failed.filter((line, index) => !line.closesTest || !repeats(line, failed[index - 1])).map(asText)
}

/** Whether the line of a test only repeats the failure before it. */
function repeats(test: TapLine, before: TapLine | undefined): boolean {
  const name = [...test.path, test.description]
  return before !== undefined && name.every((part, index) => nameOf(before)[index] === part)
}

function nameOf(line: TapLine): string[] {
  return [...line.path, line.description]
}

function asText(line: TapLine): string {
  return [nameOf(line).join(' > '), ...line.diagnostics.slice(0, LINES_SHOWN)].join('\n')
}
