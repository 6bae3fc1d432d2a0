// How fast a registration answers to others.
import { ANSWER_INTERVAL, AnswerPace, TakeoverPace } from '../../src/registry/pace.ts'
import { t } from '../tap.ts'

t.test('N59: ten changes are answered at once, then one per interval', async t => {
  const pace = new AnswerPace()
  const allowed = Array.from({ length: 20 }, () => pace.allows(1000)).filter(Boolean)
  t.equal(allowed.length, 10)
  t.equal(pace.allows(1000 + ANSWER_INTERVAL), false)
  t.equal(pace.allows(1000 + 100 * ANSWER_INTERVAL), true, 'after a quiet time it begins anew')
})

t.test('N59: takeovers of one path come less and less often, and after long peace at once again', async t => {
  const pace = new TakeoverPace(() => 1)
  let now = 5000
  t.equal(pace.pause(now), 0, 'the first at once')
  const pauses: number[] = []
  for (let round = 0; round < 9; round++) {
    pace.took(now)
    pauses.push(pace.pause(now))
    t.equal(pace.pause(now + pauses.at(-1)! / 2), pauses.at(-1)! / 2, 'it runs down')
    now += pauses.at(-1)!
    t.equal(pace.pause(now), 0)
  }
  t.strictSame(pauses, [1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000, 60_000])
  now += 601_000
  pace.took(now)
  t.equal(pace.pause(now), 1000)
})

t.test('N59: two takers do not come back in step', async t => {
  const [a, b] = [new TakeoverPace(() => 0), new TakeoverPace(() => 0.5)]
  for (const pace of [a, b]) pace.took(0)
  t.strictSame([a.pause(0), b.pause(0)], [500, 750])
})
