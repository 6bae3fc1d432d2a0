// Writes a report to its file, prints it, and tells what is wrong with it.
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Where } from './proofs.ts'
import { findProofs } from './proofs.ts'
import type { Report } from './report.ts'
import { faultsOf, markdownOf } from './report.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** `file` is below the root of the project. The process fails when a rule has no test. */
export async function writeReport(file: string, report: Report, where: Where): Promise<void> {
  const path = join(root, file)
  const proofs = await findProofs(root, where)
  const text = markdownOf(report, proofs)
  process.stdout.write(text)
  if ((await readFile(path, 'utf8').catch(() => '')) !== text) {
    await writeFile(path, text)
    process.stderr.write(`${file} has changed\n`)
  }
  for (const fault of faultsOf(report.chapters, proofs)) {
    process.stderr.write(`${fault}\n`)
    process.exitCode = 1
  }
}
