// A server that throttles: what it does not do, it says, and the client goes on with its session and its watches.
import { ZooKeeperError } from '../../../protocol/index.ts'
import { startServer } from '../../../scripts/zookeeper/server.ts'
import { eventually } from '../../support/eventually.ts'
import { since } from '../../support/versions.ts'
import { client } from '../../support/zookeeper.ts'
import { t } from '../../tap.ts'
import { historyOf, proxied } from './support.ts'

// One request at a time, and whatever has waited for longer than a millisecond is refused.
const server = await startServer({
  tickTime: 500,
  jvm: [
    '-Dzookeeper.request_throttle_max_requests=1',
    '-Dzookeeper.request_throttle_stall_time=5',
    '-Dzookeeper.throttled_op_wait_time=1',
  ],
})
t.teardown(() => server.stop())

t.test('H4: throttled operations have an error of their own, and were certainly not executed', async t => {
  if (!(await since(t, '3.8'))) return
  const zk = await client(t, server.connectString, { sessionTimeout: 8000 })
  const history = historyOf(zk)
  await eventually('a znode', () => zk.create('/a').catch(notThrottled))
  let throttled = 0
  let done = 0
  const one = async (): Promise<void> => {
    try {
      await zk.set('/a', '')
      done++
    } catch (error) {
      if (!ZooKeeperError.is(error, 'THROTTLED_OP')) throw error
      throttled++
      if (error.mayHaveApplied || error.number !== -127) throw error
    }
  }
  await Promise.all(Array.from({ length: 300 }, one))
  t.ok(throttled > 0, `${throttled} of 300 were throttled`)
  const { stat } = await eventually('an answer', () => zk.get('/a').catch(notThrottled))
  t.equal(stat.version, done, 'those that succeeded were executed, and no other')
  t.same(history, [], 'the connection and the session live on')
})

t.test('H16: watches outlive reconnects to a server that throttles', async t => {
  if (!(await since(t, '3.8'))) return
  const { zk, proxy } = await proxied(t, server.connectString, { sessionTimeout: 8000 })
  const other = await client(t, server.connectString, { sessionTimeout: 8000 })
  let fired = 0
  for (let i = 0; i < 20; i++) {
    const path = `/w-${i}`
    await eventually('a znode', () => other.create(path).catch(notThrottled))
    await eventually('a watch', () => zk.get(path, { watch: () => fired++ }).catch(notThrottled))
  }
  for (let round = 0; round < 5; round++) {
    const load = Array.from({ length: 100 }, () => zk.get('/w-0').catch(() => {}))
    proxy.cut()
    await Promise.all(load)
  }
  for (let i = 0; i < 20; i++)
    await eventually('a change', () => other.set(`/w-${i}`, '').catch(notThrottled))
  await eventually('all fire', () => fired >= 20)
  t.equal(fired, 20)
})

/** What was throttled is tried again; anything else ends the test. */
function notThrottled(error: unknown): undefined {
  if (!ZooKeeperError.is(error, 'THROTTLED_OP')) throw error
  return undefined
}
