// A view over a listing that the test controls: what is shown, held back and told.
import type { InstanceChange } from '../../../src/registry/discovery/instance-changes.ts'
import { View } from '../../../src/registry/discovery/view.ts'
import { viewSettings } from '../../../src/registry/discovery/view-options.ts'
import { ownFormat } from '../../../src/registry/formats/own.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { t } from '../../tap.ts'
import { FakeListing, fixture } from './support.ts'

t.test('view: instances, frozen and in order, with the events of each change', async t => {
  const { view, source, told, ids } = fixture()
  t.same(ids(), [])
  await view.ready
  source.show({ 'b:1': {}, 'a:1': { zone: 'x' } })
  t.same(ids(), ['a:1', 'b:1'])
  t.ok(Object.isFrozen(view.instances))
  t.same(told.splice(0).sort(), ['added a:1', 'added b:1'])
  const before = view.instances
  source.show({ 'b:1': {}, 'a:1': { zone: 'x' } }, false)
  t.equal(view.instances, before, 'nothing changed')
  source.show({ 'b:1': { weight: 2 }, 'c:1': {} })
  t.same(told.splice(0), ['removed a:1', 'updated b:1', 'added c:1'])
  source.show({ 'b:1': { weight: 2, created: 'never' }, 'c:1': {} })
  t.same(told, [], 'written again, with the same meaning')
})

t.test('view: before the first answer nothing is claimed', async t => {
  const { view, source, told } = fixture()
  t.match(view, { source: 'memory', stale: true, asOf: null })
  source.set({
    nodes: new Map([['a:1', { data: null, czxid: 1n, mzxid: 1n }]]),
    live: false,
    remembered: false,
    asOf: null,
  })
  t.same(told, [])
  t.equal(view.pick(), null)
  t.equal(view.acquire(), null)
})

t.test('view: without a connection it stays, and says so', async t => {
  const { view, source, ids } = fixture()
  source.show({ 'a:1': {} })
  t.match(view, { source: 'live', stale: false, asOf: new Date(5) })
  source.set({ ...source.listing, live: false })
  t.match(view, { source: 'memory', stale: true, asOf: new Date(5) })
  t.same(ids(), ['a:1'])
  t.equal(view.pick()?.id, 'a:1')
})

t.test('view: a format of the caller that gives no instance leaves the node out', async t => {
  const decode = ({ node }: { node: string }): never => (node === 'a' ? undefined : { host: node }) as never
  const { view, source, warnings, ids } = fixture({ format: { ...ownFormat, decode } })
  source.show({ a: {}, b: {} })
  await view.ready
  t.same(ids(), [])
  t.match(warnings, [{ code: 'INVALID_INSTANCE' }, { code: 'INVALID_INSTANCE' }])
})

t.test('view: nodes that cannot be read are left out, with one warning for each write', async t => {
  const { source, warnings, ids } = fixture({ format: 'curator' })
  const good = { name: 'web', id: 'x', address: 'h', port: 1 }
  source.show({ x: good, y: 'no JSON', z: [] })
  source.show({ x: good, y: 'no JSON', z: [], w: { ...good, id: 'w' } })
  t.same(ids(), ['w', 'x'])
  t.match(warnings, [
    {
      code: 'INVALID_INSTANCE',
      path: '/app/web',
      message: /y is no instance in the format curator: not JSON/,
    },
    { code: 'INVALID_INSTANCE', message: /z is no instance/ },
  ])
  t.equal(warnings.length, 2)
  source.show({ x: good, y: { ...good, id: 'y' } })
  t.same(ids(), ['x', 'y'], 'repaired')
})

t.test('view: a format of the caller that throws harms nobody', async t => {
  const broken = {
    ...ownFormat,
    isInstance: (node: string) => {
      if (node === 'a:1') throw new Error('isInstance')
      return true
    },
    decode: () => {
      throw 'decode'
    },
  }
  const { source, warnings, ids } = fixture({ format: broken })
  source.show({ 'a:1': {}, 'b:1': {} })
  t.same(ids(), [])
  t.match(warnings, [{ message: /isInstance/ }, { message: /decode/ }])
})

t.test('view: of two nodes of one instance the newer one counts', async t => {
  const { view, source, told } = fixture({ format: 'serverset' })
  const member = (status: string): object => ({ serviceEndpoint: { host: 'h', port: 1 }, status })
  source.show({ member_0000000001: member('DEAD'), vector_0000000001: {} })
  source.show({ member_0000000002: member('ALIVE'), member_0000000001: member('DEAD') })
  t.match(view.instances, [{ id: 'h:1', enabled: true }])
  t.equal(view.instances.length, 1)
  source.show({ member_0000000002: member('ALIVE') })
  t.same(told, ['added h:1', 'updated h:1'])
})

t.test('view: the stream tells what is there, and then the differences to that', async t => {
  const { view, source } = fixture()
  source.show({ 'a:1': {}, 'b:1': {} })
  const seen: string[] = []
  const next = async (stream: AsyncGenerator<InstanceChange>): Promise<void> => {
    const { value, done } = await stream.next()
    seen.push(done ? 'end' : `${value.type} ${value.instance.id}`)
  }
  const stream = view.changes()
  await next(stream)
  // A slow reader: what came and went meanwhile is not told.
  source.show({ 'a:1': {}, 'b:1': {}, 'c:1': {} })
  source.show({ 'a:1': { weight: 2 }, 'b:1': {} })
  source.show({ 'a:1': { weight: 3 }, 'b:1': {} })
  await next(stream)
  await next(stream)
  t.same(seen, ['added a:1', 'added b:1', 'updated a:1'])
  const waiting = next(stream)
  source.show({ 'b:1': {} })
  await waiting
  const last = next(stream)
  view.dispose()
  await last
  t.same(seen.slice(3), ['removed a:1', 'end'])
  const controller = new AbortController()
  const other = fixture().view.changes({ signal: controller.signal })
  const end = next(other)
  controller.abort()
  await end
  t.equal(seen.at(-1), 'end')
  const third = fixture().view.changes()
  const waitingForNothing = next(third)
  await third.return()
  await waitingForNothing
  t.equal(seen.at(-1), 'end', 'return() ends it while it waits')
})

t.test('view: listeners cannot hurt each other, and can be taken away', async t => {
  const { view, source, warnings } = fixture()
  const heard: number[] = []
  view.on('changed', () => {
    throw new Error('mine')
  })
  const off = view.on('changed', ({ length }) => heard.push(length))
  source.show({ 'a:1': {} })
  off()
  source.show({})
  t.same(heard, [1])
  t.match(warnings, [{ message: 'mine' }, { message: 'mine' }])
})

t.test('view: disposed of, it stays as it is', async t => {
  const { view, source, told, ids } = fixture()
  source.show({ 'a:1': {} })
  view.dispose()
  view[Symbol.dispose]()
  source.show({ 'b:1': {} })
  t.same(ids(), ['a:1'])
  t.equal(source.stopped, 1)
  t.same(told, ['added a:1', 'disposed'])
})

t.test('view: ready rejects when it is disposed of before', async t => {
  const source = new FakeListing()
  source.ready = new Promise(() => {})
  const port = {
    path: '/a',
    service: 'a',
    source,
    clock: new FakeClock(),
    warning: () => {},
    believed: () => {},
    disposed: () => {},
  }
  const view = new View(port, viewSettings({}))
  view.dispose()
  await t.rejects(view.ready, { code: 'STOPPED' })
})

t.test('view: bad options are refused by name', async t => {
  for (const bad of [
    { format: 'nerve' },
    { strategy: 'best' },
    { minInstances: -1 },
    { minInstances: 1.5 },
    { holdDown: -1 },
    { holdDown: 'long' },
    { outliers: true },
    { outliers: null },
  ]) {
    t.throws(() => viewSettings(bad as never), {
      code: 'INVALID_OPTION',
      message: new RegExp(Object.keys(bad)[0]!),
    })
  }
  t.throws(() => viewSettings(null as never), { code: 'INVALID_OPTION' })
})
