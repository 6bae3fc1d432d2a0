// The arithmetic of the bench: medians, ratios of neighbouring rounds, and the figures judged from them.
import { judge } from '../../scripts/bench/goals.ts'
import type { Answer } from '../../scripts/bench/programs/task.ts'
import type { Result } from '../../scripts/bench/results.ts'
import type { TargetName } from '../../scripts/bench/rows.ts'
import { median, medianOf, nextTotal, ratioOf } from '../../scripts/bench/statistics.ts'
import { t } from '../tap.ts'

function answer(fields: Partial<Answer>): Answer {
  return { perSecond: 1, cpu: 1, p50: null, p99: null, heap: null, ...fields }
}

function rates(...all: number[]): Answer[] {
  return all.map(perSecond => answer({ perSecond }))
}

function result(row: string, target: TargetName, client: string, rounds: readonly Answer[]): Result {
  return { row, target, client, rounds, rearm: [], error: null }
}

t.test('bench: the median is the middle value, whatever the order', async t => {
  t.equal(median([]), null)
  t.equal(median([7]), 7)
  t.equal(median([9, 1, 5]), 5)
  t.equal(median([10, 1, 2, 4]), 3, 'of an even number, the mean of the two in the middle')
  const values = [3, 1, 2]
  median(values)
  t.strictSame(values, [3, 1, 2], 'the values stay as they are')
})

t.test('bench: a metric that the rounds do not have has no median', async t => {
  t.equal(medianOf(rates(1, 3, 2), 'perSecond'), 2)
  t.equal(medianOf(rates(1, 3, 2), 'p50'), null)
  t.equal(medianOf([answer({ p50: 5 }), answer({})], 'p50'), 5)
})

t.test('bench: a ratio compares each round with its neighbour', async t => {
  // The machine ran at half its speed in the second round: that must not show.
  t.equal(ratioOf(rates(200, 100, 200), rates(100, 50, 100), 'perSecond'), 2)
  t.equal(ratioOf(rates(200), rates(100, 1), 'perSecond'), 2, 'a round without a neighbour does not count')
  t.equal(ratioOf([], rates(1), 'perSecond'), null)
  t.equal(ratioOf(rates(1), rates(0), 'perSecond'), null, 'nothing is a multiple of nothing')
})

t.test('bench: the next round takes as long as was asked, within its bounds', async t => {
  t.equal(nextTotal(10_000, 0.5, 500, 100_000), 5000)
  t.equal(nextTotal(10, 0.5, 500, 100_000), 500)
  t.equal(nextTotal(1e7, 1, 500, 100_000), 100_000)
})

t.test(
  'bench: figures are judged from the results, and what was not measured is neither reached nor missed',
  async t => {
    const watches = { ...result('watches', 'real', 'ours', [answer({ heap: 401 })]), rearm: [100, 300, 200] }
    const goals = judge([
      result('get', 'canned', 'ours', rates(2000)),
      result('get', 'canned', 'node-zookeeper-client', rates(100)),
      result('get', 'canned', 'java', rates(200)),
      watches,
    ])
    const found = Object.fromEntries(goals.map(goal => [goal.title, goal]))
    const gets = 'gets a second, canned server: of'
    t.match(found[`${gets} node-zookeeper-client`], { measured: 20, wanted: '>= 20', reached: true })
    t.match(found[`${gets} the Java client`], { measured: 10, reached: false })
    t.match(found['CPU per get, real server: of the floor'], { measured: null, reached: null })
    t.match(found['heap per watch, real server'], { measured: 401, reached: false })
    t.match(found['watches re-armed after a reconnect, real server'], { measured: 200, reached: true })
  },
)
