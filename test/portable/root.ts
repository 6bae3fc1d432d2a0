// The root test of a file that runs without tap.
import { Report } from './report.ts'
import { PortableTest } from './test.ts'

export const report: Report = new Report(text => process.stdout.write(text))
export const t: PortableTest = new PortableTest('', report)
