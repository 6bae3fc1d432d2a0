// The report: each rule with its tests, and what is wrong with it. Pure: rules and proofs in, text out.
import type { Proof } from './proofs.ts'
import type { Chapter, Rule } from './rules.ts'

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

export function markdownOf(chapters: readonly Chapter[], proofs: readonly Proof[]): string {
  const rules = chapters.flatMap(chapter => chapter.rules)
  const exempt = rules.filter(rule => rule.exempt !== undefined).length
  const intro = `# Conformance

What the embedded server does as ZooKeeper does, rule by rule, with the tests that prove it. Tests in \`test/conformance\`
run on both, the embedded server and a real one; those in \`test/embedded\` cover what a real server does not show in the
time of a test. \`npm run conformance:report\` makes this file and fails when a rule has no test.

${rules.length} rules: ${rules.length - exempt} tested, ${exempt} that do not apply to a server in process.
`
  return [intro, ...chapters.map(chapter => chapterOf(chapter, proofs))].join('\n')
}

function chapterOf({ id, title, rules }: Chapter, proofs: readonly Proof[]): string {
  const rows = rules.map(rule => `| ${rule.id} | ${rule.text} | ${proofCell(rule, proofs)} |`)
  return `## ${id} ${title}\n\n| rule | what | proved by |\n| --- | --- | --- |\n${rows.join('\n')}\n`
}

function proofCell(rule: Rule, proofs: readonly Proof[]): string {
  if (rule.exempt !== undefined) return `does not apply: ${rule.exempt}`
  const found = proofs.filter(proof => proof.rules.includes(rule.id))
  if (found.length === 0) return '**nothing**'
  return found
    .map(({ file, name }) => `${name.replaceAll('|', '\\|')} (\`${file.replace('test/', '')}\`)`)
    .join('<br>')
}
