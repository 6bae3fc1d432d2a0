// `npm run rows:report`: writes docs/registry-rows.md, prints it, and fails when a row has no test.
import { writeReport } from '../conformance/write.ts'
import { report, where } from './rows.ts'

await writeReport('docs/registry-rows.md', report, where)
