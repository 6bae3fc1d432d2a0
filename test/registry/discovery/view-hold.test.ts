// A view over a listing that the test controls: lists that are not believed at once, or kept for a later start.
import { Buffer } from 'node:buffer'
import { t } from '../../tap.ts'
import { fixture } from './support.ts'

t.test('view: a list that is too short is not believed for a while', async t => {
  const { view, source, clock, told, ids } = fixture({ minInstances: 2, holdDown: 1000 })
  source.show({ 'a:1': {} })
  t.same(ids(), ['a:1'], 'there never was a better one')
  source.show({ 'a:1': {}, 'b:1': {}, 'c:1': {} })
  told.length = 0
  source.show({ 'a:1': { weight: 3 } })
  t.same(ids(), ['a:1', 'b:1', 'c:1'])
  t.equal(view.stale, true)
  t.same(told.splice(0), ['updated a:1'], 'what is known is shown')
  await clock.advance(900)
  source.show({ 'a:1': {}, 'd:1': {} })
  t.same(ids(), ['a:1', 'd:1'], 'long enough again')
  t.equal(view.stale, false)
  source.show({})
  await clock.advance(999)
  t.same(ids(), ['a:1', 'd:1'])
  await clock.advance(1)
  t.same(ids(), [], 'true for too long')
  source.show({ 'a:1': {} })
  t.same(ids(), ['a:1'], 'and every list counts until there are enough')
  t.equal(clock.scheduled, 0)
})

t.test('view: only what a server shows and what is not held back is kept for a later start', async t => {
  const { source, clock, believed } = fixture({ minInstances: 2, holdDown: 1000 })
  source.show({ 'a:1': {}, 'b:1': {} }, false)
  t.same(believed, [], 'it may not be true any more')
  source.set({ ...source.listing, live: true })
  source.set({ ...source.listing, live: false })
  source.set({ ...source.listing, live: true })
  t.same(believed.splice(0), [['a:1', 'b:1']], 'the same list once')
  source.show({ 'a:1': {} })
  t.same(believed, [], 'it is too short')
  await clock.advance(1000)
  t.same(believed.splice(0), [['a:1']], 'true for too long')
})

t.test(
  'view: the list of a file is shown as such, and protected against a server that has lost it',
  async t => {
    const { view, source, clock, told, believed, ids } = fixture({ minInstances: 1, holdDown: 1000 })
    const data = Buffer.from('{"zone":"x"}')
    const nodes = new Map([['a:1', { data, czxid: 3n, mzxid: -1n }]])
    source.set({ nodes, live: false, remembered: true, asOf: new Date(2) })
    t.match(view, { source: 'file', stale: true, asOf: new Date(2) })
    t.same(told.splice(0), ['added a:1'])
    t.equal(view.pick()?.zone, 'x')
    source.show({})
    t.same([ids(), view.stale, view.source], [['a:1'], true, 'live'])
    await clock.advance(1000)
    t.same([ids(), view.stale, told], [[], false, ['removed a:1']])
    t.same(believed, [[]])
  },
)

t.test('view: the hold ends with the view, and may have no end', async t => {
  const { view, source, clock, ids } = fixture({ minInstances: 1, holdDown: Number.POSITIVE_INFINITY })
  source.show({ 'a:1': {} })
  source.show({})
  await clock.advance(10 ** 9)
  t.same(ids(), ['a:1'])
  view.dispose()
  const other = fixture({ minInstances: 1 })
  other.source.show({ 'a:1': {} })
  other.source.show({})
  t.equal(other.clock.scheduled, 1)
  other.view.dispose()
  t.equal(other.clock.scheduled, 0)
})
