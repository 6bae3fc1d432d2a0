// Reading from memory against a real server: peek and get of paths that are followed.
import { eventually } from '../../support/eventually.ts'
import { serverForAnySession } from '../../support/zookeeper.ts'
import { t } from '../../tap.ts'
import { proxiedRegistry, recorder, takeDown } from './support.ts'

const { connectString: at } = await serverForAnySession(t)

t.test('N29: peek and get of a path that is followed make nothing new and ask nobody', async t => {
  const { registry, witness, requests } = await proxiedRegistry(t, at)
  await witness.create('/a', '{"n":1}')
  t.equal(registry.peek('/a'), null, 'not followed yet')
  const snapshot = await registry.get('/a')
  const before = requests.length
  t.equal(registry.peek('/a'), snapshot)
  t.equal(registry.peek('/a'), registry.peek('/a'))
  t.equal(await registry.get('/a'), snapshot)
  t.equal(requests.length, before)
})

t.test('N29: peek shows each change, the loss of the connection, and its return', async t => {
  const { registry, witness, proxy } = await proxiedRegistry(t, at)
  await witness.create('/a', '{"n":1}')
  await registry.get('/a')
  await witness.set('/a', '{"n":2}')
  await eventually('the change', () => registry.peek('/a')?.data?.n === 2)
  await takeDown(registry, proxy)
  const down = registry.peek('/a')
  t.match(down, { source: 'memory', stale: true, data: { n: 2 } })
  t.equal(registry.peek('/a'), down)
  proxy.set({ kind: 'pass' })
  await eventually('live', () => registry.peek('/a')?.source === 'live')
  await registry.stop()
  t.match(registry.peek('/a'), { source: 'memory', stale: true, data: { n: 2 } })
  await registry[Symbol.asyncDispose]()
  t.equal(registry.peek('/a'), null)
})

t.test('N37: a callback that was muted through an outage is told what it missed', async t => {
  const { registry, witness, proxy } = await proxiedRegistry(t, at)
  await witness.create('/a', '{"n":1}')
  const { callback, seen } = recorder()
  const subscription = await registry.addCallback('/a', callback)
  t.equal(await registry.addCallback('/a', callback), subscription)
  subscription.stop()
  proxy.cut()
  await witness.set('/a', '{"n":2}')
  await eventually('known', () => registry.peek('/a')?.data?.n === 2)
  t.equal(seen.length, 1)
  subscription.start()
  t.strictSame(
    seen.map(({ data }) => data?.n),
    [1, 2],
  )
  subscription.close()
  await witness.set('/a', '{"n":3}')
  await eventually('known', () => registry.peek('/a')?.data?.n === 3)
  t.equal(seen.length, 2)
})
