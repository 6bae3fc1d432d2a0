// A report: each rule with its tests, and what is wrong with it. Pure: rules and proofs in, text out.
import type { Proof } from './proofs.ts'

export interface Rule {
  readonly id: string
  readonly text: string
  /** Why no test is needed: the rule does not apply. */
  readonly exempt?: string
  /** What is less than the rule asks, or other. */
  readonly weaker?: string
}

export interface Chapter {
  readonly id: string
  readonly title: string
  readonly rules: readonly Rule[]
}

export interface Report {
  readonly title: string
  readonly intro: string
  /** Goes on from "2 rules: 1 tested, 1 ". */
  readonly exempt: string
  readonly chapters: readonly Chapter[]
}

/** Rules without a test, tests of rules that do not exist, rules that are both exempt and tested. */
export function faultsOf(chapters: readonly Chapter[], proofs: readonly Proof[]): string[] {
  const rules = new Map(chapters.flatMap(chapter => chapter.rules.map(rule => [rule.id, rule])))
  const proved = new Set(proofs.flatMap(proof => proof.rules))
  const faults = [...rules.values()].flatMap(rule => {
    if (rule.exempt === undefined)
      return proved.has(rule.id) ? [] : [`rule ${rule.id} has no test: ${rule.text}`]
    return proved.has(rule.id) ? [`rule ${rule.id} is exempt and has a test`] : []
  })
  const unknown = [...proved].filter(id => !rules.has(id)).sort()
  return [...faults, ...unknown.map(id => `a test names rule ${id}, which does not exist`)]
}

/** What a file that was written earlier says and a new one would not: tests and rules that went or changed. */
export function staleIn(file: string, fresh: string): string[] {
  const pieces = (text: string): string[] => text.split(/\n| \| ?|<br>/)
  const known = new Set(pieces(fresh))
  return pieces(file).filter(piece => !known.has(piece))
}

export function markdownOf({ title, intro, exempt, chapters }: Report, proofs: readonly Proof[]): string {
  const rules = chapters.flatMap(chapter => chapter.rules)
  const left = rules.filter(rule => rule.exempt !== undefined).length
  const counts = `${rules.length} rules: ${rules.length - left} tested, ${left} ${exempt}.`
  const head = `# ${title}\n\n${intro}\n\n${counts}\n`
  return [head, ...chapters.map(chapter => chapterOf(chapter, proofs))].join('\n')
}

function chapterOf({ id, title, rules }: Chapter, proofs: readonly Proof[]): string {
  const withWeaker = rules.some(rule => rule.weaker !== undefined)
  const row = (cells: readonly string[]): string => `| ${cells.slice(0, withWeaker ? 4 : 3).join(' | ')} |`
  const rows = [
    row(['rule', 'what', 'proved by', 'weaker, or other']),
    row(['---', '---', '---', '---']),
    ...rules.map(rule => row([rule.id, rule.text, proofCell(rule, proofs), rule.weaker ?? ''])),
  ]
  return `## ${`${id} ${title}`.trim()}\n\n${rows.join('\n')}\n`
}

function proofCell(rule: Rule, proofs: readonly Proof[]): string {
  if (rule.exempt !== undefined) return `does not apply: ${rule.exempt}`
  const found = proofs.filter(proof => proof.rules.includes(rule.id))
  if (found.length === 0) return '**nothing**'
  return found
    .map(({ file, name }) => `${name.replaceAll('|', '\\|')} (\`${file.replace('test/', '')}\`)`)
    .join('<br>')
}
