// A callback on a path: when it is called, when not, and what it cannot break.
import { deferred } from '../../protocol/support/deferred.ts'
import type { Callback, Sight } from '../../src/registry/snapshot.ts'
import { Subscription } from '../../src/registry/subscription.ts'
import { microtasks } from '../support/fake-clock.ts'
import { FakeSource } from '../support/fake-source.ts'
import { t } from '../tap.ts'

interface Scene {
  readonly source: FakeSource
  readonly warnings: unknown[]
  closed: number
  on(callback: Callback<Sight>): Subscription
}

function scene(): Scene {
  const warnings: unknown[] = []
  const made: Scene = {
    source: new FakeSource(),
    warnings,
    closed: 0,
    on: callback =>
      new Subscription(made.source, sight => sight, callback, {
        warning: error => warnings.push(error),
        closed: () => made.closed++,
      }),
  }
  return made
}

t.test('N35: equal content is told once, however often it is looked at', async t => {
  const { source, on } = scene()
  const seen: unknown[] = []
  on(({ data }) => seen.push(data?.n)).update()
  source.nudge()
  source.show({ data: { n: 1 } })
  source.nudge()
  source.snapshot = Object.freeze({ ...source.snapshot, source: 'memory' as const, stale: true })
  source.nudge()
  t.strictSame(seen, [undefined, 1], 'where it comes from is not content')
  source.show({ data: { n: 1 } })
  t.strictSame(seen, [undefined, 1, 1], 'written again: another Stat')
})

t.test(
  'N36: what one callback throws or rejects with reaches neither the others nor its own next call',
  async t => {
    const { source, on, warnings } = scene()
    const seen: unknown[] = []
    on(({ data }) => {
      throw new Error(`thrown ${data?.n}`)
    })
    on(async ({ data }) => {
      throw new Error(`rejected ${data?.n}`)
    })
    on(({ data }) => {
      const has = (): never => {
        throw new Error(`looked at ${data?.n}`)
      }
      return new Proxy({}, { has }) as never
    })
    on(({ data }) => seen.push(data?.n))
    source.show({ data: { n: 1 } })
    await microtasks()
    source.show({ data: { n: 2 } })
    await microtasks()
    t.strictSame(seen, [1, 2])
    const messages = warnings.map(error => (error as Error).message)
    const each = (n: number): string[] => [`thrown ${n}`, `looked at ${n}`, `rejected ${n}`]
    t.strictSame(messages, [...each(1), ...each(2)])
  },
)

t.test('N37: a muted callback is told on start, if anything changed, and what is there then', async t => {
  const { source, on } = scene()
  const seen: unknown[] = []
  source.show({ data: { n: 1 } })
  const subscription = on(({ data }) => seen.push(data?.n))
  subscription.update()
  t.equal(subscription.state(), true)
  subscription.stop()
  t.equal(subscription.state(), false)
  source.nudge()
  subscription.start()
  t.strictSame(seen, [1], 'nothing changed')
  subscription.stop()
  source.show({ data: { n: 2 } })
  source.show({ data: { n: 3 } })
  t.strictSame(seen, [1])
  subscription.start()
  subscription.start()
  t.strictSame(seen, [1, 3])
  source.show({ data: { n: 4 } })
  t.strictSame(seen, [1, 3, 4])
})

t.test('N42: an async callback is not called before it is done, and then with the newest', async t => {
  const { source, on } = scene()
  const gates = [deferred<void>(), deferred<void>()]
  const seen: unknown[] = []
  let inside = 0
  on(async ({ data }) => {
    t.equal(++inside, 1)
    seen.push(data?.n)
    await gates[seen.length - 1]?.promise
    inside--
  })
  for (const n of [1, 2, 3]) source.show({ data: { n } })
  await microtasks()
  t.strictSame(seen, [1])
  gates[0]!.resolve()
  await microtasks()
  t.strictSame(seen, [1, 3])
  gates[1]!.resolve()
  await microtasks()
  t.strictSame(seen, [1, 3])
})

t.test('N42: news that a callback causes itself comes after it', async t => {
  const { source, on } = scene()
  const steps: string[] = []
  on(({ data }) => {
    steps.push(`in ${data?.n}`)
    if (data?.n === 1) source.show({ data: { n: 2 } })
    steps.push(`out ${data?.n}`)
  })
  source.show({ data: { n: 1 } })
  t.strictSame(steps, ['in 1', 'out 1', 'in 2', 'out 2'])
})

t.test('a closed callback is never called again, also from inside another one', async t => {
  const made = scene()
  const { source, on } = made
  const seen: unknown[] = []
  const first = on(() => second.close())
  const second = on(({ data }) => seen.push(data?.n))
  source.show({ data: { n: 1 } })
  t.strictSame(seen, [])
  t.equal(second.state(), false)
  second.start()
  second.update()
  source.show({ data: { n: 2 } })
  t.strictSame(seen, [])
  first[Symbol.dispose]()
  first.close()
  t.equal(made.closed, 2)
})

t.test('a shape that takes its time: muted meanwhile, told later', async t => {
  const { source } = scene()
  const gate = deferred<void>()
  const seen: unknown[] = []
  const shape = async (sight: Sight): Promise<Sight> => {
    await gate.promise
    return sight
  }
  const callback = ({ data }: Sight): void => void seen.push(data?.n)
  const subscription = new Subscription(source, shape, callback, { warning: () => {}, closed: () => {} })
  source.show({ data: { n: 1 } })
  subscription.stop()
  gate.resolve()
  await microtasks()
  t.strictSame(seen, [])
  subscription.start()
  await microtasks()
  t.strictSame(seen, [1])
})
