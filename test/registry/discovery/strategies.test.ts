// The pick strategies: fair, and calm when instances come and go.
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { strategyOf } from '../../../src/registry/discovery/strategies/by-name.ts'
import { LeastUsed } from '../../../src/registry/discovery/strategies/least-used.ts'
import { RandomPick } from '../../../src/registry/discovery/strategies/random.ts'
import { RoundRobin } from '../../../src/registry/discovery/strategies/round-robin.ts'
import { Sticky } from '../../../src/registry/discovery/strategies/sticky.ts'
import type { PickContext, PickStrategy } from '../../../src/registry/discovery/strategies/strategy.ts'
import { Weighted } from '../../../src/registry/discovery/strategies/weighted.ts'
import { ZonePreferring } from '../../../src/registry/discovery/strategies/zone-preferring.ts'
import type { Instance, InstanceInput } from '../../../src/registry/formats/instance.ts'
import { ownFormat } from '../../../src/registry/formats/own.ts'
import { t } from '../../tap.ts'

const idle: PickContext = { load: () => 0 }
const instance = (host: string, more: Partial<InstanceInput> = {}): Instance =>
  ownFormat.complete({ host, port: 1, ...more }, 's', 0)
const hosts = (count: number): Instance[] => Array.from({ length: count }, (_, i) => instance(`h${i}`))

function counts(
  strategy: PickStrategy,
  candidates: readonly Instance[],
  times: number,
  context = idle,
): Map<string, number> {
  const count = new Map<string, number>()
  for (let i = 0; i < times; i++) {
    const { host } = strategy.pick(candidates, context)!
    count.set(host, (count.get(host) ?? 0) + 1)
  }
  return count
}

const ALL: readonly (() => PickStrategy)[] = [
  () => new RoundRobin(),
  () => new RandomPick(),
  () => new LeastUsed(),
  () => new Weighted(),
  () => new Sticky(),
  () => new ZonePreferring({ zone: 'a' }),
  () => new ZonePreferring({ zone: 'a', among: new Weighted() }),
]

t.test('strategies: always one of the candidates, and null only without any', async t => {
  const zone = fc.constantFrom('a', 'b', null)
  const candidates = fc
    .uniqueArray(fc.record({ host: fc.stringMatching(/^[a-z]{1,5}$/), zone, weight: fc.nat(5) }), {
      selector: ({ host }) => host,
    })
    .map(list => list.map(({ host, ...more }) => instance(host, more)))
  const contexts = fc.record({ key: fc.option(fc.string(), { nil: undefined }), load: fc.func(fc.nat(9)) })
  for (const make of ALL) {
    fc.assert(
      fc.property(fc.array(fc.tuple(candidates, contexts), { minLength: 1, maxLength: 5 }), rounds => {
        const strategy = make()
        for (const [list, context] of rounds) {
          const picked = strategy.pick(list, context)
          assert.ok(picked === null ? list.every(({ weight }) => weight === 0) : list.includes(picked))
        }
      }),
      { numRuns: 50 },
    )
  }
  t.pass('of 350 series')
})

t.test('strategies: round robin: everybody once in a round, whoever comes and goes', async t => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 20 }), fc.nat(19), (count, start) => {
      const strategy = new RoundRobin()
      const list = hosts(count)
      for (let i = 0; i < start; i++) strategy.pick(list)
      assert.deepEqual(new Set(list.map(() => strategy.pick(list)!.host)).size, count)
    }),
  )
  const strategy = new RoundRobin()
  const [a, b, c, d] = hosts(4) as [Instance, Instance, Instance, Instance]
  t.equal(strategy.pick([a, b, c]), a)
  t.equal(strategy.pick([a, b, c]), b)
  t.equal(strategy.pick([b, c, d]), c, 'one that left before does not shift the turn')
  t.equal(strategy.pick([a, d]), d)
  t.equal(strategy.pick([d, a]), a, 'the order of the list does not count')
  t.equal(strategy.pick([]), null)
  t.equal(strategy.pick([a, b]), b, 'an empty list does not begin anew')
})

t.test('strategies: random: equal shares', async t => {
  let turn = 0
  const even = new RandomPick(() => (turn++ % 100) / 100)
  t.same([...counts(even, hosts(4), 100).values()], [25, 25, 25, 25])
  const last = new RandomPick(() => 1 - Number.EPSILON)
  t.equal(last.pick(hosts(3))?.host, 'h2')
})

t.test('strategies: weighted: exact shares in every round, spread out', async t => {
  fc.assert(
    fc.property(fc.array(fc.nat(9), { minLength: 1, maxLength: 8 }), weights => {
      const sum = weights.reduce((a, b) => a + b)
      const list = weights.map((weight, i) => instance(`h${i}`, { weight }))
      const strategy = new Weighted()
      if (sum === 0) return assert.equal(strategy.pick(list), null)
      for (let round = 0; round < 3; round++) {
        const count = counts(strategy, list, sum)
        assert.deepEqual(
          list.map(({ host }) => count.get(host) ?? 0),
          weights,
        )
      }
    }),
  )
  const list = [instance('a', { weight: 5 }), instance('b'), instance('c')]
  const strategy = new Weighted()
  t.equal(Array.from({ length: 7 }, () => strategy.pick(list)!.host).join(''), 'aabacaa')
})

t.test('strategies: weighted: who leaves and comes back owes nothing', async t => {
  const strategy = new Weighted()
  const heavy = instance('a', { weight: 100 })
  const light = instance('b')
  for (let i = 0; i < 50; i++) strategy.pick([heavy, light])
  strategy.pick([light])
  const count = counts(strategy, [heavy, light], 101)
  t.ok(count.get('a')! >= 99)
})

t.test('strategies: least used: by leases, in proportion to the weight', async t => {
  const [a, b] = [instance('a', { weight: 2 }), instance('b')]
  const load = new Map<Instance, number>()
  const context = { load: (instance: Instance): number => load.get(instance) ?? 0 }
  const strategy = new LeastUsed()
  for (let i = 0; i < 30; i++) {
    const picked = strategy.pick([a, b], context)!
    load.set(picked, context.load(picked) + 1)
  }
  t.same([load.get(a), load.get(b)], [20, 10])
  load.set(a, 0)
  t.equal(strategy.pick([a, b], context), a)
  t.same([...counts(strategy, hosts(3), 30).values()], [10, 10, 10], 'equals take turns')
})

t.test('strategies: sticky: a key stays, and only the keys of one that leaves move', async t => {
  const keys = Array.from({ length: 2000 }, (_, i) => `user-${i}`)
  const place = (list: readonly Instance[]): Map<string, string> => {
    const strategy = new Sticky()
    return new Map(keys.map(key => [key, strategy.pick(list, { ...idle, key })!.host]))
  }
  const list = hosts(10)
  const before = place(list)
  const shares = list.map(({ host }) => [...before.values()].filter(at => at === host).length)
  for (const share of shares) t.ok(share > 120 && share < 280, `${share} of 2000 keys`)
  t.same(place([...list].reverse()), before, 'the order of the list does not count')
  const after = place(list.filter(({ host }) => host !== 'h4'))
  for (const key of keys) if (before.get(key) !== 'h4' && before.get(key) !== after.get(key)) t.fail(key)
  const more = place([...list, instance('new')])
  const moved = keys.filter(key => more.get(key) !== before.get(key))
  t.ok(moved.length > 100 && moved.length < 280, `${moved.length} keys moved`)
  t.ok(moved.every(key => more.get(key) === 'new'))
})

t.test(
  'strategies: sticky: in proportion to the weight; the same in every process; without a key, in turn',
  async t => {
    const strategy = new Sticky()
    const list = [instance('a', { weight: 3 }), instance('b')]
    let first = 0
    for (let i = 0; i < 2000; i++) if (strategy.pick(list, { ...idle, key: `k${i}` })!.host === 'a') first++
    t.ok(first > 1380 && first < 1620, `${first} of 2000 for three quarters of the weight`)
    const keys = ['alice', 'bob', 'carol', 'dave', '', '\u20ac']
    t.same(
      keys.map(key => strategy.pick(hosts(5), { ...idle, key })!.host),
      ['h3', 'h1', 'h3', 'h3', 'h2', 'h3'],
    )
    t.same([...counts(strategy, hosts(3), 9).values()], [3, 3, 3])
  },
)

t.test('strategies: zone: the own one, until too few are left', async t => {
  const near = [instance('a', { zone: 'x' }), instance('b', { zone: 'x' })]
  const far = [instance('c', { zone: 'y' }), instance('d')]
  const strategy = new ZonePreferring({ zone: 'x', minimum: 2 })
  t.same(
    [...counts(strategy, [...near, ...far], 10)],
    [
      ['a', 5],
      ['b', 5],
    ],
  )
  t.equal(counts(strategy, [near[0]!, ...far], 9).size, 3, 'spills over to all')
  t.equal(new ZonePreferring({ zone: 'x' }).pick([near[0]!, ...far], idle), near[0])
  const idleNear = [instance('a', { zone: 'x', weight: 0 }), ...far]
  t.not(
    new ZonePreferring({ zone: 'x', among: new Weighted() }).pick(idleNear, idle)?.host,
    'a',
    'without weight it does not count',
  )
})

t.test('strategies: by name, or one of your own', async t => {
  t.ok(strategyOf() instanceof RoundRobin)
  t.ok(strategyOf('weighted') instanceof Weighted)
  t.ok(strategyOf('random') instanceof RandomPick)
  t.ok(strategyOf('leastUsed') instanceof LeastUsed)
  t.ok(strategyOf('sticky') instanceof Sticky)
  const own = { pick: () => null }
  t.equal(strategyOf(own), own)
  for (const bad of ['best', 'toString', null, {}, 5]) {
    t.throws(() => strategyOf(bad as never), { code: 'INVALID_OPTION' })
  }
})
