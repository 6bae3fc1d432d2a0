// A start with a cache file and without a server: it ends with the last server that says no, not with a deadline.
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { RequestOptions } from '../../protocol/index.ts'
import { systemClock } from '../../protocol/support/clock.ts'
import { render } from '../../src/registry/cache-format.ts'
import { connectAtOnce } from '../../src/registry/cold-start.ts'
import { ServiceRegistry } from '../../src/registry/service-registry.ts'
import { folder } from '../support/folder.ts'
import type { Outcome } from '../support/outcome.ts'
import { failureOf, outcomeOf } from '../support/outcome.ts'
import type { World } from '../support/scripted-client.ts'
import { newWorld } from '../support/scripted-client.ts'
import { t } from '../tap.ts'

const THREE = { servers: 'a:1,b:2,c:3', addresses: { a: ['10.0.0.1'], b: ['10.0.0.2'], c: ['10.0.0.3'] } }

function starting({ zk }: World, options: RequestOptions = {}): Outcome<void> {
  return outcomeOf(connectAtOnce(zk, { timeout: 5, ...options }))
}

t.test('cold start: it ends when the last server has refused, while the clock stands still', async t => {
  const world = newWorld(t, THREE)
  const { ensemble, clock, zk } = world
  ensemble.reach = () => 'refused'
  const outcome = starting(world)
  const now = clock.now()
  await clock.settle()
  t.equal(clock.now(), now)
  t.equal(ensemble.tried.length, 3)
  t.match(failureOf(outcome), { code: 'REQUEST_TIMEOUT', cause: { reason: 'unreachable' } })
  ensemble.reach = () => 'open'
  await clock.advance(100)
  t.equal(zk.state, 'connected', 'it went on connecting')
})

t.test('cold start: all addresses of a name are tried', async t => {
  const world = newWorld(t, { servers: 'a:1', addresses: { a: ['::1', '127.0.0.1'] } })
  const { ensemble, clock } = world
  ensemble.reach = ({ ip }) => (ip === '::1' ? 'refused' : 'open')
  const outcome = starting(world)
  await clock.settle()
  t.equal(outcome.state, 'resolved')
  t.same(ensemble.tried, ['::1:1', '127.0.0.1:1'])
})

t.test('cold start: one server of three that answers is a connection', async t => {
  const world = newWorld(t, THREE)
  const { ensemble, clock } = world
  ensemble.reach = ({ host }) => (host === 'c' ? 'open' : 'refused')
  const outcome = starting(world)
  await clock.settle()
  t.equal(outcome.state, 'resolved')
  t.equal(ensemble.tried.length, 3)
})

t.test('cold start: a server that says nothing has until the deadline, and a name as well', async t => {
  const silence = new Promise<never>(() => {})
  for (const world of [newWorld(t), newWorld(t, { lookup: () => silence })]) {
    const { ensemble, clock } = world
    ensemble.reach = () => 'hanging'
    const outcome = starting(world)
    await clock.advance(4)
    t.equal(outcome.state, 'pending')
    await clock.advance(1)
    t.match(failureOf(outcome), { code: 'REQUEST_TIMEOUT' })
  }
})

t.test('cold start: a name that does not resolve was tried too', async t => {
  const world = newWorld(t, { lookup: () => Promise.reject(new Error('ENOTFOUND')) })
  const outcome = starting(world)
  await world.clock.settle()
  t.match(failureOf(outcome), { code: 'REQUEST_TIMEOUT', cause: { reason: 'unresolved' } })
})

t.test('cold start: the caller may abort it', async t => {
  const world = newWorld(t)
  world.ensemble.reach = () => 'hanging'
  const caller = new AbortController()
  const outcome = starting(world, { signal: caller.signal })
  await world.clock.settle()
  caller.abort(new Error('no patience'))
  await world.clock.settle()
  t.match(outcome.error, { message: 'no patience' })
})

t.test('N47: cold start: a lazy registry with a filled cache file is there without a timer', async t => {
  const cacheFile = join(await folder(t), 'registry.cache')
  const node = { data: '{"n":1}', stat: null, children: ['x'], asOf: 1 }
  await writeFile(cacheFile, render(new Map([['/a', { node }]])))
  const { schedule } = systemClock
  t.teardown(() => Object.assign(systemClock, { schedule }))
  // No deadline comes to an end meanwhile.
  Object.assign(systemClock, { schedule: () => ({ cancel() {} }) })
  const registry = await ServiceRegistry.connect({ servers: '127.0.0.1:1', lazy: true, cacheFile })
  const { data, children, source, stale } = await registry.get('/a')
  t.same({ data, children, source, stale }, { data: { n: 1 }, children: ['x'], source: 'file', stale: true })
  t.same(registry.client.status().troubles.attemptFailed?.count, 1)
  await registry[Symbol.asyncDispose]()
})
