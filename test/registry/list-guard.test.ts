// Protection against an emptied list, on a clock that the test moves.

import { ListGuard } from '../../src/registry/list-guard.ts'
import type { ChildSnapshot } from '../../src/registry/snapshot.ts'
import { sameSight } from '../../src/registry/snapshot.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { FakeSource } from '../support/fake-source.ts'
import { aStat } from '../support/scripted-server.ts'
import { t } from '../tap.ts'

interface Scene {
  readonly source: FakeSource
  readonly clock: FakeClock
  readonly guard: ListGuard
  /** The lists at each call of the listener. */
  readonly lists: (readonly string[])[]
}

function scene(minInstances: number, holdDown: number): Scene {
  const [source, clock] = [new FakeSource(), new FakeClock()]
  const guard = new ListGuard(source, { minInstances, holdDown }, clock)
  const lists: (readonly string[])[] = []
  guard.listen(() => lists.push(guard.snapshot.children))
  return { source, clock, guard, lists }
}

t.test('H37: a list that shrinks below the minimum is kept until the hold-down has passed', async t => {
  const { source, clock, guard, lists } = scene(2, 1000)
  source.show({ children: ['a', 'b', 'c'] })
  t.match(guard.snapshot, { children: ['a', 'b', 'c'], stale: false, protected: false })
  source.show({ children: ['c'], data: { n: 2 } })
  t.match(guard.snapshot, { children: ['a', 'b', 'c'], data: { n: 2 }, stale: true, protected: true })
  t.equal(guard.snapshot, guard.snapshot)
  await clock.advance(999)
  t.match(guard.snapshot, { children: ['a', 'b', 'c'], protected: true })
  await clock.advance(1)
  t.match(guard.snapshot, { children: ['c'], stale: false, protected: false })
  const all = ['a', 'b', 'c']
  t.strictSame(lists, [all, all, ['c']])
  source.show({ children: [] })
  t.match(
    guard.snapshot,
    { children: { length: 0 }, protected: false },
    'until it has recovered there is nothing to protect',
  )
  source.show({ children: ['x', 'y'] })
  source.show({ children: [] })
  t.match(guard.snapshot, { children: ['x', 'y'], protected: true })
  guard.stop()
  t.equal(clock.scheduled, 0)
})

t.test('H37: a list that recovers in time is shown as it is, and its time begins anew', async t => {
  const { source, clock, guard } = scene(1, 1000)
  source.show({ children: ['a'] })
  source.show({ children: [] })
  await clock.advance(900)
  source.show({ children: ['b'] })
  t.match(guard.snapshot, { children: ['b'], stale: false, protected: false })
  t.equal(clock.scheduled, 0)
  source.show({ children: [] })
  await clock.advance(999)
  t.match(guard.snapshot, { children: ['b'], protected: true })
  await clock.advance(1)
  t.strictSame(guard.snapshot.children, [])
})

t.test('H37: a list that goes on shrinking does not buy time', async t => {
  const { source, clock, guard } = scene(3, 1000)
  source.show({ children: ['a', 'b', 'c'] })
  source.show({ children: ['a', 'b'] })
  await clock.advance(900)
  source.show({ children: ['a'] })
  t.strictSame(guard.snapshot.children, ['a', 'b', 'c'])
  await clock.advance(100)
  t.strictSame(guard.snapshot.children, ['a'])
})

t.test('H37: what was never good is not protected; with Infinity, what was good stays', async t => {
  const { source, clock, guard } = scene(2, Number.POSITIVE_INFINITY)
  t.match(guard.snapshot, { children: { length: 0 }, protected: false })
  source.show({ children: ['a'] })
  t.match(guard.snapshot, { children: ['a'], protected: false })
  source.show({ children: ['a', 'b'] })
  source.show({ children: [], stat: null, data: null })
  t.equal(clock.scheduled, 0)
  await clock.advance(10 ** 9)
  t.match(guard.snapshot, { children: ['a', 'b'], stat: null, protected: true })
})

t.test('H37: the data of protected children stays too, and is no news while nothing changes', async t => {
  const child = (n: number): ChildSnapshot => Object.freeze({ data: { n }, stat: aStat })
  const { source, guard } = scene(2, 1000)
  source.show({ children: ['a', 'b'], childData: { a: child(1), b: child(2) } })
  const now = { b: child(3) }
  source.show({ children: ['b'], childData: now })
  const first = guard.snapshot
  t.strictSame(first.childData?.a?.data, { n: 1 })
  t.strictSame(first.childData?.b?.data, { n: 3 }, 'what is still there is shown as it is now')
  const { stat } = source.snapshot
  source.show({ children: ['b'], childData: now, stat }, { source: 'memory', stale: true })
  t.not(guard.snapshot, first)
  t.ok(sameSight(first, guard.snapshot), 'only the connection was lost')
  guard.stop()
})
