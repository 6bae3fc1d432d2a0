// The one place that knows the test runner: tap on Node, and its words on runtimes where tap does not run.
import type { Test } from 'tap'

export type { Test }

// NDSR_PORTABLE: the same on Node, for a quick run of one file.
const portable = 'bun' in process.versions || 'deno' in process.versions || process.env.NDSR_PORTABLE === '1'

export const t: Test = portable
  ? ((await import('./portable/root.ts')).t as unknown as Test)
  : (await import('tap')).t
