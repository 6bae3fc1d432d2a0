// A view over a listing that the test controls: what is shown, picked, held back and told.
import { Buffer } from 'node:buffer'
import type { InstanceChange } from '../../../src/registry/discovery/instance-changes.ts'
import type { ListedNode, Listing, ListingSource } from '../../../src/registry/discovery/listing.ts'
import { View } from '../../../src/registry/discovery/view.ts'
import type { DiscoverOptions } from '../../../src/registry/discovery/view-options.ts'
import { viewSettings } from '../../../src/registry/discovery/view-options.ts'
import { ownFormat } from '../../../src/registry/formats/own.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { t } from '../../tap.ts'

class FakeListing implements ListingSource {
  ready: Promise<void> = Promise.resolve()
  listing: Listing = { nodes: new Map(), live: false, remembered: false, asOf: null }
  stopped = 0
  #zxid = 0n
  #listeners: (() => void)[] = []

  /** Names and their JSON; a name whose JSON is the same is the same node. */
  show(nodes: Readonly<Record<string, object | string>>, live = true): void {
    const before = this.listing.nodes
    const entries = Object.entries(nodes).map(([name, value]): [string, ListedNode] => {
      const data = Buffer.from(typeof value === 'string' ? value : JSON.stringify(value))
      const old = before.get(name)
      if (old !== undefined && Buffer.compare(old.data!, data) === 0) return [name, old]
      this.#zxid++
      return [name, { data, czxid: old?.czxid ?? this.#zxid, mzxid: this.#zxid }]
    })
    this.set({ nodes: new Map(entries), live, remembered: false, asOf: new Date(5) })
  }

  set(listing: Listing): void {
    this.listing = listing
    for (const listener of this.#listeners) listener()
  }

  listen(listener: () => void): () => void {
    this.#listeners.push(listener)
    return () => {}
  }

  stop(): void {
    this.stopped++
  }
}

interface Fixture {
  readonly view: View
  readonly source: FakeListing
  readonly clock: FakeClock
  readonly warnings: unknown[]
  readonly told: string[]
  /** The names of each list that is to be kept for a later start. */
  readonly believed: string[][]
  ids(): string[]
}

function fixture(options: DiscoverOptions = {}): Fixture {
  const source = new FakeListing()
  const clock = new FakeClock()
  const warnings: unknown[] = []
  const told: string[] = []
  const believed: string[][] = []
  const port = {
    path: '/app/web',
    service: 'web',
    source,
    clock,
    warning: (error: unknown) => warnings.push(error),
    believed: ({ nodes }: Listing) => believed.push([...nodes.keys()]),
    disposed: () => told.push('disposed'),
  }
  const view = new View(port, viewSettings(options))
  for (const name of ['added', 'updated', 'removed'] as const) {
    view.on(name, ({ type, instance }) => told.push(`${type} ${instance.id}`))
  }
  return { view, source, clock, warnings, told, believed, ids: () => view.instances.map(({ id }) => id) }
}

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
