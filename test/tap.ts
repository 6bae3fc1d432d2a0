// The one place that knows the test runner, so that the suites can run under another one elsewhere.
export type { Test } from 'tap'
export { t } from 'tap'
