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
const PLAN = /^1\.\.\d+/
const DIRECTIVE = /\s*# (?:SKIP|TODO)\b\s*(.*)$/i
const TIME = /\s*# time=\S+$/
const INDENT = 4
const BLOCK_INDENT = 2

interface Block {
  readonly indent: number
  readonly lines: string[]
}

/** Whatever a test prints stands between these lines: what only looks like a part of TAP hides nothing. */
export function readTap(output: string): TapLine[] {
  const read: TapLine[] = []
  const path: string[] = []
  const plans = new Plans()
  /** The YAML block that begins if the next line says so, and the one at hand. */
  let next: Block | null = null
  let block: Block | null = null
  for (const line of output.split(/\r?\n/)) {
    const text = line.trim()
    const indent = line.length - line.trimStart().length
    const isInside: boolean = block !== null && (text === '' || indent >= block.indent)
    if (!isInside) block = null
    if (block !== null) {
      if (text === '...' && indent === block.indent) block = null
      else block.lines.push(line)
      continue
    }
    if (next !== null && text === '---' && indent === next.indent) block = next
    next = null
    const depth = Math.floor(indent / INDENT)
    const subtest = SUBTEST.exec(line)
    if (subtest !== null) path.splice(depth, path.length, subtest[1] as string)
    if (PLAN.test(text)) plans.add(indent)
    const assertion = ASSERTION.exec(line)
    if (assertion === null) continue
    next = { indent: indent + BLOCK_INDENT, lines: [] }
    const around = { path: path.slice(0, depth), closesTest: plans.endAbove(indent) }
    read.push({ ...around, ...said(assertion), diagnostics: next.lines })
  }
  return read
}

/** The line of a test follows the plan of that test, which is indented. A test that was cut off has no plan. */
class Plans {
  readonly #indents = new Set<number>()

  add(indent: number): void {
    this.#indents.add(indent)
  }

  /** True if there are plans with more indent; they have had their say. */
  endAbove(indent: number): boolean {
    const inner = [...this.#indents].filter(other => other > indent)
    for (const other of inner) this.#indents.delete(other)
    return inner.length > 0
  }
}

function said([, not, description = '']: RegExpExecArray): Pick<TapLine, 'ok' | 'description' | 'skipped'> {
  return {
    ok: not === undefined,
    description: description.replace(DIRECTIVE, '').replace(TIME, '').trim(),
    skipped: skipReason(description),
  }
}

function skipReason(description: string): string | null {
  const directive = DIRECTIVE.exec(description)
  return directive === null ? null : directive[1] || 'no reason given'
}
