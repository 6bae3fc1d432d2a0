// Outlier ejection: when, for how long, and never everybody.
import assert from 'node:assert/strict'
import fc from 'fast-check'
import type { OutlierOptions } from '../../../src/registry/discovery/outliers.ts'
import { Outliers } from '../../../src/registry/discovery/outliers.ts'
import type { Instance } from '../../../src/registry/formats/instance.ts'
import { ownFormat } from '../../../src/registry/formats/own.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { t } from '../../tap.ts'

const hosts = (count: number): Instance[] =>
  Array.from({ length: count }, (_, i) => ownFormat.complete({ host: `h${i}` }, 's', 0))
const idsOf = (list: readonly Instance[]): Set<string> => new Set(list.map(({ id }) => id))

interface Fixture {
  readonly clock: FakeClock
  readonly outliers: Outliers
  readonly list: Instance[]
  fail(id: string, times?: number): boolean
  left(): string[]
}

function fixture(count: number, options: OutlierOptions = {}): Fixture {
  const clock = new FakeClock()
  const outliers = new Outliers({ consecutiveErrors: 3, baseEjection: 1000, ...options }, clock)
  const list = hosts(count)
  const fail = (id: string, times = 3): boolean => {
    let ejected = false
    for (let i = 0; i < times; i++) ejected = outliers.error(id, idsOf(list)) || ejected
    return ejected
  }
  return { clock, outliers, list, fail, left: () => outliers.filter(list).map(({ id }) => id) }
}

t.test('outliers: errors in a row eject, a success in between does not', async t => {
  const { outliers, fail, left } = fixture(4)
  t.equal(fail('h0', 2), false)
  outliers.success('h0')
  t.equal(fail('h0', 2), false)
  t.same(left(), ['h0', 'h1', 'h2', 'h3'])
  t.equal(fail('h0', 1), true)
  t.same(left(), ['h1', 'h2', 'h3'])
  t.equal(outliers.isEjected('h0'), true)
  t.equal(fail('h0', 9), false, 'what was under way does not eject again')
})

t.test('outliers: back after its time, on probation, and longer each time up to the limit', async t => {
  const { clock, outliers, fail, left } = fixture(4, { maxEjection: 5000 })
  const out: number[] = []
  fail('h0')
  for (let i = 0; i < 5; i++) {
    const start = clock.now()
    while (left().length < 4) await clock.advance(100)
    out.push(clock.now() - start)
    t.equal(fail('h0', 1), true, 'one more error is enough')
  }
  t.same(out, [1000, 2000, 4000, 5000, 5000])
  await clock.advance(5000)
  for (let i = 0; i < 6; i++) outliers.success('h0')
  t.equal(fail('h0', 2), false, 'all is forgiven')
  t.equal(fail('h0', 1), true)
  await clock.advance(1000)
  t.equal(left().length, 4, 'and the time is the first one again')
})

t.test('outliers: an answer to an older request takes no ejection back', async t => {
  const { outliers, fail, left } = fixture(2)
  fail('h0')
  outliers.success('h0')
  t.same(left(), ['h1'])
})

t.test('outliers: no more than the share, and never the last one', async t => {
  const { fail, left } = fixture(10, { maxEjectedShare: 0.3 })
  for (let i = 0; i < 10; i++) fail(`h${i}`)
  t.same(left().length, 7)
  const all = fixture(3, { maxEjectedShare: 1 })
  for (let i = 0; i < 3; i++) all.fail(`h${i}`)
  t.equal(all.left().length, 1)
  const one = fixture(1, { maxEjectedShare: 1 })
  t.equal(one.fail('h0', 20), false)
  t.same(one.left(), ['h0'])
})

t.test('outliers: when the healthy ones leave, those that were ejected first come back', async t => {
  const { clock, outliers, list, fail } = fixture(6)
  for (const id of ['h0', 'h1', 'h2']) {
    fail(id)
    await clock.advance(10)
  }
  t.equal(outliers.filter(list).length, 3)
  t.same(
    outliers.filter(list.slice(0, 4)).map(({ id }) => id),
    ['h0', 'h3'],
  )
  t.same(
    outliers.filter(list.slice(0, 3)).map(({ id }) => id),
    ['h0', 'h1'],
  )
  t.same(
    outliers.filter(list.slice(2, 3)).map(({ id }) => id),
    ['h2'],
  )
})

t.test('outliers: who left is forgotten, and strangers do not count', async t => {
  const { outliers, list, fail, left } = fixture(4)
  t.equal(fail('stranger', 9), false)
  fail('h0')
  outliers.retain(idsOf(list.slice(1)))
  outliers.retain(idsOf(list))
  t.equal(left().length, 4)
})

t.test('outliers: whatever happens, something is left and the share holds', async t => {
  const step = fc.record({
    id: fc.nat(7),
    what: fc.constantFrom('error', 'error', 'error', 'success', 'time'),
    size: fc.integer({ min: 1, max: 8 }),
  })
  fc.assert(
    fc.property(
      fc.array(step, { maxLength: 200 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (steps, share) => {
        let now = 0
        const outliers = new Outliers(
          { consecutiveErrors: 1, baseEjection: 10, maxEjectedShare: share },
          { now: () => now },
        )
        for (const { id, what, size } of steps) {
          const members = hosts(size)
          if (what === 'error') outliers.error(`h${id}`, idsOf(members))
          if (what === 'success') outliers.success(`h${id}`)
          if (what === 'time') now += 5
          const left = outliers.filter(members)
          assert.ok(left.length > 0)
          assert.ok(members.length - left.length <= Math.floor(members.length * share))
        }
      },
    ),
  )
  t.pass('in 100 series')
})

t.test('outliers: bad options are refused by name', async t => {
  for (const bad of [
    { consecutiveErrors: 0 },
    { baseEjection: -1 },
    { maxEjection: Number.NaN },
    { maxEjectedShare: 1.1 },
    { maxEjectedShare: 'all' as never },
  ]) {
    t.throws(() => new Outliers(bad, new FakeClock()), {
      code: 'INVALID_OPTION',
      message: new RegExp(Object.keys(bad)[0]!),
    })
  }
})
