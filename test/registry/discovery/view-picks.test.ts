// Whom a view picks: leases, failures, and who is passed over.
import { t } from '../../tap.ts'
import { fixture } from './support.ts'

t.test('view: who is about to leave, or has no weight, is not picked', async t => {
  const { view, source } = fixture()
  source.show({ 'a:1': { enabled: false }, 'b:1': {}, 'c:1': { weight: 0 } })
  t.same(new Set(Array.from({ length: 9 }, () => view.pick()?.id)), new Set(['b:1']))
  t.equal(view.instances.length, 3)
  source.show({ 'a:1': { enabled: false }, 'c:1': { weight: 0 } })
  t.equal(view.pick()?.id, 'c:1', 'rather one without weight than none')
  source.show({ 'a:1': { enabled: false } })
  t.equal(view.pick(), null)
  for (const strategy of ['leastUsed', 'sticky', 'weighted'] as const) {
    const weighing = fixture({ strategy })
    weighing.source.show({ 'c:1': { weight: 0 }, 'd:1': { weight: 0 } })
    const picked = [1, 2].map(() => weighing.view.pick({ key: 'k' })?.id)
    t.same(picked, ['c:1', 'd:1'], `${strategy} too`)
    t.equal(weighing.view.pick({ key: 'k', except: new Set(['c:1']) })?.id, 'd:1')
  }
})

t.test('view: what was tried already is picked only where there is nobody else', async t => {
  const { view, source } = fixture()
  source.show({ 'a:1': {}, 'b:1': {} })
  const except = new Set(['a:1'])
  for (let i = 0; i < 4; i++) t.equal(view.pick({ except })?.id, 'b:1')
  t.ok(view.pick({ except: new Set(['a:1', 'b:1']) }))
})

t.test('view: leases count until they are released, once', async t => {
  const { view, source } = fixture({ strategy: 'leastUsed' })
  source.show({ 'a:1': {}, 'b:1': {} })
  const leases = Array.from({ length: 6 }, () => view.acquire()!)
  t.same(
    view.instances.map(instance => view.load(instance)),
    [3, 3],
  )
  const ofA = leases.filter(lease => lease.instance.id === 'a:1')
  ofA[0]!.release()
  ofA[0]!.release()
  ofA[1]![Symbol.dispose]()
  t.same(
    view.instances.map(instance => view.load(instance)),
    [1, 3],
  )
  t.same([view.pick()?.id, view.pick()?.id], ['a:1', 'a:1'], 'a pick is no use')
  for (const lease of leases) lease.release()
  t.same(
    view.instances.map(instance => view.load(instance)),
    [0, 0],
  )
})

t.test('view: failures eject, and the time brings back', async t => {
  const { view, source, clock } = fixture({ outliers: { consecutiveErrors: 2, baseEjection: 1000 } })
  source.show({ 'a:1': {}, 'b:1': {} })
  const ejected: string[] = []
  view.on('ejected', ({ id }) => ejected.push(id))
  const a = view.instances[0]!
  view.error(a)
  view.success(a)
  view.error(a)
  t.same(ejected, [])
  view.error(a)
  t.same(ejected, ['a:1'])
  t.same(new Set([1, 2, 3].map(() => view.pick()?.id)), new Set(['b:1']))
  t.equal(view.instances.length, 2, 'it is there all the same')
  await clock.advance(1000)
  t.equal(view.candidates.length, 2)
  const never = fixture({ outliers: false })
  never.source.show({ 'a:1': {}, 'b:1': {} })
  for (let i = 0; i < 99; i++) never.view.error(never.view.instances[0]!)
  t.equal(never.view.candidates.length, 2)
})

t.test('view: a lease notes how it went', async t => {
  const { view, source } = fixture({ outliers: { consecutiveErrors: 2 } })
  source.show({ 'a:1': {}, 'b:1': {} })
  const lease = view.acquire()!
  lease.error()
  lease.success()
  lease.error()
  t.equal(view.candidates.length, 2)
  lease.error()
  t.equal(view.candidates.length, 1)
})
