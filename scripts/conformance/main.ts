// `npm run conformance:report`: writes docs/conformance.md, prints it, and fails when a rule has no test.
import { report, where } from './rules.ts'
import { writeReport } from './write.ts'

await writeReport('docs/conformance.md', report, where)
