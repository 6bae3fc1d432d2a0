// `npm run conformance:report`: writes docs/conformance.md, prints it, and fails when a rule has no test.
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { findProofs } from './proofs.ts'
import { faultsOf, markdownOf } from './report.ts'
import { chapters } from './rules.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const file = join(root, 'docs/conformance.md')

const proofs = await findProofs(root)
const text = markdownOf(chapters, proofs)
process.stdout.write(text)
if ((await readFile(file, 'utf8').catch(() => '')) !== text) {
  await writeFile(file, text)
  process.stderr.write('docs/conformance.md has changed\n')
}
for (const fault of faultsOf(chapters, proofs)) {
  process.stderr.write(`${fault}\n`)
  process.exitCode = 1
}
