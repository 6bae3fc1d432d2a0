// The counts at the end of a test run: leaves count once, skips are listed with their reason.
import { failuresIn, summarise } from '../../scripts/test/summary.ts'
import { t } from '../tap.ts'

const RUN = `TAP version 14
# Subtest: test/a.test.ts
    # Subtest: outer
        ok 1 - first
        not ok 2 - second
          ---
          at:
            fileName: test/a.test.ts
          ...
        not ok 3 - behind a diagnostic
        # Subtest: inner
            ok 1 - third
            1..1
        ok 4 - inner # time=1ms
        1..4
    not ok 1 - outer # time=2ms
    ok 2 - the peer # SKIP no python3 here
    1..2
not ok 1 - test/a.test.ts # time=3ms
1..1
`

t.test('summary: subtests and files repeat what is inside them and do not count', async t => {
  const { passed, failed } = summarise(RUN)
  t.equal(passed, 2)
  t.equal(failed, 2)
})

t.test('summary: what failed is listed with the tests around it and what is said of it', async t => {
  t.strictSame(failuresIn(RUN), [
    'test/a.test.ts > outer > second\n          at:\n            fileName: test/a.test.ts',
    'test/a.test.ts > outer > behind a diagnostic',
  ])
})

t.test(
  'summary: a file that was killed behind its tests is listed, beside what failed in others',
  async t => {
    const killed = `# Subtest: test/b.test.ts
    # Subtest: fine
        ok 1 - yes
        1..1
    ok 1 - fine # time=1ms
    1..1
not ok 2 - test/b.test.ts # time=1ms
  ---
  signal: SIGKILL
  ...
`
    t.strictSame(failuresIn(`${RUN}${killed}`).slice(2), ['test/b.test.ts\n  signal: SIGKILL'])
    t.strictSame(failuresIn(killed.replaceAll('not ok', 'ok')), [])
  },
)

t.test('summary: a skip is neither passed nor failed, and tells why', async t => {
  t.strictSame(summarise(RUN).skips, ['the peer: no python3 here'])
})

t.test('summary: a file that died before its first assertion is a failure', async t => {
  const died = 'not ok 1 - test/a.test.ts # time=3ms\n  ---\n  exitCode: 1\n  ...\n1..1\n'
  t.equal(summarise(died).failed, 1)
})

t.test('summary: what a test prints hides no failure, whatever it looks like', async t => {
  const printed = `# Subtest: test/a.test.ts
    ---
        indented
    not ok 1 - first
      ---
      diff: |
        ---
        ...
        not ok 9 - part of the difference
      ...
    ok 2 - second
Error: died
    at somewhere
not ok 1 - test/a.test.ts # time=3ms
  ---
  exitCode: 1
  ...
`
  t.match(summarise(printed), { passed: 1, failed: 2 })
  t.strictSame(
    failuresIn(printed).map(failure => failure.split('\n')[0]),
    ['test/a.test.ts > first', 'test/a.test.ts'],
  )
  t.strictSame(failuresIn(printed)[0]?.split('\n').length, 5, 'with the whole difference')
})

t.test('summary: a block without an end hides nothing but itself', async t => {
  const cut = 'not ok 1 - a\n  ---\n  at: x\nnot ok 2 - b\r\n1..2\n'
  t.equal(summarise(cut).failed, 2)
  t.strictSame(failuresIn(cut), ['a\n  at: x', 'b'])
})

t.test('summary: a plan in front of the assertions closes the test all the same', async t => {
  const planned = '# Subtest: a\n    1..2\n    ok 1 - x\n    ok 2 - y\nok 1 - a # time=1ms\nok 2 - b\n1..2\n'
  t.match(summarise(planned), { passed: 3, failed: 0 })
})

t.test('summary: nothing at all is nothing', async t => {
  t.match(summarise(''), { passed: 0, failed: 0, skips: { length: 0 } })
})

t.test('summary: what the release of the server has not is listed, and is no skip', async t => {
  const { passed, failed, skips, notApplicable } = summarise(
    '    ok 1 - recursive # SKIP not applicable: needs ZooKeeper 3.6, this is 3.5.10\n    1..1\nok 1 - a # time=1ms\n',
  )
  t.strictSame([passed, failed, skips], [0, 0, []])
  t.strictSame(notApplicable, ['recursive: not applicable: needs ZooKeeper 3.6, this is 3.5.10'])
})
